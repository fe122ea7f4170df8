"""`rehearse traffic from-statements` and `auto` without a server."""

import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from harness.cli.commands import command_line
from harness.cli.tryouts import realism_lines
from harness.events.traffic import StatementCompared
from harness.model.errors import SpecError
from harness.model.units import NS_PER_MS

EXPORT = "query,calls,total_exec_time,rows\nSELECT id FROM orders WHERE id = $1,90,45,90\nCOMMIT,10,1,0\n"


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """A small export."""
    path = tmp_path / "statements.csv"
    path.write_text(EXPORT)
    return path


def said(*arguments: str) -> str:
    result = CliRunner().invoke(command_line(), ["traffic", *arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_workload_is_printed_as_toml(export: Path) -> None:
    text = said("from-statements", str(export), "--window", "30s")
    traffic = tomllib.loads(text)["traffic"]
    assert traffic["rate"] == 3.0
    assert [one["name"] for one in traffic["operation"]] == ["read orders"]
    assert "90 of 100 calls (90.0%) and 97.8% of the time" in text
    assert "COMMIT" in text


def test_or_written_and_its_coverage_printed(export: Path, tmp_path: Path) -> None:
    out = tmp_path / "traffic.toml"
    text = said("from-statements", str(export), "--out", str(out))
    assert "[[traffic.operation]]" not in text
    assert "No database was given" in text
    assert tomllib.loads(out.read_text())["traffic"]["operation"][0]["params"] == {"id": "sample(orders.id)"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--window", "a while"), "not a number"),
        (("--since", "yesterday"), "isoformat"),
        (("--since", "2999-01-01"), "lies after the export"),
        (("--dbid", "7"), "no statements of dbid 7"),
        (("--out", "/no/such/folder/x.toml"), "cannot be written"),
        (("--dsn", "postgresql://127.0.0.1:1/x"), "cannot be read"),
    ],
)
def test_bad_options(export: Path, arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        said("from-statements", str(export), *arguments)


def test_an_export_of_nothing_but_commits(tmp_path: Path) -> None:
    path = tmp_path / "commits.csv"
    path.write_text("query,calls\nCOMMIT,10\n")
    with pytest.raises(SpecError, match="no operation could be derived: BEGIN and COMMIT"):
        said("from-statements", str(path))


@pytest.mark.parametrize("arguments", [(), ("scenario.toml", "--dsn", "dbname=x")])
def test_auto_wants_one_database(arguments: tuple[str, ...]) -> None:
    with pytest.raises(SpecError, match="either a scenario or --dsn"):
        said("auto", *arguments)


def test_realism_as_a_table() -> None:
    near = StatementCompared(
        operation="read orders", statement=0, sql="…", calls=900, rows_source=1.0, rows_here=1.0,
        time_source_ns=2.0 * NS_PER_MS, time_here_ns=3.0 * NS_PER_MS,
    )  # fmt: skip
    far = StatementCompared(operation="x" * 60, statement=0, sql="…", calls=100, rows_source=5.0, ok=False)
    title, head, first, second = realism_lines([near, far])[1:]
    assert "90.0% of the calls" in title
    assert head.split()[:3] == ["operation", "calls", "rows/call"]
    assert first.split() == ["read", "orders", "900", "1", "1", "2", "3", "1.5", "ok"]
    assert second.endswith("differs")
    assert realism_lines([]) == []
