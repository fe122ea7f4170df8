"""Dates and timestamps moved by whole weeks: weekday, time of day, precision and offset stay, and so do intervals.

One shift for all values of a domain keeps their order; one per subject (a customer, a patient) keeps it within each.
The shift is 1 to WEEKS weeks to either side. The infinities, years before FIRST_YEAR and from LAST_YEAR on (0001-01-01,
9999-12-31: what applications write for "none") and dates BC stay, so that the result is always a valid date.
"""

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING

from harness.snapshot.anonymize.transforms.keyed import number

if TYPE_CHECKING:
    from harness.snapshot.anonymize.kernels.fields import Fields
    from harness.snapshot.anonymize.kernels.words import Places

WEEKS = 26
FIRST_YEAR, LAST_YEAR = 100, 9000
_DAY = re.compile(rb"([0-9]{4,7})-([0-9]{2})-([0-9]{2})")
_TIME = rb"(?:[ T][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:Z|[-+][0-9:]{2,8})?)?"
_REST = re.compile(_TIME + rb"(?: BC)?")
_COLUMN = re.compile(rb"(?:[0-9]{4}-[0-9]{2}-[0-9]{2}" + _TIME + rb"\n)*+")
_SPECIAL = frozenset({b"infinity", b"-infinity"})
_DAY_BYTES = 10
_SUBJECTS = 1 << 16


class Dates:
    """ISO dates and timestamps, with or without time zone, as pg_dump writes them; ValueError for others."""

    def __init__(self, subkey: bytes) -> None:
        self._subkey = subkey
        self._shift = _shift(subkey, b"")
        self._days = _Days(self._shift)
        self._subjects: dict[bytes, _Days] = {}

    def __call__(self, value: bytes) -> bytes:
        """The date that stands for `value`, by the domain's own shift."""
        return _moved(value, self._days)

    def many(self, values: list[bytes]) -> list[bytes]:
        """The same for each of `values`."""
        if _COLUMN.fullmatch(b"\n".join((*values, b""))) is None:
            return [self(value) for value in values]
        days = self._days
        return [days[value[:_DAY_BYTES]] + value[_DAY_BYTES:] for value in values]

    def change_fields(self, before: "Fields", after: "Fields", column: int) -> "Places":  # noqa: ARG002 - as InPlace
        """The same for the column of a block."""
        from harness.snapshot.anonymize.kernels.dates import change_dates

        return change_dates(after, column, days=self._shift.days, years=(FIRST_YEAR, LAST_YEAR))

    def for_subject(self, value: bytes, subject: bytes | None) -> bytes:
        """The date that stands for `value` of a subject (its value before anonymizing); None: the domain's shift."""
        if subject is None:
            return self(value)
        days = self._subjects.get(subject)
        if days is None:
            if len(self._subjects) >= _SUBJECTS:
                self._subjects.clear()
            days = self._subjects[subject] = _Days(_shift(self._subkey, subject))
        return _moved(value, days)

    def for_subjects(self, values: list[bytes], subjects: list[bytes | None]) -> list[bytes]:
        """The same for each of `values`, each with the subject in the same place."""
        return [self.for_subject(value, subject) for value, subject in zip(values, subjects, strict=True)]


class _Days(dict[bytes, bytes]):
    """Days as written, each with the day that stands for it: there are few, whatever the number of rows."""

    def __init__(self, shift: timedelta) -> None:
        super().__init__()
        self._shift = shift

    def __missing__(self, day: bytes) -> bytes:
        match = _DAY.fullmatch(day)
        if match is None:
            raise ValueError("not a date")
        changed = day
        year, month, of_month = map(int, match.groups())
        if FIRST_YEAR <= year < LAST_YEAR:
            try:
                changed = (date(year, month, of_month) + self._shift).isoformat().encode()
            except ValueError:
                raise ValueError("not a date") from None
        self[day] = changed
        return changed


def _shift(subkey: bytes, subject: bytes) -> timedelta:
    drawn = number(subject, subkey, b"weeks") % (2 * WEEKS)
    return timedelta(weeks=drawn + 1 if drawn < WEEKS else WEEKS - 1 - drawn)


def _moved(value: bytes, days: _Days) -> bytes:
    if value in _SPECIAL:
        return value
    match = _DAY.match(value)
    if match is None or _REST.fullmatch(value, match.end()) is None:
        raise ValueError("not a date or timestamp in ISO form")
    return value if value.endswith(b" BC") else days[match[0]] + value[match.end() :]
