"""Numbers with their order kept: a strictly increasing keyed function, a little steeper than the identity.

Over a finite type the only strictly increasing function onto it is the identity, so values have to grow: the slope lies
between 1 and 1 + 1/GROWTH, chosen by the key in each of 16 pieces of every power of two. What would pass CAP of the
type's largest number stays below it (ties are possible only there), and what lies beyond CAP stays itself: so the
result is always valid. Sign, scale (digits after the point), zero, NaN and the infinities are kept.
"""

import functools
import re
from bisect import bisect_right

import numpy as np
from numpy.typing import NDArray

from harness.snapshot.anonymize.transforms.keyed import number

GROWTH = 4
"""A value grows by less than this part of itself: enough to hide an amount, little enough to keep its scale."""

_CAP = 15, 16
_PIECES = 16
_SHIFT = 16
_BITS = 62
_DECIMAL = re.compile(rb"(-?)([0-9]+)(?:\.([0-9]+))?")
_SPECIAL = frozenset({b"NaN", b"Infinity", b"-Infinity"})
_LARGEST = {"smallint": (1 << 15) - 1, "integer": (1 << 31) - 1, "bigint": (1 << 63) - 1}
_NUMERIC = re.compile(r"numeric\((\d+),?(-?\d+)?\)")
Integers = NDArray[np.int64]
_FEW = 8
_LONGEST = 18  # characters: their digits grown by a quarter pass no 63 bits
_MINUS = ord("-")


class Ordered:
    """`type_` is the SQL type as written, for its bounds. ValueError where the text is no decimal number."""

    def __init__(self, subkey: bytes, *, type_: str) -> None:
        self._starts, self._bases, self._slopes = _pieces(subkey)
        self._largest = _bound(type_)
        self._arrays = tuple(np.array(one, dtype=np.int64) for one in (self._starts, self._bases, self._slopes))

    def __call__(self, value: bytes) -> bytes:
        """The number that stands for `value`."""
        if value in _SPECIAL:
            return value
        match = _DECIMAL.fullmatch(value)
        if match is None:
            raise ValueError("not a decimal number")
        sign, whole, fraction = match.groups(b"")
        digits = whole + fraction
        changed = str(self._grown(int(digits))).encode()
        if not fraction:
            return sign + changed
        changed = changed.rjust(len(fraction) + 1, b"0")
        return b"".join((sign, changed[: -len(fraction)], b".", changed[-len(fraction) :]))

    def many(self, values: list[bytes]) -> list[bytes]:
        """The same for each of `values`; by columns where all have the same scale."""
        scale = len(values[0].partition(b".")[2]) if values else 0
        lines = b"\n".join((*values, b""))
        if len(values) < _FEW or max(map(len, values)) > _LONGEST or not _column(scale).fullmatch(lines):
            return [self(value) for value in values]
        digits = lines.replace(b".", b"").replace(b"-", b"")
        magnitudes = np.array(list(map(int, digits.split())), dtype=np.int64)
        starts, bases, slopes = self._arrays
        piece = np.searchsorted(starts, magnitudes, side="right") - 1
        offset = magnitudes - starts[piece]
        grown = bases[piece] + offset + (_scaled(offset, slopes[piece]))
        if self._largest:
            cap = min(self._largest * _CAP[0] // _CAP[1], _LARGEST["bigint"])
            grown = np.maximum(magnitudes, np.minimum(grown, cap))
        form = b"%%d.%%0%dd" % scale if scale else b"%d"
        parts = zip(*(part.tolist() for part in np.divmod(grown, 10**scale)), strict=True) if scale else grown.tolist()
        if b"-" not in lines:
            return [form % part for part in parts]
        return [
            b"-" + form % part if value[0] == _MINUS else form % part for value, part in zip(values, parts, strict=True)
        ]

    def _grown(self, magnitude: int) -> int:
        piece = bisect_right(self._starts, magnitude) - 1
        offset = magnitude - self._starts[piece]
        grown = self._bases[piece] + offset + (offset * self._slopes[piece] >> _SHIFT)
        if not self._largest:
            return grown
        return max(magnitude, min(grown, self._largest * _CAP[0] // _CAP[1]))


@functools.cache
def _column(scale: int) -> re.Pattern[bytes]:
    """A column of numbers with `scale` digits after the point."""
    fraction = rb"\.[0-9]{%d}" % scale if scale else b""
    return re.compile(rb"(?:-?[0-9]+" + fraction + rb"\n)*+")


def _scaled(offset: Integers, slope: Integers) -> Integers:
    """offset * slope / 2^16 without passing 63 bits: high and low part apart."""
    high, low = offset >> _SHIFT, offset & ((1 << _SHIFT) - 1)
    scaled: Integers = high * slope + (low * slope >> _SHIFT)
    return scaled


def _pieces(subkey: bytes) -> tuple[list[int], list[int], list[int]]:
    """Where each piece starts, what its start becomes, and by how many 2^16ths of itself an offset in it grows."""
    starts = list(range(_PIECES))
    for bit in range(_PIECES.bit_length() - 1, _BITS):
        starts += [(1 << bit) + (part << bit) // _PIECES for part in range(_PIECES)]
    slopes = [number(b"%d" % at, subkey, b"ordered") % ((1 << _SHIFT) // GROWTH) for at in range(len(starts))]
    bases = [0]
    for at in range(1, len(starts)):
        width = starts[at] - starts[at - 1]
        # A piece of one number alone cannot show its slope: the key decides whether a number is left out after it.
        extra = width * slopes[at - 1] >> _SHIFT if width > 1 else int(slopes[at - 1] % GROWTH == 0)
        bases.append(bases[-1] + width + extra)
    return starts, bases, slopes


def _bound(type_: str) -> int:
    """The largest number of the type, without its point; 0 where there is none."""
    match = _NUMERIC.fullmatch(type_)
    if match is None:
        return _LARGEST.get(type_, 0)
    return int(10 ** int(match[1])) - 1
