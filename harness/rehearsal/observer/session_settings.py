"""The timeouts in force in a session, followed through its own SET statements."""

import re
from collections.abc import Iterable

from harness.model.units import NS_PER_MS, parse_duration
from harness.rehearsal.observer.statement_text import Part

_NAMES = ("lock_timeout", "statement_timeout")
_SET = re.compile(
    r"^\s*SET\s+(?:(?P<scope>LOCAL|SESSION)\s+)?(?P<name>lock_timeout|statement_timeout)\s*(?:=|\bTO\b)\s*'?(?P<value>[^';]+)",
    re.IGNORECASE,
)


class SessionSettings:
    """lock_timeout and statement_timeout in milliseconds, 0 for none, None where not known."""

    def __init__(self, lock_timeout_ms: int | None, statement_timeout_ms: int | None) -> None:
        self._default = dict(zip(_NAMES, (lock_timeout_ms, statement_timeout_ms), strict=True))
        self._session = dict(self._default)
        self._local: dict[str, int | None] = {}

    def in_force(self, parts: Iterable[Part]) -> tuple[int | None, int | None]:
        """Both timeouts for the statements of a query string: what it sets itself counts for it."""
        own: dict[str, int | None] = {}
        for part in parts:
            if found := _SET.match(part.sql):
                own[found["name"].lower()] = self._value(found)
        now = {**self._session, **self._local, **own}
        return now["lock_timeout"], now["statement_timeout"]

    def apply(self, parts: Iterable[Part]) -> None:
        """Follow the SETs of a query string that succeeded."""
        for part in parts:
            found = _SET.match(part.sql)
            if found is None:
                continue
            if (found["scope"] or "").upper() == "LOCAL":
                self._local[found["name"].lower()] = self._value(found)
            else:
                self._local.pop(found["name"].lower(), None)
                self._session[found["name"].lower()] = self._value(found)

    def transaction_ended(self) -> None:
        """SET LOCAL lasts as long as its transaction."""
        self._local.clear()

    def _value(self, found: re.Match[str]) -> int | None:
        value = found["value"].strip()
        if value.upper() == "DEFAULT":
            return self._default[found["name"].lower()]
        # Without a unit both settings count milliseconds (manual, section 19.11.1).
        if value.isdigit():
            return int(value)
        try:
            return parse_duration(value) // NS_PER_MS
        except ValueError:
            return None
