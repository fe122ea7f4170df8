"""What a run prints and writes: exit codes, formats, streams, files, and the same bytes again."""

import json
import os
import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from harness.cli.conclude import conclude
from harness.model.verdict import Verdict
from harness.report.rehearsal_json import render_json
from harness.report.terminal import render_terminal
from tests.postgres.cli.shell import REHEARSE, UP, Shell, verdict_of

pytestmark = pytest.mark.postgres


def _tree(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


def _result(stdout: str) -> list[str]:
    """Without the last line, which is the path as it was given."""
    *lines, last = stdout.splitlines()
    assert last.endswith("report.html")
    return lines


def test_a_migration_that_passes(warm: Shell) -> None:
    done = warm.first
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("rehearse ")
    assert "PASS  tiny" in done.stdout
    assert done.stdout.rstrip().endswith("report.html")
    assert "baseline" in done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    assert sorted(path.name for path in warm.the_run().iterdir()) == [
        "events.ndjson", "operations.bin", "rehearsal.json", "report.html", "run.json"
    ]  # fmt: skip
    assert (warm.cwd / "reports" / "latest").resolve() == warm.the_run().resolve()
    assert warm.lying_around() == []


def test_judge_does_not_touch_the_directory(warm: Shell) -> None:
    run = warm.the_run()
    before = _tree(run)
    judged = warm.run("judge", run)
    assert judged.returncode == 0, judged.stderr
    assert judged.stderr == ""
    assert _result(judged.stdout) == _result(warm.first.stdout)
    assert _tree(run) == before


def test_report_makes_the_same_bytes_anywhere(warm: Shell, tmp_path: Path) -> None:
    run = warm.the_run()
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(run, elsewhere)
    for made in ("report.html", "rehearsal.json"):
        (elsewhere / made).unlink()
    alone = Shell(home=tmp_path / "no home", cwd=tmp_path)
    reported = alone.run("report", elsewhere)
    assert reported.returncode == 0, reported.stderr
    for made in ("report.html", "rehearsal.json"):
        assert (elsewhere / made).read_bytes() == (run / made).read_bytes()
    assert not alone.home.exists()


def test_formats(warm: Shell) -> None:
    run = warm.the_run()
    as_json = warm.run("judge", run, "--format", "json")
    assert json.loads(as_json.stdout) == verdict_of(run)
    assert as_json.stdout.endswith("}\n")
    assert warm.run("judge", run, "--format", "markdown").stdout.startswith("<!-- rehearse:report -->\n\n### ")
    brief = warm.run("judge", run, "-q").stdout
    assert len(brief.splitlines()) <= 2
    assert warm.run("judge", run, "--ascii").stdout.isascii()
    narrow = warm.run("judge", run, COLUMNS="60").stdout
    assert max(len(line) for line in narrow.splitlines() if "report.html" not in line) <= 60


def test_a_locale_without_the_signs(warm: Shell) -> None:
    judged = warm.run("judge", warm.the_run(), PYTHONIOENCODING="ascii")
    assert judged.returncode == 0, judged.stderr


@pytest.mark.alone  # a generator that is starved makes no warning but an inconclusive run
def test_a_warning_is_an_error_when_strict(shell: Shell) -> None:
    shell.write(up=UP.replace("SET lock_timeout = '5s';\n", ""))
    done = shell.run("run", "scenario.toml", "--strict", "-q")
    assert done.returncode == 1, done.stderr
    assert verdict_of(shell.the_run())["verdict"] == "warn"
    assert shell.run("judge", shell.the_run()).returncode == 0
    assert shell.run("judge", shell.the_run(), "--strict").returncode == 1
    assert len(done.stderr) == 0


def test_a_migration_that_fails_and_the_files_for_machines(shell: Shell) -> None:
    shell.write(up="ALTER TABLE users ADD COLUMN name text;\n")
    outputs = {"--junit": "junit.xml", "--sarif": "out.sarif", "--markdown": "summary.md"}
    shutil.copy(shell.cwd / "scenario.toml", shell.cwd / "b.toml")
    (shell.cwd / "b.toml").write_text(
        (shell.cwd / "scenario.toml").read_text(encoding="utf-8").replace('name = "tiny"', 'name = "other"')
    )
    args = [word for pair in outputs.items() for word in pair]
    done = shell.run("run", "scenario.toml", "b.toml", *args)
    assert done.returncode == 1, done.stderr
    assert "FAIL  tiny" in done.stdout
    assert "FAIL  other" in done.stdout
    assert "up.sql:1" in done.stdout
    junit = ET.parse(shell.cwd / "junit.xml").getroot()  # noqa: S314 - our own
    assert {suite.get("name") for suite in junit.iter("testsuite")} == {"tiny", "other"}
    assert list(junit.iter("failure"))
    sarif = json.loads((shell.cwd / "out.sarif").read_text(encoding="utf-8"))
    assert sarif["version"] == "2.1.0"
    assert sarif["runs"]
    assert (shell.cwd / "summary.md").read_text(encoding="utf-8").count("tiny") >= 1


def test_a_reader_that_goes_away(warm: Shell) -> None:
    for args in (["hazards"], ["judge", str(warm.the_run())], ["explain", "lock_queue"]):
        read, write = os.pipe()
        os.close(read)
        done = subprocess.run(
            [str(REHEARSE), *args], stdout=write, stderr=subprocess.PIPE, text=True, cwd=warm.cwd,
            env=warm.environment({}), check=False,
        )  # fmt: skip
        os.close(write)
        assert (done.returncode, done.stderr) == (0, "")


def test_a_run_directory_that_is_none(warm: Shell, tmp_path: Path) -> None:
    for command in ("judge", "report"):
        for folder in (tmp_path, tmp_path / "nothing"):
            done = warm.run(command, folder)
            assert done.returncode == 4
            assert "name a run directory" in done.stderr
            assert "Traceback" not in done.stderr


@pytest.mark.parametrize("damage", ["cut", "garbage", "newer"])
def test_a_damaged_journal(warm: Shell, tmp_path: Path, damage: str) -> None:
    run = tmp_path / "run"
    shutil.copytree(warm.the_run(), run)
    events = run / "events.ndjson"
    text = events.read_text(encoding="utf-8")
    if damage == "cut":
        events.write_text(text[: len(text) // 2], encoding="utf-8")
        assert warm.run("judge", run).returncode == 3
        return
    events.write_text("{no json\n" * 5 if damage == "garbage" else text.replace('"1.0"', '"9.0"', 1), encoding="utf-8")
    done = warm.run("judge", run)
    assert done.returncode == 4, done.stdout
    assert "events.ndjson" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_journal_cut_after_any_event_is_inconclusive(warm: Shell, tmp_path: Path) -> None:
    """What kill -9 leaves can be judged and shown, whenever it came."""
    run = tmp_path / "run"
    shutil.copytree(warm.the_run(), run)
    events = run / "events.ndjson"
    lines = events.read_bytes().splitlines(keepends=True)
    for count in range(1, len(lines)):
        events.write_bytes(b"".join(lines[:count]))
        conclusion = conclude(run, write=False)
        assert conclusion.verdict is Verdict.INCONCLUSIVE, count
        assert "INCONCLUSIVE" in render_terminal(conclusion.view, width=100, ascii=False, color=False)
        assert render_json(conclusion.view)


def test_every_renderer_takes_a_run_that_hardly_began(warm: Shell, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(warm.the_run(), run)
    events = run / "events.ndjson"
    lines = events.read_bytes().splitlines(keepends=True)
    for count in (1, 2, len(lines) // 3, len(lines) // 2, len(lines) - 2):
        events.write_bytes(b"".join(lines[:count]))
        conclude(run)
        assert verdict_of(run)["verdict"] == "inconclusive"
