"""Taking data in: what every kind of source has in common."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from harness import __version__
from harness.model.errors import SnapshotError
from harness.model.units import format_bytes
from harness.postgres.ports import Progress
from harness.snapshot.store.content import digest_files, files_below, keep_private
from harness.snapshot.store.entry import Anonymized, Entry, Source, TableSize, content_digest

DUMP_CONTENT = "dump"
DATA_CONTENT = "data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What was put into the new entry's folder, under `content`, and where it came from; fields as in `Entry`."""

    kind: str
    content: str
    source: Source
    tables: tuple[TableSize, ...] = ()
    schema_only: tuple[str, ...] = ()
    anonymized: Anonymized | None = None
    parent: str = ""
    notes: tuple[str, ...] = ()


def describe_content(
    partial: Path, name: str, taken: Taken, *, limit_bytes: int, on_progress: Progress | None = None
) -> Entry:
    """The entry for what lies in `partial`, made private and digested.

    SnapshotError where it alone is bigger than the store may be.
    """
    content = partial / taken.content
    keep_private(partial)
    found = files_below(content)
    size = sum(file.stat().st_size for file in found)
    if size > limit_bytes:
        raise SnapshotError(
            f"the snapshot takes {format_bytes(size)}, the store may take {format_bytes(limit_bytes)}",
            hint="give a higher --limit, or set REHEARSE_STORE_LIMIT",
        )
    files = digest_files(partial, found, on_progress=on_progress)
    return Entry(
        name=name,
        kind=taken.kind,
        content=taken.content,
        source=taken.source,
        created_at=utc_now(),
        tool_version=__version__,
        digest=content_digest(taken.kind, files),
        size_bytes=size,
        files=files,
        tables=taken.tables,
        schema_only=taken.schema_only,
        anonymized=taken.anonymized,
        parent=taken.parent,
        notes=taken.notes,
    )


def utc_now() -> str:
    """This moment in ISO 8601, to the second, UTC."""
    return dt.datetime.now(dt.UTC).replace(microsecond=0).isoformat()


def named(tables: Iterable[str]) -> tuple[TableSize, ...]:
    """Tables of which nothing but the name is known."""
    return tuple(TableSize(name=table) for table in tables)
