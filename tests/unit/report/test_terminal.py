"""The terminal report fits, survives ASCII and hostile text, and says everything without colour."""

import re

import pytest

from harness.report.terminal import render_brief, render_terminal
from harness.report.terminal.canvas import Canvas, columns
from harness.report.terminal.picture import axis, logarithmic, picture, rebin
from harness.report.view.status import Status
from tests.unit.report import runs

CODES = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.parametrize("width", [60, 72, 80, 100, 160])
@pytest.mark.parametrize("name", runs.ALL)
def test_no_line_is_wider_than_the_terminal(name: str, width: int) -> None:
    text = render_terminal(runs.ALL[name](), width=width)
    assert max(columns(line) for line in text.splitlines()) <= width


@pytest.mark.parametrize("name", runs.ALL)
def test_ascii_is_ascii(name: str) -> None:
    assert render_terminal(runs.ALL[name](), ascii=True).isascii()
    assert render_brief(runs.ALL[name](), ascii=True).isascii()


@pytest.mark.parametrize("name", runs.ALL)
def test_colour_adds_codes_and_nothing_else(name: str) -> None:
    view = runs.ALL[name]()
    painted = render_terminal(view, color=True)
    assert "\x1b[" in painted
    assert [line.rstrip() for line in CODES.sub("", painted).splitlines()] == [
        line.rstrip() for line in render_terminal(view).splitlines()
    ]


def test_control_and_direction_characters_are_shown_as_escapes() -> None:
    text = render_terminal(runs.nasty())
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\\x1b[31m" in text


def test_brief_is_the_verdict_and_the_sentence() -> None:
    assert render_brief(runs.failing()) == "FAIL  0042-orders-status would block traffic for 1.5 s\n"


def test_the_stall_is_seen_in_the_picture() -> None:
    view = runs.failing()
    assert view.timeline is not None
    lines = picture(view.timeline, Canvas(width=100, ascii=False, color=False))
    completed, p99, statements, blocked = lines[1:]
    at = statements.index("S1")
    assert completed[at + 2] == "·"
    assert p99[at + 2] == "█"
    assert blocked[at + 2] in "▆▇█"
    assert blocked.endswith("max 16 of 16")


def test_gaps_are_spaces_and_zeros_are_dots() -> None:
    assert rebin([None, None, 2.0, 4.0], 2, max) == (None, 4.0)
    assert logarithmic([None, None]) == "  "
    assert rebin([1.0], 3, max) == (1.0, 1.0, 1.0)


def test_axis_of_a_long_run_has_room_between_its_labels() -> None:
    assert axis(7200, 40).split("  ")[0] == "0 s"
    assert len(axis(7200, 40)) <= 40


def test_fit_counts_wide_characters_twice() -> None:
    canvas = Canvas(width=80, ascii=False, color=False)
    assert columns(canvas.fit("日本語日本語", 7)) == 7
    assert canvas.fit("é", 2) == "é "


def test_wrap_breaks_a_word_that_is_too_long() -> None:
    canvas = Canvas(width=80, ascii=False, color=False)
    assert canvas.wrap("x" * 25, 10) == ["x" * 10, "x" * 10, "x" * 5]
    assert canvas.wrap("one two three", 8) == ["one two", "three"]


def test_every_status_has_a_mark_of_its_own() -> None:
    assert len({status.mark for status in Status}) == len(Status)
