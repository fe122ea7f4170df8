"""4 · The timeline: lanes drawn by Python, and over them the interactive chart where JavaScript runs."""

import json

from harness.report.html.chart import chart_spec, vega_runtime
from harness.report.html.drawing import PATTERNS, draw_axis, draw_lane
from harness.report.html.lanes import build_lanes
from harness.report.html.markup import Markup, join, section, tag
from harness.report.view import View
from harness.report.view.timeline import TimelineView

_LEAD = (
    "All lanes share one time axis. A wait is charged to every bucket it spans; a bucket without completions is a gap."
)


def render(view: View) -> Markup:
    """The lanes, or why there are none."""
    line = view.timeline
    if line is None:
        return section("timeline", "Timeline", tag("p", "No load pass was recorded.", class_="empty"))
    lanes = build_lanes(line)
    drawn = join([*(draw_lane(lane, line) for lane in lanes), draw_axis(line)])
    chart = tag(
        "div", drawn, tag("div", id="live", hidden=""), class_="chart", id="chart", data_length=f"{line.length_s:g}"
    )
    return section("timeline", "Timeline", _tools(line), PATTERNS, chart, _bands(line), lead=_LEAD)


def scripts(view: View) -> Markup:
    """The specification as data, then the runtime; nothing where there is no timeline."""
    if view.timeline is None:
        return Markup()
    lanes = build_lanes(view.timeline)
    spec = embed_json(chart_spec(lanes, view.timeline))
    data = Markup(f'<script type="application/json" id="timeline-spec">{spec}</script>\n')
    return Markup(f"{data}<script>{vega_runtime()}</script>\n")


def embed_json(value: object) -> str:
    """JSON that no content can end early: inside a script element only `<` matters, and it is written as \\u003c."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c")


def _tools(line: TimelineView) -> Markup:
    """Zoom by buttons, and by keys while the chart has the focus."""
    buttons = [
        tag("button", text, type="button", data_zoom=action, aria_label=label)
        for action, text, label in (
            ("in", "+", "Zoom in"),
            ("out", "−", "Zoom out"),
            ("left", "←", "Earlier"),
            ("right", "→", "Later"),
            ("migrate", "Migration", "Zoom to the migration"),
            ("reset", "Whole run", "Show the whole run"),
        )
        if action != "migrate" or any(band.kind == "migrate" for band in line.bands)
    ]
    stretch = next((band for band in line.bands if band.kind == "migrate"), None)
    hint = tag("span", "drag to pan, Ctrl and wheel to zoom, double-click to reset", class_="hint")
    return tag(
        "div",
        *buttons,
        hint,
        class_="tools js-only",
        role="toolbar",
        aria_label="Timeline",
        data_from=stretch and f"{stretch.from_s:g}",
        data_to=stretch and f"{stretch.to_s:g}",
    )


def _bands(line: TimelineView) -> Markup:
    """What the shaded stretches mean, in words."""
    items = [
        tag(
            "li",
            tag("span", class_=f"patch {b.kind}", aria_hidden="true"),
            f" {b.label}, {b.from_s:.1f} s to {b.to_s:.1f} s",
        )
        for b in line.bands
    ]
    merged = f" Each shown bucket joins {line.merged} recorded ones." if line.merged > 1 else ""
    text = f"Buckets of {line.bucket_s * 1000:,.0f} ms.{merged}"
    return tag("ul", *items, tag("li", text), class_="bands")
