"""The page is one safe, self-contained file that holds its contents without JavaScript."""

import json
import re
from html.parser import HTMLParser
from importlib.resources import files

import pytest

from harness.report.html import render_html
from harness.report.html.chart import HEAD_PX, chart_spec
from harness.report.html.drawing import draw_lane
from harness.report.html.lanes import build_lanes, nice_ticks
from harness.report.html.markup import Markup, esc
from harness.report.html.sections.timeline import embed_json
from harness.report.render import render_all
from harness.report.view.timeline import build_timeline
from tests.unit.report import runs
from tests.unit.report import samples as s

PAGES: dict[str, str] = {}


def page(name: str) -> str:
    """The page of a sample, rendered once."""
    if name not in PAGES:
        PAGES[name] = render_html(runs.ALL[name]()).decode()
    return PAGES[name]


class Outline(HTMLParser):
    """Elements with their attributes, and the text of the title and of scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inside = ""
        self.texts: dict[str, list[str]] = {"title": [], "script": []}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside = tag

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - named by the base class
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside in self.texts:
            self.texts[self.inside].append(data)


@pytest.mark.parametrize("name", runs.ALL)
def test_the_title_begins_with_the_verdict(name: str) -> None:
    view = runs.ALL[name]()
    assert Outline(page(name)).texts["title"][0] == f"{view.verdict_word}: {view.sentence}"


@pytest.mark.parametrize("name", runs.ALL)
def test_nothing_is_loaded_from_anywhere(name: str) -> None:
    for tag, attributes in Outline(page(name)).tags:
        assert tag not in ("iframe", "object", "embed", "base")
        for key in ("src", "srcset", "data", "action"):
            assert key not in attributes, (tag, attributes)
        if tag == "link":
            assert attributes["href"] == "data:,"
    assert "@import" not in page(name)
    assert not re.search(r"url\(\s*[\"']?(?!#)", re.split("<script", page(name))[0])


@pytest.mark.parametrize("name", runs.ALL)
def test_the_page_stays_small(name: str) -> None:
    assert len(page(name).encode()) <= 1_500_000


def test_sections_are_in_their_order() -> None:
    ids = [a.get("id") for tag, a in Outline(page("passing")).tags if tag in ("section", "header")]
    assert ids == [
        "verdict", "numbers", "budgets", "timeline", "findings", "statements", "operations", "workload", "rollback",
        "versions", "trust", "not-proven", "reproduce",
    ]  # fmt: skip


def test_every_link_inside_the_page_has_a_target() -> None:
    tags = Outline(page("failing")).tags
    ids = {attributes.get("id") for _, attributes in tags}
    links = [a["href"] for tag, a in tags if tag == "a" and (a["href"] or "").startswith("#")]
    assert links
    assert {link[1:] for link in links if link} <= ids


def test_hostile_names_make_no_elements() -> None:
    """The hostile run has the same script elements as a harmless one, and none of its text became markup."""
    harmless, hostile = Outline(page("failing")), Outline(page("nasty"))
    assert [t for t, _ in hostile.tags if t in ("script", "style", "template")] == [
        t for t, _ in harmless.tags if t in ("script", "style", "template")
    ]
    assert runs.SCRIPT not in page("nasty")
    assert "\u202e" not in page("nasty")
    assert "\x1b" not in page("nasty")


def test_the_embedded_specification_reads_back_with_its_hostile_text() -> None:
    view = runs.nasty()
    assert view.timeline is not None
    spec = chart_spec(build_lanes(view.timeline), view.timeline)
    text = embed_json(spec)
    assert "<" not in text
    assert json.loads(text) == spec
    assert "alert(1)" in text


def test_no_style_or_script_contains_its_own_end() -> None:
    scripts = re.findall(r"<script[^>]*>(.*?)</script>", page("nasty"), flags=re.DOTALL)
    assert len(scripts) == 4
    assert not any("<!--" in script for script in scripts)


def test_all_lanes_bind_their_time_to_one_selection() -> None:
    view = runs.failing()
    assert view.timeline is not None
    lanes = build_lanes(view.timeline)
    spec = chart_spec(lanes, view.timeline)
    assert [lane["height"] for lane in spec["vconcat"]] == [lane.height_px for lane in lanes]
    (zoom,) = spec["params"]
    assert zoom["bind"] == "scales"
    assert zoom["select"]["encodings"] == ["x"]
    assert {lane["layer"][0]["name"] for lane in spec["vconcat"]} <= set(zoom["views"])
    domains = {json.dumps(lane["layer"][0]["encoding"]["x"]["scale"]["domain"]) for lane in spec["vconcat"]}
    assert domains == {"[0, 30.0]"}


def test_the_heading_is_as_high_in_the_style_as_in_the_chart() -> None:
    assert f"--head: {HEAD_PX}px" in files("harness.report.html").joinpath("assets", "timeline.css").read_text()


def test_a_gap_in_the_latency_is_a_gap_in_the_path() -> None:
    curve = s.curve(())
    holed = tuple(None if 100 <= i < 120 else value for i, value in enumerate(curve.p99_ns))
    line = build_timeline(s.facts(timeline=s.replace_timeline(curve, p99_ns=holed), traffic=s.traffic()))
    assert line is not None
    latency = next(lane for lane in build_lanes(line) if lane.id == "latency")
    drawn = draw_lane(latency, line)
    path = re.search(r'<path d="([^"]*)" class="curve s-p99"', drawn)
    assert path is not None
    assert path[1].count("M") == 2


def test_a_run_without_numbers_says_so() -> None:
    text = page("inconclusive")
    for said in (
        "No load pass was recorded.",
        "so no hazard was looked for.",
        "No statement was run.",
        "No operation was offered.",
    ):
        assert said in text
    assert 'id="timeline-spec"' not in text
    assert len(text) < 100_000


def test_lanes_of_an_empty_timeline_are_drawn() -> None:
    nothing = (None,) * 300
    curve = s.replace_timeline(
        s.curve(()), p50_ns=nothing, p95_ns=nothing, p99_ns=nothing, max_ns=nothing, wal_bytes=nothing
    )
    line = build_timeline(s.facts(timeline=curve))
    assert line is not None
    lanes = {lane.id: lane for lane in build_lanes(line)}
    assert lanes["wal"].note == "not measured"
    assert lanes["statements"].note == "none recorded"
    assert lanes["latency"].top > lanes["latency"].low
    assert all(draw_lane(lane, line) for lane in lanes.values())
    assert chart_spec(tuple(lanes.values()), line)["vconcat"]


def test_markup_is_not_escaped_twice() -> None:
    assert esc(Markup("<b>")) == "<b>"
    assert nice_ticks(0) == (0.0, 1.0)


def test_render_all_names_the_files() -> None:
    assert set(render_all(runs.inconclusive())) == {"report.html", "rehearsal.json"}


VARIABLE = re.compile(r"--([a-z0-9-]+):\s*(#[0-9a-f]{6})")

ON_SURFACES = ["ink", "ink-soft", "accent", "ok", "warn", "fail", "unknown", "note"]
MARKS = [
    "s-completed",
    "s-offered",
    "s-failed",
    "s-p50",
    "s-p95",
    "s-p99",
    "s-max",
    "s-blocked",
    "s-wal",
    "s-run",
    "s-wait",
    "s-held",
]


def palettes() -> dict[str, dict[str, str]]:
    text = files("harness.report.html").joinpath("assets", "palette.css").read_text()
    light, dark = text.split("@media (prefers-color-scheme: dark)")
    day = dict(VARIABLE.findall(light))
    return {"light": day, "dark": day | dict(VARIABLE.findall(dark))}


def contrast(one: str, other: str) -> float:
    """The ratio of WCAG 2.2, section 1.4.3."""

    def luminance(color: str) -> float:
        parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("ground", ["page", "surface", "sunken"])
@pytest.mark.parametrize("ink", ON_SURFACES)
def test_text_has_enough_contrast(scheme: str, ground: str, ink: str) -> None:
    colors = palettes()[scheme]
    assert contrast(colors[ink], colors[ground]) >= 4.5


ON_BACKS = [
    *((name, f"{name}-back") for name in ("ok", "warn", "fail", "unknown", "note")),
    *(("ink", ground) for ground in ("minus-back", "plus-back", "phase")),
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), ON_BACKS)
def test_status_words_have_enough_contrast(scheme: str, ink: str, ground: str) -> None:
    colors = palettes()[scheme]
    assert contrast(colors[ink], colors[ground]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("mark", MARKS)
def test_marks_of_the_chart_have_enough_contrast(scheme: str, mark: str) -> None:
    """3:1 for graphics (WCAG 2.2, section 1.4.11)."""
    colors = palettes()[scheme]
    assert contrast(colors[mark], colors["surface"]) >= 3
