"""Columns of values as matrices: values of about the same length together, so that little is filled up with zeros."""

from collections.abc import Callable
from typing import TypeVar

from harness.snapshot.anonymize.lane_keys import LANE
from harness.snapshot.anonymize.transforms.lanes import CHUNK_BYTES

Value = TypeVar("Value", bytes, str)

_NARROW = 32
_TOGETHER = 1.5  # times the content's size: below this sorting by length costs more than it saves


def by_width(values: list[Value], lengths: list[int], change: Callable[[list[Value], int], list[Value]]) -> list[Value]:
    """`change(values, width)` in groups that a width suits, put together in the old order."""
    widest = _width(max(lengths, default=0))
    if widest <= LANE or widest * len(values) <= _TOGETHER * (sum(lengths) + LANE * len(values) // 2):
        return _in_chunks(values, widest, change) if widest else values
    groups: dict[int, list[int]] = {}
    widths = {length: _width(length) for length in set(lengths)}
    for at, length in enumerate(lengths):
        groups.setdefault(widths[length], []).append(at)
    out = list(values)
    for width, places in groups.items():
        if width:
            for at, value in zip(places, _in_chunks([values[at] for at in places], width, change), strict=True):
                out[at] = value
    return out


def _in_chunks(values: list[Value], width: int, change: Callable[[list[Value], int], list[Value]]) -> list[Value]:
    """Chunk by chunk, so that all arrays of a chunk stay in a core's second-level cache."""
    rows = max(1, CHUNK_BYTES // width)
    if len(values) <= rows:
        return change(values, width)
    return [out for begin in range(0, len(values), rows) for out in change(values[begin : begin + rows], width)]


def _lanes(length: int) -> int:
    return (length + LANE - 1) & -LANE


def _width(length: int) -> int:
    """The length rounded up: to whole lanes while short, then to a quarter of a power of two."""
    if length <= _NARROW:
        return _lanes(length)
    step = 1 << (length - 1).bit_length() - 3
    return -(-length // step) * step
