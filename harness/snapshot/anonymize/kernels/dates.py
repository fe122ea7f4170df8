"""Columns of dates and timestamps moved by one shift, as `transforms/dates.py` defines it."""

import numpy as np

from harness.snapshot.anonymize.kernels.columns import is_null
from harness.snapshot.anonymize.kernels.compiling import compiled
from harness.snapshot.anonymize.kernels.fields import Fields
from harness.snapshot.anonymize.kernels.words import Bytes, Places, Words

_DAY_BYTES, _HOUR_BYTES, _SECOND_BYTES = 10, 16, 19
_FRACTION, _ZONE = 9, (2, 8)
_0, _9, _MINUS, _PLUS, _COLON, _POINT, _BLANK, _T, _Z = (ord(sign) for sign in "09-+:. TZ")
_DAYS_400_YEARS = 146_097
_LENGTHS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], dtype=np.int64)
_FEBRUARY = 2


def change_dates(after: Fields, column: int, *, days: int, years: tuple[int, int]) -> Places:
    """The column moved by `days`, but for years before the first and from the second of `years` on; the rows left."""
    return _moved(after.data, after.eights, *after.column(column), days, *years)


@compiled
def _moved(data: Bytes, eights: Words, starts: Places, ends: Places, days: int, first: int, last: int) -> Places:
    left = np.empty(len(starts), dtype=np.int64)
    others = 0
    for row in range(len(starts)):
        start, end = starts[row], ends[row]
        if _is_moment(data, start, end):
            year, month, day = _number(data, start, 4), _number(data, start + 5, 2), _number(data, start + 8, 2)
            if not first <= year < last:
                continue
            if 1 <= month <= len(_LENGTHS) and 1 <= day <= _days_of(year, month):
                _write(data, start, *_date_of(_day_number(year, month, day) + days))
                continue
        if not is_null(eights, start, end - start):
            left[others] = row
            others += 1
    return left[:others]


@compiled
def _is_moment(data: Bytes, start: int, end: int) -> bool:
    """Whether the text is a date of four digits a year, or one with a time, and perhaps an offset, behind it."""
    size = end - start
    if size < _DAY_BYTES or not _has_form(data, start, b"0000-00-00"):
        return False
    if size == _DAY_BYTES:
        return True
    if data[start + _DAY_BYTES] not in (_BLANK, _T) or size < _HOUR_BYTES:
        return False
    if not _has_form(data, start + _DAY_BYTES + 1, b"00:00"):
        return False
    at = start + _HOUR_BYTES
    if at < end and data[at] == _COLON:
        if size < _SECOND_BYTES or not _has_form(data, at, b":00"):
            return False
        at += 3
        if at < end and data[at] == _POINT:
            begin = at + 1
            at = begin
            while at < end and _0 <= data[at] <= _9:
                at += 1
            if not 1 <= at - begin <= _FRACTION:
                return False
    return _is_zone(data, at, end)


@compiled
def _is_zone(data: Bytes, start: int, end: int) -> bool:
    if start == end or (data[start] == _Z and end - start == 1):
        return True
    if data[start] not in (_PLUS, _MINUS) or not _ZONE[0] <= end - start - 1 <= _ZONE[1]:
        return False
    for at in range(start + 1, end):
        if not (_0 <= data[at] <= _9 or data[at] == _COLON):
            return False
    return True


@compiled
def _has_form(data: Bytes, start: int, form: bytes) -> bool:
    """Whether digits stand where `form` has a 0, and its signs elsewhere."""
    for at in range(len(form)):
        byte = data[start + at]
        if not (_0 <= byte <= _9 if form[at] == _0 else byte == form[at]):
            return False
    return True


@compiled
def _number(data: Bytes, start: int, size: int) -> int:
    number = 0
    for at in range(start, start + size):
        number = number * 10 + int(data[at]) - _0
    return number


@compiled
def _days_of(year: int, month: int) -> int:
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return int(_LENGTHS[month - 1]) + (month == _FEBRUARY and leap)


@compiled
def _day_number(year: int, month: int, day: int) -> int:
    """Days since the first of March of the year 0, in the Gregorian calendar without end."""
    years, months = (year, month - 3) if month > _FEBRUARY else (year - 1, month + 9)
    return years * 365 + years // 4 - years // 100 + years // 400 + (153 * months + 2) // 5 + day - 1


@compiled
def _date_of(number: int) -> tuple[int, int, int]:
    """The inverse of `_day_number` (Hinnant, chrono-compatible low-level date algorithms, `civil_from_days`)."""
    era, of_era = number // _DAYS_400_YEARS, number % _DAYS_400_YEARS
    years = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * years + years // 4 - years // 100)
    months = (5 * of_year + 2) // 153
    month = months + 3 if months < 10 else months - 9
    return era * 400 + years + (month <= _FEBRUARY), month, of_year - (153 * months + 2) // 5 + 1


@compiled
def _write(data: Bytes, start: int, year: int, month: int, day: int) -> None:
    for at in range(4):
        data[start + 3 - at] = _0 + year % 10
        year //= 10
    data[start + 5], data[start + 6] = _0 + month // 10, _0 + month % 10
    data[start + 8], data[start + 9] = _0 + day // 10, _0 + day % 10
