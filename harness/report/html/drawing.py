"""The lanes drawn as SVG by Python: readable without JavaScript, on paper, at any width.

Horizontal places are percentages of the plot and vertical ones pixels, so a narrow screen squeezes time and nothing
else: texts, strokes and hatching keep their size.
"""

from collections.abc import Iterator

from harness.report.html.lanes import ROW_PX, Lane, Series, bars_of, time_ticks
from harness.report.html.markup import Markup, join, tag
from harness.report.view.timeline import Band, TimelineView

_UNITS = 1000.0
"""Width of the inner coordinate system of curves; it is stretched to the plot."""

_SMALLEST_BAR = 0.15
"""Per cent of the width: a statement of a millisecond must still be seen."""


def draw_lane(lane: Lane, line: TimelineView) -> Markup:
    """One lane: its heading with legend, the labels of its scale, its plot."""
    heading = tag("span", lane.title, class_="lane-title")
    head = tag("div", heading, _legend(lane), class_="lane-head")
    labels = [
        tag("span", label, style=f"top:{100 * lane.place(value):.1f}%", class_="tick") for value, label in lane.ticks
    ]
    scale = tag("div", *labels, class_="scale", aria_hidden="true")
    plot = tag("div", _svg(lane, line), _row_labels(lane), class_="plot")
    style = f"--lane-height:{lane.height_px}px"
    return tag("div", head, scale, plot, class_=f"lane lane-{lane.id}", style=style, data_lane=lane.id)


def _legend(lane: Lane) -> Markup:
    lines = {one.key for one in lane.series if one.shape in ("line", "step")} | {"rule"}
    items = [tag("span", _swatch(key, line=key in lines), " ", label, class_="key") for key, label in lane.legend]
    note = [tag("span", lane.note, class_="lane-note")] if lane.note else []
    return tag("span", *items, *note, class_="legend")


def _swatch(key: str, *, line: bool) -> Markup:
    """A sample of a series or bar: the same stroke or fill as in the lane."""
    if line:
        sample = tag("line", x1="0", x2="20", y1="5", y2="5", class_=f"s-{key}")
    else:
        sample = tag("rect", width="20", height="10", class_=f"s-{key}")
    return tag("svg", sample, class_="swatch", aria_hidden="true")


def draw_axis(line: TimelineView) -> Markup:
    """The time axis under the lanes."""
    ticks = [
        tag("span", f"{tick:g} s", style=f"left:{_percent(tick, line)}", class_="time")
        for tick in time_ticks(line.length_s)
    ]
    return tag("div", *ticks, class_="axis", aria_hidden="true")


def _svg(lane: Lane, line: TimelineView) -> Markup:
    height = lane.height_px
    parts = [
        *_bands(line.bands, line, height),
        *_grid(lane, line),
        *_bars(lane, line),
        tag(
            "svg",
            join(_curve(lane, one, line) for one in lane.series),
            viewBox=f"0 0 {_UNITS:g} {height}",
            preserveAspectRatio="none",
            width="100%",
            height=str(height),
        ),
        *_rule(lane),
    ]
    return tag("svg", *parts, class_="drawn", width="100%", height=str(height), role="img", aria_label=_describe(lane))


def _describe(lane: Lane) -> str:
    """What a screen reader says: title, series with their largest value, rows with their bars."""
    said = [lane.title]
    for one in lane.series:
        known = [value for value in one.values if value is not None]
        said.append(f"{one.label}: largest {max(known):,g}" if known else f"{one.label}: no values")
    for row in lane.rows:
        bars = "; ".join(f"{b.label} {b.from_s:.2f} s to {b.to_s:.2f} s {b.tip}".strip() for b in row.bars[:6])
        said.append(f"{row.label}: {bars}" if row.label else bars)
    return ". ".join(said)


def _percent(seconds: float, line: TimelineView) -> str:
    return f"{100 * seconds / line.length_s:.3f}%"


def _bands(bands: tuple[Band, ...], line: TimelineView, height: int) -> Iterator[Markup]:
    for band in bands:
        width = _percent(band.to_s - band.from_s, line)
        yield tag("rect", x=_percent(band.from_s, line), width=width, height=str(height), class_=f"band {band.kind}")


def _grid(lane: Lane, line: TimelineView) -> Iterator[Markup]:
    for tick in time_ticks(line.length_s):
        x = _percent(tick, line)
        yield tag("line", x1=x, x2=x, y1="0", y2=str(lane.height_px), class_="grid")
    for y in grid_places(lane):
        yield tag("line", x1="0", x2="100%", y1=y, y2=y, class_="grid")


def grid_places(lane: Lane) -> list[str]:
    """Pixels from the top of the horizontal lines: one a tick, or one between two rows."""
    if lane.ticks:
        return [f"{lane.place(value) * lane.height_px:.1f}" for value, _ in lane.ticks]
    return [str(index * ROW_PX) for index in range(1, len(lane.rows))]


def _bars(lane: Lane, line: TimelineView) -> Iterator[Markup]:
    for index, bar in bars_of(lane.rows):
        y, height = bar_place(lane, index)
        width = max(_SMALLEST_BAR, 100 * (bar.to_s - bar.from_s) / line.length_s)
        yield tag(
            "rect",
            tag("title", f"{bar.label} {bar.tip}".strip()),
            x=_percent(bar.from_s, line),
            y=str(y),
            width=f"{width:.3f}%",
            height=str(height),
            class_=f"bar s-{bar.kind}",
        )
        if bar.kind == "phase":
            # An inner svg clips the name to its bar.
            name = tag("text", bar.label, x="6", y="17", class_="phase-name")
            yield tag("svg", name, x=_percent(bar.from_s, line), width=f"{width:.3f}%", height=str(lane.height_px))


def bar_place(lane: Lane, index: int) -> tuple[int, int]:
    """Top and height of a bar in pixels: below its label, or the whole lane where there is only one row without any."""
    return (4, lane.height_px - 8) if lane.id == "phases" else (index * ROW_PX + 16, 11)


def _row_labels(lane: Lane) -> Markup:
    labels = [
        tag("span", row.label, style=f"top:{index * ROW_PX}px", class_="row-label")
        for index, row in enumerate(lane.rows)
        if row.label
    ]
    return join(labels)


def _curve(lane: Lane, one: Series, line: TimelineView) -> Markup:
    """A series as paths; a gap in the values is a gap in the path."""
    step = _UNITS * line.bucket_s / line.length_s
    if one.shape == "bar":
        return _columns(lane, one, step)
    paths = []
    for first, run in _runs(one.values):
        y = [f"{lane.place(value) * lane.height_px:.1f}" for value in run]
        if one.shape in ("area", "step"):
            x = [f"{(first + i) * step:.2f}" for i in range(len(run) + 1)]
            path = f"M{x[0]} {y[0]}" + "".join(f"H{b}V{after}" for b, after in zip(x[1:], [*y[1:], y[-1]], strict=True))
            path += f"V{lane.height_px}H{x[0]}Z" if one.shape == "area" else ""
        else:
            points = [f"{(first + i + 0.5) * step:.2f} {v}" for i, v in enumerate(y)]
            path = "M" + "L".join(points if len(points) > 1 else [*points, points[0]])
        paths.append(path)
    return (
        tag("path", d="".join(paths), class_=f"curve s-{one.key}", vector_effect="non-scaling-stroke")
        if paths
        else Markup()
    )


def _columns(lane: Lane, one: Series, step: float) -> Markup:
    path = ""
    for index, value in enumerate(one.values):
        if value:
            y = lane.place(value) * lane.height_px
            path += (
                f"M{index * step:.2f} {lane.height_px}V{min(y, lane.height_px - 1):.1f}h{step:.2f}V{lane.height_px}Z"
            )
    return tag("path", d=path, class_=f"columns s-{one.key}") if path else Markup()


def _runs(values: tuple[float | None, ...]) -> Iterator[tuple[int, list[float]]]:
    run: list[float] = []
    for index, value in enumerate((*values, None)):
        if value is not None:
            run.append(value)
        elif run:
            yield index - len(run), run
            run = []


def _rule(lane: Lane) -> Iterator[Markup]:
    if lane.rule:
        y = f"{lane.place(lane.rule) * lane.height_px:.1f}"
        yield tag("line", x1="0", x2="100%", y1=y, y2=y, class_="rule")


PATTERNS = Markup(
    '<svg class="patterns" width="0" height="0" aria-hidden="true"><defs>'
    '<pattern id="hatch-wait" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect width="7" height="7" class="p-wait-back"/><rect width="3.2" height="7" class="p-wait"/></pattern>'
    '<pattern id="hatch-transaction" width="6" height="6" patternUnits="userSpaceOnUse">'
    '<rect width="6" height="6" class="p-run-back"/><rect width="6" height="2" class="p-run"/></pattern>'
    '<pattern id="hatch-blocked" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect width="8" height="8" class="p-blocked-back"/><rect width="4.5" height="8" class="p-wait"/></pattern>'
    '<pattern id="hatch-failed" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)">'
    '<rect width="5" height="5" class="p-failed"/><rect width="1.4" height="5" class="p-gap"/></pattern>'
    "</defs></svg>"
)
"""Hatchings, shared by the drawn and the interactive chart: a wait is told from a run without seeing its colour."""
