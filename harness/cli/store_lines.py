"""Stored snapshots in words."""

import datetime as dt
import time
from collections.abc import Sequence
from typing import Final

from harness.model.units import format_bytes
from harness.snapshot.store.entry import TableSize
from harness.snapshot.store.room import Used
from harness.snapshot.store.shelf import Stored

_HEAD: Final = ("name", "kind", "size", "age", "rows", "anonymized", "last used")
_COLUMN: Final = 14
_DAY_S: Final = 86_400
_DIGEST_SHOWN: Final = 16
_TABLES_SHOWN: Final = 5


def listing(stored: Sequence[Stored], *, used: Used) -> list[str]:
    """A table of what is stored, and how full the store is."""
    if not stored:
        return ["nothing is stored; `rehearse snapshot create` takes in a database, a dump or a server's files"]
    rows = [_HEAD, *(_row(one) for one in stored)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = ["  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return [*lines, describe_used(used)]


def describe_used(used: Used) -> str:
    """How much of its limit the store takes."""
    copies = f" and prepared copies {format_bytes(used.copies_bytes)}" if used.copies_bytes else ""
    return f"snapshots {format_bytes(used.entries_bytes)}{copies}, of {format_bytes(used.limit_bytes)}"


def details(stored: Stored) -> list[str]:
    """Where a snapshot came from and what it holds, a line a thing."""
    entry, source = stored.entry, stored.entry.source
    dumped = f", dumped by pg_dump {source.dump_version}" if source.dump_version else ""
    files = _counted(len(entry.files), "file")
    lines = [
        f"snapshot {stored.name}: {entry.kind}, {format_bytes(entry.size_bytes)} in {files}",
        _line("from", f"{source.kind}, PostgreSQL {source.server_version or 'unknown'}{dumped}"),
    ]
    if source.taken_at:
        lines.append(_line("taken at", source.taken_at))
    if entry.tables:
        rows = f", about {entry.rows:,} rows" if entry.rows is not None else ""
        lines.append(_line("tables", f"{len(entry.tables)}{rows}"))
        largest = sorted(entry.tables, key=lambda table: -(table.size_bytes or 0))
        lines += [_line("", _table(table)) for table in largest[:_TABLES_SHOWN]]
    if entry.schema_only:
        lines.append(_line("without rows", ", ".join(entry.schema_only)))
    if entry.anonymized:
        digest = entry.anonymized.policy_digest[:_DIGEST_SHOWN]
        key = f"key {entry.anonymized.key_fingerprint} ({entry.anonymized.key})"
        lines.append(_line("anonymized", f"by policy {digest}, {key}"))
    if entry.parent:
        lines.append(_line("made from", f"snapshot {entry.parent[:_DIGEST_SHOWN]}"))
    lines += [_line("note", note) for note in entry.notes]
    lines.append(_line("digest", entry.digest))
    lines.append(_line("stored at", f"{entry.created_at} by rehearse {entry.tool_version}"))
    return lines


def _table(table: TableSize) -> str:
    return f"{table.name}  {format_bytes(table.size_bytes)}" if table.size_bytes else table.name


def _row(stored: Stored) -> tuple[str, ...]:
    entry = stored.entry
    return (
        stored.name,
        entry.kind,
        format_bytes(entry.size_bytes),
        ago(time.time() - dt.datetime.fromisoformat(entry.created_at).timestamp()),
        f"{entry.rows:,}" if entry.rows is not None else "",
        "yes" if entry.anonymized else "no",
        f"{ago(time.time() - stored.last_used_s)} ago" if stored.last_used_s else "",
    )


def ago(seconds: float) -> str:
    """An age for people.

    >>> ago(42), ago(3 * 3600), ago(9 * 86400)
    ('42 s', '3 h', '9 days')
    """
    if seconds >= 2 * _DAY_S:
        return f"{seconds / _DAY_S:.0f} days"
    if seconds >= 2 * 3600:
        return f"{seconds / 3600:.0f} h"
    return f"{seconds / 60:.0f} min" if seconds >= 120 else f"{max(seconds, 0):.0f} s"


def _line(label: str, text: str) -> str:
    return f"  {label:{_COLUMN}}{text}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
