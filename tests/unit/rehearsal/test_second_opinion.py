"""squawk is asked where it is on the PATH; whatever it does, the rehearsal goes on."""

from pathlib import Path

import pytest

from harness.events.opinion import OpinionGiven
from harness.model.clock import RunClock
from harness.rehearsal.migration.sources import build_plan
from harness.rehearsal.second_opinion import opinion
from harness.spec.load import load_scenario

# As squawk 2.70 writes it; its lines count from 0.
REMARK = (
    '[{"file":"up.sql","line":0,"column":0,"level":"Warning","message":"During normal index creation, table updates '
    'are blocked.","help":null,"rule_name":"require-concurrent-index-creation","column_end":24,"line_end":0}]'
)


def asked(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> OpinionGiven:
    tools = folder / "bin"
    tools.mkdir()
    if script:
        program = tools / "squawk"
        program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    (folder / "up.sql").write_text("CREATE INDEX i ON o (a);\n", encoding="utf-8")
    (folder / "down.sql").write_text("DROP INDEX i;\n", encoding="utf-8")
    (folder / "scenario.toml").write_text('[migration]\nup = "up.sql"\ndown = "down.sql"\n', encoding="utf-8")
    loaded = load_scenario(folder)
    plan = build_plan(loaded.scenario, folder=loaded.folder, file=str(loaded.path))
    return opinion(plan, folder=str(folder), version="18.0", clock=RunClock.start())


def test_its_remarks_are_journaled_with_lines_from_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = f"""case "$1" in --version) echo squawk 2.70.0;; *) echo "$@" > said; echo '{REMARK}'; exit 1;; esac"""
    given = asked(tmp_path, monkeypatch, script)
    assert (given.outcome, given.version) == ("given", "2.70.0")
    remark = given.remarks[0]
    assert (remark.rule, remark.level, remark.file, remark.line) == (
        "require-concurrent-index-creation", "warning", "up.sql", 1,
    )  # fmt: skip
    said = (tmp_path / "said").read_text(encoding="utf-8")
    assert said == "--reporter=Json --pg-version=18.0 --assume-in-transaction up.sql\n"


def test_without_it_there_is_no_opinion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(tmp_path, monkeypatch, "").outcome == "missing"


@pytest.mark.parametrize(
    ("script", "detail"),
    [("echo cannot >&2; exit 2", "exit code 2: cannot"), ("echo no JSON", "JSON is malformed")],
)
def test_its_failure_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, detail: str) -> None:
    given = asked(tmp_path, monkeypatch, script)
    assert given.outcome == "failed"
    assert detail in given.detail
