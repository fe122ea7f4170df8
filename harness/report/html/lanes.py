"""The lanes of the timeline as data: heights, scales, ticks, series, rows; both charts are made from it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.model.units import NS_PER_MS, format_bytes, format_duration
from harness.report.view.bars import Bar, BarRow
from harness.report.view.timeline import TimelineView, hidden_note

ROW_PX = 30
"""Height of a row of bars: a line of text and the bar below it."""

Values = tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One series; `key` names it in classes, colour variables and data; `shape` is line, step, area or bar."""

    key: str
    label: str
    shape: str
    values: Values
    dash: str = ""
    stroke_px: float = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One lane; `ticks` are value and label; `top` is the upper end of the scale, `low` the lower (0 unless log)."""

    id: str
    title: str
    height_px: int
    series: tuple[Series, ...] = ()
    rows: tuple[BarRow, ...] = ()
    legend: tuple[tuple[str, str], ...] = ()
    ticks: tuple[tuple[float, str], ...] = ()
    low: float = 0.0
    top: float = 1.0
    log: bool = False
    rule: float | None = None
    note: str = ""

    def place(self, value: float) -> float:
        """Where `value` is from the top of the lane, 0 to 1; outside values are put on the edge."""
        if self.log:
            spread = math.log(self.top) - math.log(self.low)
            share = (math.log(max(value, self.low)) - math.log(self.low)) / spread
        else:
            share = (value - self.low) / (self.top - self.low)
        return 1 - min(1.0, max(0.0, share))


def build_lanes(line: TimelineView) -> tuple[Lane, ...]:
    """All lanes, top to bottom."""
    return (
        Lane(id="phases", title="Phases", height_px=26, rows=(BarRow(label="", bars=line.phases),)),
        _throughput(line),
        _latency(line),
        _errors(line),
        _rows("statements", "Statements", line.statements, hidden_note(line.statements_hidden, "statement")),
        _rows("locks", "Locks", line.locks, hidden_note(line.locks_hidden, "lock")),
        _blocked(line),
        _wal(line),
    )


def _throughput(line: TimelineView) -> Lane:
    every = (line.offered_per_s, line.completed_per_s, line.failed_per_s)
    series = (
        Series(key="completed", label="completed", shape="area", values=line.completed_per_s),
        Series(key="offered", label="offered", shape="step", values=line.offered_per_s, dash="2 3"),
        Series(key="failed", label="failed", shape="bar", values=line.failed_per_s),
    )
    return _linear("throughput", "Throughput, operations per second", 104, series, max(map(max, every)))


def _latency(line: TimelineView) -> Lane:
    series = (
        Series(key="max", label="max", shape="line", values=line.max_ms, dash="1 3", stroke_px=1.25),
        Series(key="p95", label="p95", shape="line", values=line.p95_ms, dash="5 3", stroke_px=1.25),
        Series(key="p50", label="p50", shape="line", values=line.p50_ms, stroke_px=1.25),
        Series(key="p99", label="p99", shape="line", values=line.p99_ms, stroke_px=2.25),
    )
    known = [v for one in series for v in one.values if v is not None and v > 0]
    low = 10 ** math.floor(math.log10(min(known, default=0.1)))
    top = 10 ** math.ceil(math.log10(max(known, default=1000.0)) + 1e-9)
    low, top = (low, top) if top > low * 10 else (low, low * 100)
    decades = range(round(math.log10(low)), round(math.log10(top)) + 1)
    rule = line.baseline_p99_ms or None
    baseline = f"baseline p99 {format_duration(round(rule * NS_PER_MS))}" if rule else ""
    return Lane(
        id="latency",
        title="Response time from due, log scale",
        height_px=150,
        series=series,
        legend=tuple((s.key, s.label) for s in (series[2], series[1], series[3], series[0]))
        + ((("rule", baseline),) if rule else ()),
        ticks=tuple((10.0**d, _decade(d)) for d in decades),
        low=low,
        top=top,
        log=True,
        rule=rule,
    )


def _decade(exponent: int) -> str:
    """10^exponent ms as a short label."""
    if exponent >= 3:
        return f"{10 ** (exponent - 3):,} s"
    return f"{10.0**exponent:g} ms" if exponent >= -1 else f"{10.0 ** (exponent + 3):g} µs"


ERROR_COLORS = 4
"""Colours (each with a pattern of its own) that the errors lane has; further classes share the last."""


def _errors(line: TimelineView) -> Lane:
    series = tuple(
        Series(key=f"error{min(i, ERROR_COLORS - 1)}", label=name, shape="bar", values=counts)
        for i, (name, counts) in enumerate(line.errors)
        if any(counts)
    )
    if not series:
        return Lane(id="errors", title="Errors by class", height_px=18, note="none")
    top = max(max(v or 0 for v in one.values) for one in series)
    return _linear("errors", "Errors by class, per bucket", 48, series, top)


def _rows(id_: str, title: str, rows: tuple[BarRow, ...], hidden: str) -> Lane:
    kinds = {bar.kind for row in rows for bar in row.bars}
    legend = tuple((kind, label) for kind, label in _BAR_LEGEND if kind in kinds)
    note = hidden or ("" if rows else "none recorded")
    return Lane(id=id_, title=title, height_px=max(18, ROW_PX * len(rows)), rows=rows, legend=legend, note=note)


_BAR_LEGEND = (
    ("run", "runs"),
    ("failed", "failed"),
    ("wait", "waits for a lock"),
    ("transaction", "transaction open"),
    ("other", "other session"),
    ("held", "held"),
    ("waiting", "waiting"),
)


def _blocked(line: TimelineView) -> Lane:
    label = "actors waiting because of the migration"
    most = max(line.actors, *line.blocked, 1)
    return Lane(
        id="blocked",
        title="Blocked actors",
        height_px=64,
        series=(Series(key="blocked", label=label, shape="area", values=line.blocked),),
        legend=(("blocked", label),),
        ticks=tuple((float(tick), f"{tick}") for tick in sorted({0, most // 2, most})),
        top=most * 1.04,
    )


def _wal(line: TimelineView) -> Lane:
    series = (Series(key="wal", label="written per bucket", shape="bar", values=line.wal_bytes),)
    top = max((value for value in line.wal_bytes if value is not None), default=0)
    if not top:
        return Lane(id="wal", title="WAL", height_px=18, note="not measured")
    return Lane(
        id="wal",
        title="WAL",
        height_px=48,
        series=series,
        legend=(("wal", "written per bucket"),),
        ticks=((0.0, "0"), (float(top), format_bytes(top))),
        top=top * 1.05,
    )


def _linear(id_: str, title: str, height_px: int, series: tuple[Series, ...], most: float) -> Lane:
    ticks = nice_ticks(most)
    return Lane(
        id=id_,
        title=title,
        height_px=height_px,
        series=series,
        legend=tuple((one.key, one.label) for one in series),
        ticks=tuple((tick, f"{tick:,g}") for tick in ticks),
        top=max(ticks[-1], most) * 1.04,
    )


def nice_ticks(most: float, *, number: int = 3) -> tuple[float, ...]:
    """About `number` round values from 0 to `most`; always 0 and one more.

    >>> nice_ticks(640)
    (0, 200, 400, 600)
    """
    raw = max(most, 1) / number
    size = 10 ** math.floor(math.log10(raw))
    step = max(1.0, next((m * size for m in (1, 2, 5, 10) if m * size >= raw * 0.8), size * 10))
    return tuple(step * i for i in range(max(2, int(most / step) + 1)))


def time_ticks(length_s: float, *, most: int = 12) -> tuple[float, ...]:
    """Round seconds from 0 to below `length_s`."""
    step = next((s for s in (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800) if length_s / s <= most), 3600)
    return tuple(float(t) for t in range(0, math.ceil(length_s), step))


def bars_of(rows: Sequence[BarRow]) -> list[tuple[int, Bar]]:
    """Every bar with the number of its row; hatched ones last, so that they are on top."""
    every = [(index, bar) for index, row in enumerate(rows) for bar in row.bars]
    return sorted(every, key=lambda item: item[1].kind in ("wait", "waiting"))
