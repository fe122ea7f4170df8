"""Columns of numbers, as `transforms/numbers.py` defines them: whole ones, and decimals of fixed point."""

import numpy as np

from harness.snapshot.anonymize.kernels.columns import Found, is_null
from harness.snapshot.anonymize.kernels.compiling import compiled
from harness.snapshot.anonymize.kernels.fields import Fields
from harness.snapshot.anonymize.kernels.permutation import LANES, Cipher, change
from harness.snapshot.anonymize.kernels.words import LANE, Bytes, Places, Words

_MINUS, _POINT, _0, _9 = ord("-"), ord("."), ord("0"), ord("9")
# The largest of smallint, integer and bigint have so many digits; longer numbers would not fit 64 bits.
_SMALL, _WHOLE, _BIG = 5, 10, 19
_SMALLEST, _MIDDLE, _LARGEST = np.uint64(32767), np.uint64(2147483647), np.uint64(9223372036854775807)


def change_numbers(before: Fields, after: Fields, column: int, cipher: Cipher) -> Places:
    """The column changed, each number again until it stays within its type; the rows that are left."""
    eights = after.eights
    found = _numbers(after.data, eights, *after.column(column))
    places, lengths = found.places, found.lengths
    while len(places):
        change(eights, places, lengths, cipher)
        places, lengths = _wrong(before.data, after.data, places, lengths)
    return found.left


@compiled
def _numbers(data: Bytes, eights: Words, starts: Places, ends: Places) -> Found:
    places, lengths = np.empty(len(starts), dtype=np.int64), np.empty(len(starts), dtype=np.int64)
    left = np.empty(len(starts), dtype=np.int64)
    found, others = 0, 0
    for row in range(len(starts)):
        start, end = starts[row], ends[row]
        form = _form(data, start, end)
        if form > 0:
            # Behind "0." or "-0." only the fraction changes; else all digits do, and the sign steers them.
            digits = start + (data[start] == _MINUS)
            begin = digits + 2 if data[digits] == _0 else start
            places[found], lengths[found] = begin, end - begin
            found += 1
        elif form < 0 and not is_null(eights, start, end - start):
            left[others] = row
            others += 1
    return Found(places[:found], lengths[:found], left[:others])


@compiled
def _form(data: Bytes, start: int, end: int) -> int:
    """1 for a number to change, 0 for one that stays (zero), -1 for what is not known here."""
    digits = start + (end > start and data[start] == _MINUS)
    points, sum_, last = 0, 0, end - 1
    if end <= digits or end - start > LANE * LANES:
        return -1
    for at in range(digits, end):
        if data[at] == _POINT:
            points += 1
            if at in (digits, last):
                return -1
        elif _0 <= data[at] <= _9:
            sum_ += data[at] - _0
        else:
            return -1
    # Forms that PostgreSQL does not print: two points, or a leading zero before other digits.
    odd = points > 1 or (data[digits] == _0 and end - digits > 1 and data[digits + 1] != _POINT)
    return -1 if odd else 1 if sum_ else 0


@compiled
def _wrong(before: Bytes, after: Bytes, places: Places, lengths: Places) -> tuple[Places, Places]:
    """Those that are not what such a number may become."""
    again, sizes = np.empty(len(places), dtype=np.int64), np.empty(len(places), dtype=np.int64)
    count = 0
    for at in range(len(places)):
        if not _stays(before, after, places[at], lengths[at]):
            again[count], sizes[count] = places[at], lengths[at]
            count += 1
    return again[:count], sizes[:count]


@compiled
def _stays(before: Bytes, after: Bytes, place: int, length: int) -> bool:
    # A fraction below 1 comes without its "0.": it may begin with zeros, but not be zero.
    if place >= 2 and before[place - 1] == _POINT:
        for at in range(place, place + length):
            if after[at] != _0:
                return True
        return False
    if after[place + (after[place] == _MINUS)] == _0:
        return False
    return _beyond(before, place, length) == _beyond(after, place, length)


@compiled
def _beyond(data: Bytes, place: int, length: int) -> bool:
    """Whether a whole number lies beyond the integer type that has as many digits; negatives reach one further."""
    negative = data[place] == _MINUS
    digits = length - negative
    if digits not in (_SMALL, _WHOLE, _BIG):
        return False
    number = np.uint64(0)
    for at in range(place + negative, place + length):
        if data[at] == _POINT:
            return False
        number = number * np.uint64(10) + np.uint64(data[at] - _0)
    edge = _SMALLEST if digits == _SMALL else _MIDDLE if digits == _WHOLE else _LARGEST
    return bool(number > edge and not (negative and number == edge + np.uint64(1)))
