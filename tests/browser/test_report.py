"""The report in a real browser: no errors, no network, no overflow, and a timeline that zooms and pans as one."""

from pathlib import Path
from typing import Any

import pytest

from tests.browser.devtools import Page, overflow
from tests.unit.report import runs

pytestmark = pytest.mark.browser

READY = "!!document.querySelector('#chart[data-live=ready]')"

WITH_TIMELINE = [name for name in runs.ALL if name != "inconclusive"]


def open_live(page: Page, path: Path) -> None:
    """Open a report and wait for its interactive timeline."""
    page.open(path)
    page.wait(READY)


def domain(page: Page) -> list[float]:
    """Seconds shown."""
    shown: list[float] = page.evaluate("rehearseTimeline.domain()")
    return shown


def first_bars(page: Page) -> list[Any]:
    """Left edge of a shaded stretch in every lane: they are in line when all are the same."""
    found: list[Any] = page.evaluate(
        """[...document.querySelectorAll('#live svg path')]
             .filter(p => p.getAttribute('fill') === 'var(--band-migrate)')
             .map(p => Math.round(p.getBoundingClientRect().left))"""
    )
    return found


@pytest.mark.parametrize("name", runs.ALL)
def test_no_errors_and_no_requests(page: Page, reports: dict[str, Path], name: str) -> None:
    page.open(reports[name])
    if name in WITH_TIMELINE:
        page.wait(READY)
    assert page.errors == []
    assert page.requests == [reports[name].as_uri()]


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
@pytest.mark.parametrize("width", [320, 400, 768, 1280, 1920])
@pytest.mark.parametrize("name", runs.ALL)
def test_the_page_never_scrolls_sideways(
    page: Page, reports: dict[str, Path], name: str, width: int, scripts: bool
) -> None:
    page.size(width)
    page.scripts(enabled=scripts)
    page.open(reports[name])
    if scripts and name in WITH_TIMELINE:
        page.wait(READY)
    assert overflow(page) == []


def test_hostile_text_runs_nothing(page: Page, reports: dict[str, Path]) -> None:
    open_live(page, reports["nasty"])
    assert page.evaluate("document.querySelectorAll('script').length") == 4
    assert page.evaluate("document.querySelector('h1').textContent").startswith("<script>alert(1)</script>")


def test_without_scripts_the_drawn_lanes_stand(page: Page, reports: dict[str, Path]) -> None:
    page.scripts(enabled=False)
    page.open(reports["failing"])
    lanes = page.evaluate(
        """[...document.querySelectorAll('.lane')].map(l => [l.dataset.lane,
             getComputedStyle(l.querySelector('.drawn')).visibility,
             l.querySelectorAll('.drawn path, .drawn rect').length])"""
    )
    assert [lane for lane, _, _ in lanes] == [
        "phases", "throughput", "latency", "errors", "statements", "locks", "blocked", "wal",
    ]  # fmt: skip
    assert {visibility for _, visibility, _ in lanes} == {"visible"}
    assert all(marks > 0 for _, _, marks in lanes)
    assert page.evaluate("getComputedStyle(document.querySelector('.tools')).display") == "none"
    assert page.evaluate("getComputedStyle(document.querySelector('.copy')).display") == "none"


def test_with_scripts_the_interactive_lanes_replace_the_drawn_ones(page: Page, reports: dict[str, Path]) -> None:
    open_live(page, reports["failing"])
    assert page.evaluate("getComputedStyle(document.querySelector('.drawn')).visibility") == "hidden"
    lefts = first_bars(page)
    assert len(lefts) == 8
    assert len(set(lefts)) == 1


def test_drawn_and_interactive_lanes_lie_on_each_other(page: Page, reports: dict[str, Path]) -> None:
    open_live(page, reports["failing"])
    drawn = page.evaluate("document.querySelector('.lane-wal .drawn .band.migrate').getBoundingClientRect().toJSON()")
    live = page.evaluate(
        """[...document.querySelectorAll('#live svg path')]
             .filter(p => p.getAttribute('fill') === 'var(--band-migrate)').pop().getBoundingClientRect().toJSON()"""
    )
    for key in ("left", "right", "top", "bottom"):
        assert live[key] == pytest.approx(drawn[key], abs=1.5)


def test_wheel_with_ctrl_zooms_all_lanes_together(page: Page, reports: dict[str, Path]) -> None:
    open_live(page, reports["failing"])
    page.evaluate("document.querySelector('.lane-latency').scrollIntoView({block: 'center', behavior: 'instant'})")
    x, y = middle(page, ".lane-latency .plot")
    page.mouse("mouseMoved", x, y)
    page.mouse("mouseWheel", x, y, deltaX=0, deltaY=-400, modifiers=2)
    page.wait("rehearseTimeline.domain()[1] - rehearseTimeline.domain()[0] < 25")
    assert len(set(first_bars(page))) == 1
    page.mouse("mouseWheel", x, y, deltaX=0, deltaY=-400)
    assert domain(page)[1] - domain(page)[0] == pytest.approx(30 * 1.001**-400, rel=0.05)


def test_dragging_pans_all_lanes_together(page: Page, reports: dict[str, Path]) -> None:
    open_live(page, reports["failing"])
    page.evaluate("rehearseTimeline.show(9, 15)")
    page.evaluate("document.querySelector('.lane-statements').scrollIntoView({block: 'center', behavior: 'instant'})")
    page.wait("rehearseTimeline.domain()[0] === 9")
    before = first_bars(page)
    x, y = middle(page, ".lane-statements .plot")
    page.mouse("mouseMoved", x, y)
    page.mouse("mousePressed", x, y, button="left", clickCount=1, buttons=1)
    page.mouse("mouseMoved", x - 60, y, button="left", buttons=1)
    page.mouse("mouseMoved", x - 120, y, button="left", buttons=1)
    page.mouse("mouseReleased", x - 120, y, button="left", clickCount=1)
    page.wait("rehearseTimeline.domain()[0] > 9.3")
    after = first_bars(page)
    assert len(set(before)) == len(set(after)) == 1
    assert after[0] < before[0]
    low, high = domain(page)
    assert high - low == pytest.approx(6, abs=0.01)


def test_buttons_and_keys_zoom_pan_and_reset(page: Page, reports: dict[str, Path]) -> None:
    open_live(page, reports["failing"])
    page.evaluate("document.querySelector('[data-zoom=migrate]').click()")
    assert domain(page) == pytest.approx([10 - 1.125, 14.5 + 1.125])
    page.evaluate("document.getElementById('chart').focus()")
    press(page, "0")
    assert domain(page) == [0, 30]
    press(page, "+")
    assert domain(page) == pytest.approx([7.5, 22.5])
    press(page, "ArrowRight")
    assert domain(page) == pytest.approx([11.25, 26.25])
    press(page, "-")
    assert domain(page) == [0, 30]


def test_a_finding_leads_to_its_place_on_the_timeline(page: Page, reports: dict[str, Path]) -> None:
    open_live(page, reports["failing"])
    page.evaluate("document.querySelector('#finding-1 a.show').click()")
    low, high = domain(page)
    assert low < 10.0 < 11.5 < high < 13


def test_a_bucket_tells_its_numbers_and_a_bar_its_wait(page: Page, reports: dict[str, Path]) -> None:
    open_live(page, reports["failing"])
    page.evaluate("document.querySelector('.lane-throughput').scrollIntoView({block: 'center', behavior: 'instant'})")
    x, y = middle(page, ".lane-throughput .plot")
    page.mouse("mouseMoved", x, y)
    page.wait("!document.querySelector('.tip').hidden")
    assert "completed" in page.evaluate("document.querySelector('.tip').textContent")
    page.evaluate("document.querySelector('.lane-statements').scrollIntoView({block: 'center', behavior: 'instant'})")
    box = page.evaluate(
        """[...document.querySelectorAll('#live svg path')].filter(p => p.getAttribute('fill') === 'url(#hatch-wait)')
             .map(p => p.getBoundingClientRect().toJSON())[0]"""
    )
    page.mouse("mouseMoved", box["left"] + box["width"] / 2, box["top"] + box["height"] / 2)
    page.wait("document.querySelector('.tip').textContent.includes('S1 waited 1,507 ms for AccessExclusive on orders')")


def test_a_new_width_draws_the_chart_anew_and_keeps_the_zoom(page: Page, reports: dict[str, Path]) -> None:
    open_live(page, reports["failing"])
    page.evaluate("rehearseTimeline.show(9, 15)")
    page.size(700)
    page.wait("document.querySelector('#live svg') && document.querySelector('#live svg').clientWidth < 700")
    page.wait("rehearseTimeline.domain()[0] === 9")
    assert overflow(page) == []


@pytest.mark.parametrize(("scheme", "bright"), [("light", True), ("dark", False)])
def test_light_and_dark_reach_the_page_and_the_chart(
    page: Page, reports: dict[str, Path], scheme: str, bright: bool
) -> None:
    page.scheme(scheme)
    open_live(page, reports["failing"])
    background, line = page.evaluate(
        """[getComputedStyle(document.body).backgroundColor,
            getComputedStyle(document.querySelector("#live svg path[stroke='var(--s-p99)']")).stroke]"""
    )
    assert (brightness(background) > 128) is bright
    assert (brightness(line) < 128) is bright


def test_print_shows_the_drawn_lanes(page: Page, reports: dict[str, Path]) -> None:
    open_live(page, reports["failing"])
    page.media("print")
    assert page.evaluate("getComputedStyle(document.querySelector('.drawn')).visibility") == "visible"
    assert page.evaluate("getComputedStyle(document.querySelector('#live')).display") == "none"
    assert page.evaluate("getComputedStyle(document.querySelector('.copy')).display") == "none"


def test_everything_that_can_be_used_can_be_reached_by_tab(page: Page, reports: dict[str, Path]) -> None:
    open_live(page, reports["failing"])
    unreachable = page.evaluate(
        """[...document.querySelectorAll('a, button, summary, .scroll, #chart')]
             .filter(e => e.tabIndex < 0).map(e => e.outerHTML.slice(0, 80))"""
    )
    assert unreachable == []


def test_headings_of_lanes_do_not_overlap(page: Page, reports: dict[str, Path]) -> None:
    for width in (400, 1280):
        page.size(width)
        open_live(page, reports["failing"])
        clashes = page.evaluate(
            """[...document.querySelectorAll('.lane-head')].filter(h => {
                 const [a, b] = [...h.children].map(c => c.getBoundingClientRect());
                 return a.right > b.left && a.bottom > b.top + 1 && b.width > 0;
               }).map(h => h.textContent)"""
        )
        assert clashes == []


def middle(page: Page, selector: str) -> tuple[float, float]:
    """The middle of an element in the window."""
    x, y, width, height = page.evaluate(
        f"(b => [b.left, b.top, b.width, b.height])(document.querySelector({selector!r}).getBoundingClientRect())"
    )
    return x + width / 2, y + height / 2


def press(page: Page, key: str) -> None:
    """A key on whatever has the focus."""
    for kind in ("keyDown", "keyUp"):
        page.call("Input.dispatchKeyEvent", type=kind, key=key)


def brightness(color: str) -> float:
    """0 to 255 of a computed rgb() colour."""
    parts = [float(part) for part in color[color.index("(") + 1 : -1].split(",")[:3]]
    return sum(parts) / 3
