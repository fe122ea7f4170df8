"""The target's table of contents: what must not be carried over is left out, what stays is looked through."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from harness.model.errors import SnapshotError
from harness.snapshot.anonymize.rewrite.archive import LARGE_OBJECTS, Archive
from harness.snapshot.anonymize.rewrite.plan import copy_statement
from harness.snapshot.anonymize.rewrite.toc import Entry, Toc, write_toc
from harness.snapshot.header import CUSTOM

# Statistics hold most common values and histograms; the other two hold passwords, and lead to production's servers.
_DROPPED = (b"STATISTICS DATA", b"SUBSCRIPTION", b"SUBSCRIPTION TABLE", b"USER MAPPING")
_ABOUT = (b"COMMENT", b"SECURITY LABEL", b"ACL")
_LITERAL = re.compile(
    r"'(?:[^']|'')*'|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$|--[^\n]*|/\*.*?\*/|\"(?:[^\"]|\"\")*\"", re.DOTALL
)
# Literals that PostgreSQL itself takes for the name of a sequence.
_SEQUENCE = re.compile(r"\b(?:setval|nextval)\('(?:[^']|'')*'")
# pg_dump's own comments, which name the entry.
_TITLES = ("-- Name: ", "-- Data for Name: ", "-- Dumped ", '"')


@dataclass(frozen=True, slots=True)
class Contents:
    """The table of contents to write, its bytes, what was left out ("STATISTICS DATA public.users"), what was moved."""

    toc: Toc
    raw: bytes
    dropped: tuple[str, ...]
    moved: tuple[str, ...] = ()


def target_contents(archive: Archive, *, packing: str, large_objects: str) -> Contents:
    """The target's table of contents: the source's bytes as they are where nothing has to go.

    `large_objects` is "refuse", or "drop" (they stay, empty). SnapshotError where data cannot be rewritten.
    """
    blobs = [entry for entry in archive.toc.entries if entry.has_data and entry.kind == LARGE_OBJECTS]
    if blobs and large_objects != "drop":
        raise SnapshotError(
            "the dump holds large objects, whose content no policy covers",
            hint="leave their content out (--large-objects drop), or make the dump with pg_dump --no-large-objects",
        )
    for entry in archive.toc.entries:
        if entry.has_data and entry.kind not in (b"TABLE DATA", LARGE_OBJECTS, b"STATISTICS DATA"):
            raise SnapshotError(f"the dump holds {entry.kind.decode()} of {entry.table}, which is not known here")
        if entry.kind == b"TABLE DATA" and entry.has_data and not (entry.copy or b"").strip():
            raise _inserts(entry.table)
    kept = archive.toc.without(_is_dropped)
    dropped = [entry for entry in archive.toc.entries if _is_dropped(entry)]
    if archive.toc.format == CUSTOM:
        kept = replace(kept, entries=tuple(_with_file(entry) for entry in kept.entries))
    raw = archive.raw_toc
    if dropped or raw is None or packing != archive.toc.compression:
        raw = write_toc(kept, compression=packing)
    return Contents(kept, raw, tuple(f"{entry.kind.decode()} {entry.table}" for entry in dropped))


def copied_columns(entry: Entry) -> tuple[str, ...]:
    """The columns of the entry's data; none where its COPY names none. SnapshotError where it cannot be read."""
    try:
        return copy_statement((entry.copy or b"").decode())[1]
    except ValueError as error:
        raise SnapshotError(f"the data of {entry.table} cannot be read: {error}") from None


def literals(definition: bytes) -> Iterator[bytes]:
    """What in SQL could quote a value: literals (function bodies are such) and comments, not names and keywords."""
    for match in _LITERAL.finditer(_SEQUENCE.sub("", definition.decode("utf-8", "surrogateescape"))):
        if not match[0].startswith(_TITLES):
            # COPY's escapes, which the leak check would take off, do not apply to SQL.
            yield match[0].replace("''", "'").replace("\\", " ").encode("utf-8", "surrogateescape")


def quoting_texts(toc: Toc) -> Iterator[tuple[str, list[bytes]]]:
    """The place and the literals of every entry that has some."""
    for entry in toc.entries:
        texts = list(literals(entry.definition or b""))
        if texts:
            yield f"schema: {entry.kind.decode()} {entry.table}", texts


def _is_dropped(entry: Entry) -> bool:
    about = (entry.tag or b"").startswith((b"SUBSCRIPTION ", b"USER MAPPING "))
    return entry.kind in _DROPPED or entry.kind == LARGE_OBJECTS or (entry.kind in _ABOUT and about)


def _with_file(entry: Entry) -> Entry:
    return replace(entry, file=f"{entry.dump_id}.dat".encode()) if entry.has_data else entry


def _inserts(table: str) -> SnapshotError:
    return SnapshotError(
        f"the data of {table} is INSERT statements, which are not rewritten here",
        hint="make the dump without --inserts, --column-inserts and --rows-per-insert",
    )
