"""The interactive timeline: one Vega-Lite specification through Altair.

Colours are CSS variables and hatchings are patterns of the page, so the chart follows light and dark without being
drawn again. Texts are HTML and shared with the drawn lanes, so both look the same.
"""

import warnings
from functools import cache
from typing import Any

import altair as alt
import vl_convert
from altair.utils.schemapi import debug_mode

from harness.report.html.drawing import bar_place, grid_places
from harness.report.html.lanes import Lane, Series, bars_of
from harness.report.view.timeline import TimelineView

WIDTH_PX = 1000
"""Width in the specification; the page sets the real one."""

HEAD_PX = 30
"""Height of the heading over each lane, which is HTML; the page's style has the same number."""

ZOOM = "zoom"
"""Name of the interval selection that all lanes bind their time to; Vega's signal is `zoom_t`."""

_BUCKETS = "buckets"
_NARROWEST_PX = 1.5
_SMALLEST_NAME_PX = 28
"""A phase narrower than this has no room for a letter of its name and the ellipsis."""


def chart_spec(lanes: tuple[Lane, ...], line: TimelineView) -> dict[str, Any]:
    """The Vega-Lite specification of all lanes: one selection zooms and pans them together."""
    with warnings.catch_warnings(), debug_mode(False):
        # Altair tells that it joined the selections of the lanes, which is what is wanted here.
        warnings.filterwarnings("ignore", message="Automatically deduplicated selection parameter")
        spec = _stack(lanes, line).to_dict(validate=False)
    # Altair copies a chart, data and all, at every step of building it: what is big is put in at the end.
    return {**spec, "datasets": {**spec.get("datasets", {}), _BUCKETS: _buckets(lanes, line)}}


def _stack(lanes: tuple[Lane, ...], line: TimelineView) -> alt.VConcatChart:
    """All lanes over one selection. Altair checks each part against its schema a hundred times over; a browser test
    checks the whole once, so that is left out: it was half of the time of a report.
    """
    zoom = alt.selection_interval(
        name=ZOOM, bind="scales", encodings=["x"], zoom="wheel![event.ctrlKey||event.metaKey]"
    )
    stack = alt.vconcat(
        *(_lane(lane, line) for lane in lanes),
        data=alt.NamedData(name=_BUCKETS),
        spacing=HEAD_PX,
        bounds="flush",
        autosize=alt.AutoSizeParams(type="none"),
        padding=0,
        background="transparent",
    )
    chart: alt.VConcatChart = stack.add_params(zoom).configure_view(stroke=None).configure_axis(gridColor="var(--grid)")
    return chart


@cache
def vega_runtime() -> str:
    """The JavaScript of Vega and Vega-Lite, from the installed vl-convert package; a script element can hold it."""
    bundle: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return bundle.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def _buckets(lanes: tuple[Lane, ...], line: TimelineView) -> list[dict[str, Any]]:
    """One record a bucket with every series; `e` ends it, `m` is its middle."""
    half = line.bucket_s / 2
    records = []
    for index, start in enumerate(line.starts_s):
        record: dict[str, Any] = {"t": start, "e": round(start + line.bucket_s, 3), "m": round(start + half, 3)}
        for lane in lanes:
            for number, one in enumerate(lane.series):
                record[_field(lane, number)] = one.values[index]
        records.append(record)
    return [*records, _end(lanes, records[-1])]


def _end(lanes: tuple[Lane, ...], last: dict[str, Any]) -> dict[str, Any]:
    """A record without width that carries steps and areas to the end of the last bucket."""
    end: dict[str, Any] = {"t": last["e"], "e": last["e"], "m": None}
    for lane in lanes:
        for number, one in enumerate(lane.series):
            end[_field(lane, number)] = last[_field(lane, number)] if one.shape in ("area", "step") else None
    return end


def _field(lane: Lane, number: int) -> str:
    return f"{lane.id}{number}"


def _time(line: TimelineView, field: str = "t") -> alt.X:
    axis = alt.Axis(labels=False, ticks=False, domain=False, title=None, grid=True)
    return alt.X(f"{field}:Q", scale=alt.Scale(domain=[0, line.length_s], nice=False), axis=axis)


def _lane(lane: Lane, line: TimelineView) -> alt.LayerChart | alt.FacetChart:
    layers = [_ground(lane, line)]
    layers += [_bands(lane, line)] if line.bands else []
    layers += [_grid(place) for place in grid_places(lane)]
    for number, one in enumerate(lane.series):
        layers.append(_series(lane, one, _field(lane, number), line))
    if lane.rule:
        layers.append(
            alt.Chart(_values([{"y": lane.rule}]))
            .mark_rule(stroke="var(--ink-soft)", strokeDash=[6, 4], aria=False)
            .encode(y=_value(lane, "y"))
        )
    if lane.rows:
        layers += _rows(lane, line)
    if lane.series:
        layers.append(_hover(lane, line))
    return alt.layer(*layers).properties(width=WIDTH_PX, height=lane.height_px)


def _values(values: list[dict[str, Any]]) -> alt.InlineData:
    return alt.InlineData(values=values)


def _value(lane: Lane, field: str) -> alt.Y:
    kind = {"type": "log"} if lane.log else {"type": "linear", "zero": False}
    scale = alt.Scale(**kind, domain=[lane.low, lane.top], nice=False, clamp=True)
    return alt.Y(f"{field}:Q", axis=None, scale=scale)


def _bands(lane: Lane, line: TimelineView) -> alt.Chart:
    bands = _values([{"a": b.from_s, "b": b.to_s, "fill": f"var(--band-{b.kind})"} for b in line.bands])
    chart: alt.Chart = (
        alt.Chart(bands)
        .mark_rect(clip=True, aria=False)
        .encode(
            x=_time(line, "a"),
            x2="b:Q",
            y=alt.value(0),
            y2=alt.value(lane.height_px),
            fill=alt.Fill("fill:N", scale=None),
        )
    )
    return chart


def _grid(place_px: str) -> alt.Chart:
    line = alt.Chart(_values([{}])).mark_rule(stroke="var(--grid)", aria=False)
    chart: alt.Chart = line.encode(y=alt.value(float(place_px)))
    return chart


def _series(lane: Lane, one: Series, field: str, line: TimelineView) -> alt.Chart:
    color = f"var(--s-{one.key})"
    chart: alt.Chart = alt.Chart()
    value = _value(lane, field)
    if one.shape == "bar":
        fill = "url(#hatch-failed)" if one.key in ("failed", "error1") else color
        chart = chart.mark_rect(clip=True, aria=False, fill=fill).transform_filter(f"datum.{field} > 0")
        chart = chart.encode(x=_time(line), x2="e:Q", y=value, y2=alt.datum(lane.low))
    elif one.shape == "area":
        fill = "url(#hatch-blocked)" if one.key == "blocked" else f"var(--f-{one.key})"
        edge = {"stroke": color, "strokeWidth": one.stroke_px}
        chart = chart.mark_area(clip=True, aria=False, interpolate="step-after", fill=fill, line=edge)
        chart = chart.encode(x=_time(line), y=value)
    else:
        chart = chart.mark_line(
            clip=True,
            aria=False,
            stroke=color,
            strokeDash=[float(part) for part in one.dash.split()] or [1, 0],
            strokeWidth=one.stroke_px,
            strokeCap="butt" if one.dash else "round",
            interpolate="step-after" if one.shape == "step" else "linear",
            invalid="break-paths-show-domains",
        )
        chart = chart.encode(x=_time(line, "t" if one.shape == "step" else "m"), y=value)
    return chart


def _rows(lane: Lane, line: TimelineView) -> list[alt.Chart]:
    pixels = alt.Scale(domain=[0, lane.height_px], reverse=True, nice=False, zero=False)
    base = alt.Chart(_values(_bar_records(lane))).encode(x=_time(line, "a"))
    top = alt.Y("y:Q", axis=None, scale=pixels)
    bars = base.mark_rect(clip=True, aria=False, strokeWidth=_NARROWEST_PX).encode(
        x2="b:Q",
        y=top,
        y2="z:Q",
        fill=alt.Fill("fill:N", scale=None),
        stroke=alt.Stroke("stroke:N", scale=None),
        tooltip=[
            alt.Tooltip("label:N", title=" "),
            alt.Tooltip("what:N", title=lane.title),
            alt.Tooltip("when:N", title="from, to"),
        ],
    )
    if lane.id != "phases":
        return [bars]
    return [bars, _names(base, line).encode(y=top, text="label:N")]


def _bar_records(lane: Lane) -> list[dict[str, Any]]:
    records = []
    for index, bar in bars_of(lane.rows):
        y, height = bar_place(lane, index)
        records.append(
            {
                "a": bar.from_s,
                "b": bar.to_s,
                "y": y,
                "z": y + height,
                "label": bar.label,
                "fill": BAR_FILLS[bar.kind],
                "stroke": BAR_STROKES[bar.kind],
                "what": bar.tip,
                "when": f"{bar.from_s:.3f} s to {bar.to_s:.3f} s",
            }
        )
    return records


def _names(bars: alt.Chart, line: TimelineView) -> alt.Chart:
    """A name in each bar, cut to the room it has at the present zoom."""
    shown_s = f"({ZOOM}_t ? {ZOOM}_t[1] - {ZOOM}_t[0] : {line.length_s:g})"
    width = f"(datum.b - datum.a) / {shown_s} * width"
    room, seen = alt.expr(f"max(1, {width} - 8)"), alt.expr(f"{width} < {_SMALLEST_NAME_PX} ? 0 : 1")
    names: alt.Chart = bars.mark_text(
        clip=True,
        aria=False,
        align="left",
        baseline="top",
        dx=6,
        dy=3,
        fill="var(--ink)",
        fontSize=12,
        limit=room,
        opacity=seen,
    )
    return names


BAR_FILLS = {
    "phase": "var(--phase)",
    "run": "var(--s-run)",
    "failed": "url(#hatch-failed)",
    "wait": "url(#hatch-wait)",
    "transaction": "url(#hatch-transaction)",
    "held": "var(--s-held)",
    "waiting": "url(#hatch-wait)",
    "other": "var(--s-other)",
}
"""Fill of each kind of bar; the page's style has the same for the drawn lanes."""

BAR_STROKES = {
    "phase": "var(--surface)",
    "run": "var(--s-run)",
    "failed": "var(--s-failed)",
    "wait": "var(--s-wait)",
    "transaction": "var(--s-run)",
    "held": "var(--s-held)",
    "waiting": "var(--s-wait)",
    "other": "var(--s-other)",
}
"""Outline of each kind of bar: it keeps a bar of a millisecond visible."""


def _ground(lane: Lane, line: TimelineView) -> alt.Chart:
    """The bottom layer: it takes the pointer where a lane is empty.

    Vega-Lite binds the selection to the first layer, so it is the same field in all lanes.
    """
    ground = alt.Chart(_values([{"t": 0.0, "e": line.length_s}])).mark_rect(aria=False, opacity=0)
    chart: alt.Chart = ground.encode(x=_time(line), x2="e:Q", y=alt.value(0), y2=alt.value(lane.height_px))
    return chart


def _hover(lane: Lane, line: TimelineView) -> alt.Chart:
    """Invisible columns that say what a bucket holds."""
    tips = [alt.Tooltip("t:Q", title="from, s")]
    hover = alt.Chart()
    for number, one in enumerate(lane.series):
        name = f"say{number}"
        hover = hover.transform_calculate(**{name: _say(lane, _field(lane, number))})
        tips.append(alt.Tooltip(f"{name}:N", title=one.label))
    mark = hover.mark_rect(clip=True, aria=False, opacity=0)
    chart: alt.Chart = mark.encode(x=_time(line), x2="e:Q", y=alt.value(0), y2=alt.value(lane.height_px), tooltip=tips)
    return chart


def _say(lane: Lane, field: str) -> str:
    """A Vega expression for a value with its unit; a gap is said to be one."""
    value = f"datum.{field}"
    known = {
        "latency": f"format({value}, ',.3~r') + ' ms'",
        "wal": f"format({value} / 1024, ',.0f') + ' kB'",
    }.get(lane.id, f"format({value}, ',~r')")
    return f"isValid({value}) ? {known} : 'no value'"
