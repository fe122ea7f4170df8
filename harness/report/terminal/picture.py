"""The picture: four lines of characters over one time axis that show the stall at a glance."""

import math
from collections.abc import Callable, Sequence

from harness.model.units import format_duration
from harness.report.terminal.canvas import Canvas
from harness.report.view.status import Status
from harness.report.view.timeline import TimelineView

_LEVELS = "▁▂▃▄▅▆▇█"
_NOTHING = "·"
_LABEL = 13
_SUFFIX = 18
_SMALLEST_CHART = 20
_TICK_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
_COLUMNS_PER_TICK = 9
_QUIET_RATIO = 20
"""Two orders of magnitude are a stall, a factor of three is noise: a quiet run must look flat."""


def picture(line: TimelineView, canvas: Canvas) -> list[str]:
    """Axis, completed, p99 on a log scale, statements, blocked actors."""
    width = max(_SMALLEST_CHART, canvas.width - _LABEL - _SUFFIX)
    width = min(width, len(line.starts_s)) if len(line.starts_s) >= _SMALLEST_CHART else width
    completed = rebin(line.completed_per_s, width, _mean)
    p99 = rebin(line.p99_ms, width, _worst)
    blocked = rebin(line.blocked, width, _worst)
    worst_ms = max((value for value in line.p99_ms if value is not None), default=None)
    top = "" if worst_ms is None else f"max {_latency(worst_ms)}"
    most = f"max {max(line.blocked, default=0)} of {line.actors}"
    rows = [
        ("", axis(line.length_s, width), ""),
        ("completed", linear(completed, max([2 * line.rate, *(v or 0 for v in completed)])), f"of {line.rate:g} ops/s"),
        ("p99 (log)", logarithmic(p99), top),
        ("statements", statement_marks(line, width), ""),
        ("blocked", linear(blocked, line.actors), most),
    ]
    return [_row(canvas, label, chart, suffix, line) for label, chart, suffix in rows]


def _row(canvas: Canvas, label: str, chart: str, suffix: str, line: TimelineView) -> str:
    head = f"  {label:<{_LABEL - 2}}"
    body = canvas.text(chart)
    if label == "blocked" and any(line.blocked):
        body = canvas.paint(body, Status.FAIL)
    text = head + body + ("   " + canvas.dim(canvas.text(suffix)) if suffix else "")
    return text.rstrip()


def _latency(value_ms: float) -> str:
    return f"{value_ms / 1000:.2f} s" if value_ms >= 1000 else format_duration(round(value_ms * 1e6))


def rebin(values: Sequence[float | None], width: int, join: Callable[[list[float]], float]) -> tuple[float | None, ...]:
    """`values` in `width` columns; None where a column has no value at all."""
    result: list[float | None] = []
    for column in range(width):
        first = column * len(values) // width
        last = max(first + 1, (column + 1) * len(values) // width)
        known = [value for value in values[first:last] if value is not None]
        result.append(join(known) if known else None)
    return tuple(result)


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _worst(values: list[float]) -> float:
    return max(values)


def linear(values: Sequence[float | None], top: float) -> str:
    """Eight levels up to `top`; zero is a dot, a gap a space.

    >>> linear([0, 1, 8, None], 8)
    '·▁█ '
    """
    return "".join(_level(value, top) for value in values)


def _level(value: float | None, top: float) -> str:
    if value is None:
        return " "
    if value <= 0 or top <= 0:
        return _NOTHING
    return _LEVELS[min(7, max(0, math.ceil(8 * value / top) - 1))]


def logarithmic(values: Sequence[float | None]) -> str:
    """Eight levels between the smallest and the largest logarithm, a factor of 20 at least; a gap is a space.

    >>> logarithmic([1, 1000, None, 1])
    '▁█ ▁'
    """
    known = [value for value in values if value is not None and value > 0]
    if not known:
        return " " * len(values)
    low, high = math.log(min(known)), math.log(max(known))
    spread = max(high - low, math.log(_QUIET_RATIO))
    return "".join(
        " " if value is None or value <= 0 else _LEVELS[min(7, int(8 * (math.log(value) - low) / spread))]
        for value in values
    )


def axis(length_s: float, width: int) -> str:
    """Times in seconds at their column, as many as have room.

    >>> axis(10, 30)
    '0 s            5 s'
    """
    fitting = max(1, width // _COLUMNS_PER_TICK)
    step = next((step for step in _TICK_STEPS_S if length_s / step <= fitting), _TICK_STEPS_S[-1])
    text = ""
    for tick in range(0, math.ceil(length_s), step):
        label = f"{tick} s"
        column = int(tick / length_s * width)
        if column + len(label) <= width:
            text = text.ljust(column) + label
    return text


def statement_marks(line: TimelineView, width: int) -> str:
    """Each statement's id where it began and a stroke to where it ended; an id without room is left out."""
    cells = [" "] * width
    for row in line.statements:
        bars = [bar for bar in row.bars if bar.kind in ("run", "failed", "wait")]
        name = next((bar.label for bar in bars if bar.label), "")
        if not name:
            continue
        first = min(width - 1, int(min(bar.from_s for bar in bars) / line.length_s * width))
        last = min(width - 1, int(max(bar.to_s for bar in bars) / line.length_s * width))
        while first < width and cells[first] != " ":
            first += 1
        if first + len(name) > width:
            continue
        cells[first : first + len(name)] = list(name)
        for column in range(first + len(name), last + 1):
            cells[column] = "━"
    return "".join(cells)
