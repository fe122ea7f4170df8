"""A recorded run judged and reported again: every report is compared whole.

REHEARSE_UPDATE_GOLDEN=1 writes the expected files anew; the difference is then reviewed like code.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.cli.conclude import conclude
from harness.report.junit import render_junit
from harness.report.markdown import render_markdown
from harness.report.rehearsal_json import render_json
from harness.report.sarif import render_sarif
from harness.report.terminal import render_terminal
from harness.report.view import View

HERE = Path(__file__).parent
RUNS = sorted((HERE / "runs").iterdir())

FORMATS: dict[str, Callable[[View], bytes]] = {
    "terminal.txt": lambda view: render_terminal(view).encode(),
    "report.md": lambda view: render_markdown(view).encode(),
    "rehearsal.json": render_json,
    "junit.xml": render_junit,
    "sarif.json": render_sarif,
}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.name)
def test_a_recorded_run_gives_the_same_report(run: Path, name: str) -> None:
    produced = FORMATS[name](conclude(run, write=False).view)
    expected = HERE / "expected" / run.name / name
    if os.environ.get("REHEARSE_UPDATE_GOLDEN"):
        expected.parent.mkdir(parents=True, exist_ok=True)
        expected.write_bytes(produced)
    assert produced.decode() == expected.read_text(encoding="utf-8")


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.name)
def test_judging_leaves_the_run_alone(run: Path) -> None:
    before = {file.name: file.read_bytes() for file in run.iterdir()}
    conclude(run, write=False)
    assert {file.name: file.read_bytes() for file in run.iterdir()} == before
