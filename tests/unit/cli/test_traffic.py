"""`rehearse traffic from-log` without a server."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from harness.cli.commands import command_line
from harness.model.errors import SpecError
from harness.spec.load import load_scenario


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "server.json"
    lines = [
        {
            "timestamp": f"2026-11-22 10:00:{n:02}.000 UTC",
            "pid": 1,
            "error_severity": "LOG",
            "message": f"duration: 1.0 ms  statement: SELECT * FROM users WHERE email = 'planted{n}@example.org'",
        }
        for n in range(30)
    ]
    path.write_text("\n".join(map(json.dumps, lines)) + "\n")
    return path


def test_the_files_make_a_scenario(log: Path, tmp_path: Path) -> None:
    out, trace = tmp_path / "traffic.toml", tmp_path / "arrivals.csv"
    result = CliRunner(env={"REHEARSE_DSN": ""}).invoke(
        command_line(), ["traffic", "from-log", str(log), "--out", str(out), "--replay", str(trace)]
    )
    assert result.exit_code == 0
    assert "30 of 30 calls (100.0%)" in result.output
    for text in (result.output, out.read_text(), trace.read_text()):
        assert "planted" not in text
    for name in ("up.sql", "down.sql"):
        (tmp_path / name).write_text("SELECT 1;")
    scenario = tmp_path / "scenario.toml"
    scenario.write_text('name = "x"\n[migration]\nup = "up.sql"\ndown = "down.sql"\n' + out.read_text())
    traffic = load_scenario(scenario).scenario.traffic
    assert traffic.trace == "arrivals.csv"
    assert [(one.name, one.weight, one.params) for one in traffic.operation] == [
        ("select users", 30.0, {"email": "sample(users.email)"})
    ]
    assert len(trace.read_text().splitlines()) == 31


def test_without_out_it_is_printed(log: Path) -> None:
    result = CliRunner(env={"REHEARSE_DSN": ""}).invoke(
        command_line(), ["traffic", "from-log", str(log), "--sample-rate", "0.5"]
    )
    assert result.exit_code == 0
    assert result.output.startswith("[traffic]\nrate = 2.0")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--sample-rate", "0"], "above 0"),
        (["--format", "stderr"], "log_line_prefix"),
        (["--min-share", "1", "--out", "nowhere/x.toml"], "cannot be written"),
        (["--dsn", "postgresql://anna:hunter2@127.0.0.1:1/x"], "cannot be read"),
    ],
)
def test_what_is_wrong_is_said(log: Path, options: list[str], message: str) -> None:
    result = CliRunner(env={"REHEARSE_DSN": ""}).invoke(command_line(), ["traffic", "from-log", str(log), *options])
    assert isinstance(result.exception, SpecError)
    assert message in str(result.exception)
    assert "hunter2" not in str(result.exception)
