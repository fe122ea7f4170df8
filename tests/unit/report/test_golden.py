"""Whole outputs compared with files; `REHEARSE_UPDATE_GOLDEN=1 pytest tests/unit/report` writes them anew."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.report.github import render_annotations
from harness.report.junit import render_junit
from harness.report.markdown import render_markdown
from harness.report.rehearsal_json import render_json
from harness.report.sarif import render_sarif
from harness.report.terminal import render_terminal
from harness.report.view import View
from tests.unit.report import runs

FOLDER = Path(__file__).parents[2] / "golden" / "report"

FORMATS: dict[str, Callable[[View], bytes]] = {
    "terminal.txt": lambda view: render_terminal(view, report_path="reports/sample/report.html").encode(),
    "terminal-72-ascii.txt": lambda view: render_terminal(view, width=72, ascii=True).encode(),
    "markdown.md": lambda view: render_markdown(view, link="https://ci.example/report.html").encode(),
    "rehearsal.json": render_json,
    "junit.xml": render_junit,
    "sarif.json": render_sarif,
    "annotations.txt": lambda view: render_annotations(view).encode(),
}


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("name", runs.ALL)
def test_output_is_the_golden_file(name: str, format_: str) -> None:
    path = FOLDER / f"{name}.{format_}"
    found = FORMATS[format_](runs.ALL[name]())
    if os.environ.get("REHEARSE_UPDATE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(found)
    assert found.decode() == path.read_text(encoding="utf-8")


def test_no_golden_file_is_left_over() -> None:
    expected = {f"{name}.{format_}" for name in runs.ALL for format_ in FORMATS}
    assert {path.name for path in FOLDER.iterdir()} == expected
