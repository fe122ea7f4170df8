"""Columns of UUIDs as PostgreSQL prints them; the permutation is that of `transforms/uuids.py`."""

import numpy as np

from harness.snapshot.anonymize.kernels.columns import is_null
from harness.snapshot.anonymize.kernels.compiling import compiled
from harness.snapshot.anonymize.kernels.fields import Fields
from harness.snapshot.anonymize.kernels.words import Bytes, Places, Words

PRINTED_BYTES = 36
_DASH = ord("-")
_NIBBLE, _SHIFT = np.uint64(0xF), np.uint64(4)
# The value of each lower-case hex digit, 255 for other bytes.
_VALUES = np.full(256, 255, dtype=np.uint8)
_VALUES[list(b"0123456789abcdef")] = range(16)
_DIGITS = np.frombuffer(b"0123456789abcdef", dtype=np.uint8).copy()
_NOT_HEX = 255
_DASHES = (8, 13, 18, 23)


def read_uuids(before: Fields, column: int) -> tuple[Words, Words, Places, Places]:
    """First and second halves, the places they were read at, and the rows that are left."""
    return _read(before.data, before.eights, *before.column(column))


@compiled
def _read(data: Bytes, eights: Words, starts: Places, ends: Places) -> tuple[Words, Words, Places, Places]:
    halves = np.empty((2, len(starts)), dtype=np.uint64)
    places, left = np.empty(len(starts), dtype=np.int64), np.empty(len(starts), dtype=np.int64)
    found, others = 0, 0
    for row in range(len(starts)):
        start, size = starts[row], ends[row] - starts[row]
        if size == PRINTED_BYTES and _parsed(data, start, halves, found):
            places[found] = start
            found += 1
        elif not is_null(eights, start, size):
            left[others] = row
            others += 1
    return halves[0, :found], halves[1, :found], places[:found], left[:others]


@compiled
def _parsed(data: Bytes, start: int, halves: Words, to: int) -> bool:
    digits = 0
    number = np.uint64(0)
    for at in range(PRINTED_BYTES):
        byte = data[start + at]
        if at in _DASHES:
            if byte != _DASH:
                return False
            continue
        if _VALUES[byte] == _NOT_HEX:
            return False
        number = number << _SHIFT | np.uint64(_VALUES[byte])
        digits += 1
        if digits % 16 == 0:
            halves[digits // 16 - 1, to] = number
    return True


@compiled
def write_uuids(data: Bytes, places: Places, first: Words, second: Words) -> None:
    """Write each at its place."""
    for row in range(len(places)):
        number, digits = second[row], 0
        for at in range(PRINTED_BYTES - 1, -1, -1):
            if at in _DASHES:
                continue
            if digits == 16:
                number = first[row]
            data[places[row] + at] = _DIGITS[np.int64(number & _NIBBLE)]
            number >>= _SHIFT
            digits += 1
