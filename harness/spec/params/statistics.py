"""Draws like a column: by its most common values and its histogram."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import accumulate
from random import Random
from typing import Final

from harness.spec.params.sources import ColumnStatistics, Scale

_MICROSECOND: Final = timedelta(microseconds=1)
_MOST_DIGITS: Final = 17  # what tells any two doubles apart


def fitted_draw(statistics: ColumnStatistics | None, sampled: Sequence[str]) -> Callable[[Random], str]:
    """Common values by their share of the rows that are not NULL, the others evenly over those sampled.

    Without statistics each sampled row is as likely, which is the column's own distribution too, if a coarser one.
    """
    if statistics is None or not statistics.common:
        return lambda random: sampled[int(random.random() * len(sampled))]
    common, known = statistics.common, 1.0 - statistics.null_share
    ends = list(accumulate(share / known for share in statistics.shares))
    others = sorted(set(sampled) - set(common))
    total = 1.0 if others else ends[-1]
    count, last = len(others), len(common) - 1

    def draw(random: Random) -> str:
        place = random.random() * total
        index = bisect_right(ends, place)
        if index <= last:
            return common[index]
        return others[int(random.random() * count)] if count else common[last]

    return draw


def statistics_draw(statistics: ColumnStatistics) -> Callable[[Random], str | None]:
    """Values as pg_stats describes them: NULL, a common value, or one between two bounds of the histogram."""
    common, bounds = statistics.common, statistics.bounds
    ends = list(accumulate(statistics.shares, initial=statistics.null_share))
    between = _between(statistics.scale, bounds) if bounds else None
    total = 1.0 if between else ends[-1]

    def draw(random: Random) -> str | None:
        index = bisect_right(ends, random.random() * total)
        if index == 0:
            return None
        if index <= len(common):
            return common[index - 1]
        return between(random) if between else common[-1] if common else None

    return draw


def may_be_null(statistics: ColumnStatistics) -> bool:
    """Whether `statistics_draw` gives NULL now and then."""
    return statistics.null_share > 0 or not (statistics.common or statistics.bounds)


def _between(scale: Scale, bounds: Sequence[str]) -> Callable[[Random], str]:
    """A value of the histogram: each bucket holds as many rows; inside of one, values lie evenly."""
    if len(bounds) < 2 or scale is Scale.NONE:
        return _one_of(bounds)
    try:
        return _INTERPOLATED[scale](bounds)
    except (ValueError, OverflowError, InvalidOperation):  # infinity, NaN, a year before Christ: no straight line
        return _one_of(bounds)


def _one_of(bounds: Sequence[str]) -> Callable[[Random], str]:
    return lambda random: bounds[int(random.random() * len(bounds))]


def _integers(bounds: Sequence[str]) -> Callable[[Random], str]:
    numbers = [int(bound) for bound in bounds]

    def draw(random: Random) -> str:
        bucket = int(random.random() * (len(numbers) - 1))
        low, high = numbers[bucket], numbers[bucket + 1]
        return str(min(high, low + int(random.random() * (high - low + 1))))

    return draw


def _numbers(bounds: Sequence[str]) -> Callable[[Random], str]:
    """With as many decimals as the bounds have."""
    exact = [Decimal(bound) for bound in bounds]
    if not all(number.is_finite() for number in exact):
        raise ValueError("no straight line to infinity")
    digits = min(_MOST_DIGITS, max(0, *(-int(number.as_tuple().exponent) for number in exact)))
    numbers = [float(number) for number in exact]

    def draw(random: Random) -> str:
        bucket = int(random.random() * (len(numbers) - 1))
        low, high = numbers[bucket], numbers[bucket + 1]
        return f"{low + random.random() * (high - low):.{digits}f}"

    return draw


def _dates(bounds: Sequence[str]) -> Callable[[Random], str]:
    days = _integers([str(date.fromisoformat(bound).toordinal()) for bound in bounds])
    return lambda random: date.fromordinal(int(days(random))).isoformat()


def _timestamps(bounds: Sequence[str]) -> Callable[[Random], str]:
    times = [datetime.fromisoformat(bound) for bound in bounds]
    first = times[0]
    offsets = _integers([str((time - first) // _MICROSECOND) for time in times])
    return lambda random: (first + int(offsets(random)) * _MICROSECOND).isoformat(sep=" ")


_INTERPOLATED: Final = {
    Scale.INTEGER: _integers,
    Scale.NUMBER: _numbers,
    Scale.DATE: _dates,
    Scale.TIMESTAMP: _timestamps,
}
