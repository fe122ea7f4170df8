"""Plain SQL dumps by stream: the rows of each COPY rewritten, everything else carried over and looked through."""

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.model.errors import SnapshotError
from harness.snapshot.anonymize.rewrite.contents import literals
from harness.snapshot.anonymize.rewrite.lines import BLOCK_BYTES
from harness.snapshot.streams import truncated

_COPY = re.compile(rb"^COPY [^\n]* FROM stdin;\r?\n", re.MULTILINE)
_END = re.compile(rb"(?:\A|(?<=\n))\\\.\r?\n")
# As long as the end of the rows, cut anywhere, can be.
_END_BYTES = 5
# Schemas are a few megabytes; more SQL without a COPY in between is data in another form.
_MOST_SQL = 64 * 1024 * 1024
_NAMED = re.compile(
    rb"^-- (?:Data for )?Name: (?P<name>.*?); Type: (?P<type>.*?); Schema: (?P<schema>.*?);", re.MULTILINE
)
_QUOTED = re.compile(rb"'(?:[^']|'')*'|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$|--[^\n]*|/\*.*?\*/", re.DOTALL)
_REFUSED = (
    (rb"^INSERT INTO ", "INSERT statements", "make the dump without --inserts and --column-inserts"),
    (rb"\blo_create\(|\blowrite\(", "large objects", "make the dump with --no-large-objects"),
    (rb"\bpg_restore_\w+_stats\(", "statistics, which hold values", "make the dump without --statistics"),
    (rb"^CREATE (?:SUBSCRIPTION|USER MAPPING)\b", "connections with passwords", "leave them out of the dump"),
)


@dataclass(frozen=True, slots=True)
class Sql:
    """SQL up to and with the next COPY statement, or to the end."""

    text: bytes


@dataclass(frozen=True, slots=True)
class Rows:
    """A block of whole rows of the COPY statement `copy` ("COPY t (a, b) FROM stdin;")."""

    copy: str
    block: bytes


def segments(pieces: Iterator[bytes], *, path: Path) -> Iterator[Sql | Rows]:
    """The text in order; joined, it is what was read. RestoreError where it ends inside a table's rows."""
    buffer = b""
    for piece in pieces:
        buffer += piece
        while match := _COPY.search(buffer):
            yield Sql(buffer[: match.end()])
            statement = match[0].decode("utf-8", "surrogateescape").rstrip()
            rest = buffer[match.end() :]
            buffer = yield from _rows(rest, pieces, statement, path=path)
        if len(buffer) > _MOST_SQL:
            raise SnapshotError(
                f"{path} holds more SQL than a schema has: its data is not COPY statements", hint=_REFUSED[0][2]
            )
    yield Sql(buffer)


def check_sql(text: bytes, *, path: Path) -> None:
    """SnapshotError where SQL holds data in a form that is not rewritten."""
    bare = _QUOTED.sub(b"''", text)
    for pattern, what, hint in _REFUSED:
        if re.search(pattern, bare, re.MULTILINE):
            raise SnapshotError(f"{path} holds {what}, which are not rewritten in plain SQL", hint=hint)


def quoting_sql(text: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """The literals of SQL by the entry that pg_dump's comment above them names."""
    titles = list(_NAMED.finditer(text))
    begins = [0, *(title.start() for title in titles)]
    ends = [*(title.start() for title in titles), len(text)]
    for title, begin, end in zip([None, *titles], begins, ends, strict=True):
        place = "schema: the SQL's beginning"
        if title is not None:
            name, kind, schema = (title[part].decode("utf-8", "replace") for part in ("name", "type", "schema"))
            place = f"schema: {kind} {schema}.{name}"
        if found := list(literals(text[begin:end])):
            yield place, found


def _rows(rest: bytes, pieces: Iterator[bytes], copy: str, *, path: Path) -> Generator[Rows, None, bytes]:
    """Blocks of rows up to the end of the data; gives back what was read beyond it."""
    waiting = [rest]
    held = len(rest)
    while True:
        data = b"".join(waiting)
        if end := _END.search(data):
            if end.start():
                yield Rows(copy, data[: end.start()])
            return data[end.start() :]
        if held >= BLOCK_BYTES and (cut := data.rfind(b"\n", 0, len(data) - _END_BYTES) + 1):
            yield Rows(copy, data[:cut])
            data = data[cut:]
        waiting, held = [data], len(data)
        while True:
            piece = next(pieces, b"")
            if not piece:
                raise truncated(path, "it ends in the middle of a table's rows")
            waiting.append(piece)
            held += len(piece)
            # Joined only where a line ends: a value of a gigabyte must not be copied with every piece of it.
            if b"\n" in piece:
                break
