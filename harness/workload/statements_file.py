"""Reads an export of pg_stat_statements: CSV with a header, or JSON rows."""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from harness.model.errors import SpecError
from harness.model.units import NS_PER_MS, NS_PER_S

_NEEDED: Final = ("query", "calls")
_TIMES: Final = ("total_exec_time", "total_time")  # since version 13, and before
_HOW: Final = (
    "export it with: \\copy (SELECT now() AS exported_at, * FROM pg_stat_statements) TO 'statements.csv' CSV HEADER"
)
_LARGEST_BYTES: Final = 256 * 1024 * 1024  # 5,000 statements (pg_stat_statements.max) of 50 kB each


@dataclass(frozen=True, slots=True)
class RecordedStatement:
    """A normalized statement and what it took in all: `rows` given or changed, `time_ns` of execution."""

    query: str
    calls: int
    rows: int
    time_ns: int


@dataclass(frozen=True, slots=True)
class RecordedStatements:
    """An export: statements that clients sent, by time, and those that functions ran (`nested` of them, left out).

    `since` is when the statistics began, `until` when they were exported; None where the file does not say.
    """

    statements: tuple[RecordedStatement, ...]
    nested: int = 0
    since: datetime | None = None
    until: datetime | None = None

    def window_ns(self) -> int | None:
        """How long was counted; None where the file does not say."""
        if self.since is None or self.until is None or self.until <= self.since:
            return None
        return round((self.until - self.since).total_seconds() * NS_PER_S)


def read_statements(path: Path, *, dbid: str = "") -> RecordedStatements:
    """The export in the file `path`; `dbid` keeps the statements of one database only.

    Statements of several users with the same text are one. SpecError for a file that is no export, or an empty one.
    """
    rows = list(_rows(path))
    if not rows:
        raise SpecError("has no statements", path=path, hint=_HOW)
    missing = [name for name in _NEEDED if name not in rows[0]]
    if missing:
        raise SpecError(
            f"is no export of pg_stat_statements: it has no {' and no '.join(missing)}", path=path, hint=_HOW
        )
    kept = [row for row in rows if not dbid or str(row.get("dbid")) == dbid]
    if not kept:
        raise SpecError(f"has no statements of dbid {dbid}", path=path, hint="SELECT oid, datname FROM pg_database")
    top = [row for row in kept if not _is_false(row.get("toplevel"))]
    found: dict[str, RecordedStatement] = {}
    for number, row in enumerate(top, start=1):
        statement = _statement(row, path=path, number=number)
        known = found.get(statement.query)
        found[statement.query] = statement if known is None else _sum(known, statement)
    since = [moment for row in top if (moment := _moment(row.get("stats_since")))]
    until = [moment for row in top if (moment := _moment(row.get("exported_at")))]
    return RecordedStatements(
        tuple(sorted(found.values(), key=lambda one: (-one.time_ns, -one.calls, one.query))),
        len(kept) - len(top),
        min(since, default=None),
        max(until, default=None),
    )


def _rows(path: Path) -> Iterable[Mapping[str, Any]]:
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise SpecError("is too big for an export of pg_stat_statements", path=path, hint=_HOW)
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise SpecError("is not UTF-8 text", path=path, hint=_HOW) from None
    except OSError as error:
        raise SpecError(f"cannot be read: {error.strerror}", path=path) from None
    return _json(text, path) if text.lstrip()[:1] in ("[", "{") else _csv(text, path)


def _csv(text: str, path: Path) -> list[Mapping[str, Any]]:
    csv.field_size_limit(_LARGEST_BYTES)
    try:
        return [row for row in csv.DictReader(io.StringIO(text, newline="")) if any(row.values())]
    except csv.Error as error:
        raise SpecError(f"cannot be read as CSV: {error}", path=path, hint=_HOW) from None


def _json(text: str, path: Path) -> list[Mapping[str, Any]]:
    """An array of rows, or a row a line."""
    try:
        found = json.loads(text)
    except ValueError:
        try:
            found = [json.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError as error:
            raise SpecError(f"cannot be read as JSON: {error}", path=path, hint=_HOW) from None
    rows = found if isinstance(found, list) else [found]
    if not all(isinstance(row, dict) for row in rows):
        raise SpecError("is JSON, but no list of rows", path=path, hint=_HOW)
    return rows


def _statement(row: Mapping[str, Any], *, path: Path, number: int) -> RecordedStatement:
    try:
        took_ms = next((float(row[name]) for name in _TIMES if row.get(name) not in (None, "")), 0.0)
        time_ns = round(took_ms * NS_PER_MS)
        calls, rows = int(row["calls"]), int(row.get("rows") or 0)
    except (TypeError, ValueError, OverflowError):
        raise SpecError(f"row {number} has no number in calls, rows or total_exec_time", path=path, hint=_HOW) from None
    return RecordedStatement(str(row["query"] or ""), max(0, calls), max(0, rows), max(0, time_ns))


def _sum(one: RecordedStatement, other: RecordedStatement) -> RecordedStatement:
    return RecordedStatement(one.query, one.calls + other.calls, one.rows + other.rows, one.time_ns + other.time_ns)


def _is_false(value: Any) -> bool:
    return value is False or str(value).lower() in ("f", "false")


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(value).strip()) if value else None
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
