"""The schema's part of a plain dump: its text without the rows, whether COPY or INSERT brings them."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from harness.snapshot.ddl import Needs, lines_outside_copy

# A quote of any kind, a comment, the end of a statement.
_MARK: Final = re.compile(rb"'|\"|\$[A-Za-z_\x80-\xff]?[A-Za-z0-9_\x80-\xff]*\$|--|/\*|;")
COPY: Final = re.compile(rb"^COPY .*\bFROM stdin\b", re.IGNORECASE)
INSERT: Final = re.compile(rb"^INSERT INTO ", re.IGNORECASE)
"""How lines begin that bring rows, where a statement may begin."""

_META: Final = re.compile(rb"^\\[a-z]")
_ENCODING: Final = re.compile(rb"SET client_encoding = '(?P<name>[^']*)'", re.IGNORECASE)
_CODECS: Final = {"SQL_ASCII": "latin-1", "LATIN9": "iso8859-15", "LATIN2": "iso8859-2", "WIN1252": "cp1252"}
"""Encodings whose names Python does not know; in SQL_ASCII any byte may stand, and Latin-1 takes any."""


@dataclass(slots=True)
class PlainSchema:
    """The statements of the schema as one text, the COPY statements in it by themselves."""

    text: str
    copies: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Statements:
    """Where a text stands between lines: `closing` ends the quote it is in, `begun` says a statement has begun."""

    closing: bytes = b""
    begun: bool = False

    @property
    def between(self) -> bool:
        """Whether a new statement may begin."""
        return not self.begun and not self.closing

    def read(self, line: bytes) -> None:
        """Go over one line. Backslashes are no escapes: pg_dump sets standard_conforming_strings."""
        at = 0
        while at <= len(line):
            if self.closing:
                end = line.find(self.closing, at)
                if end < 0:
                    return
                at, self.closing = end + len(self.closing), b""
                continue
            mark = _MARK.search(line, at)
            end = mark.start() if mark else len(line)
            self.begun = self.begun or bool(line[at:end].strip())
            if mark is None or mark[0] == b"--":
                return
            at = mark.end()
            self._pass(mark[0])

    def _pass(self, mark: bytes) -> None:
        if mark == b";":
            self.begun = False
        elif mark == b"/*":
            self.closing = b"*/"
        else:
            self.begun, self.closing = True, mark


OnInsert = Callable[[bytes], None]
"""Called with each whole INSERT statement."""


def plain_schema(chunks: Iterable[bytes], *, on_insert: OnInsert | None = None) -> PlainSchema:
    """The schema's text of a plain dump, read once from end to end; the rows are skipped, not kept."""
    copies: list[bytes] = []
    kept = b"\n".join(_schema_lines(chunks, copies, on_insert))
    codec = codec_of(kept)
    return PlainSchema(kept.decode(codec, "replace"), [copy.decode(codec, "replace") for copy in copies])


def codec_of(text: bytes) -> str:
    """Python's name for the encoding that a dump's text says it has."""
    match = _ENCODING.search(text)
    name = match["name"].decode("ascii", "replace") if match else "UTF8"
    codec = _CODECS.get(name.upper(), name)
    try:
        "".encode(codec)
    except LookupError:
        return "latin-1"
    return codec


def _schema_lines(chunks: Iterable[bytes], copies: list[bytes], on_insert: OnInsert | None) -> Iterator[bytes]:
    state = Statements()
    insert: list[bytes] = []
    for line, _ in lines_outside_copy(chunks, Needs()):
        if insert:
            state.read(line)
            insert.append(line)
        elif not state.between:
            state.read(line)
            yield line
        elif COPY.match(line):
            copies.append(line)
        elif INSERT.match(line):
            state.read(line)
            insert.append(line)
        elif not _META.match(line):
            state.read(line)
            yield line
        if insert and state.between:
            if on_insert:
                on_insert(b"\n".join(insert))
            insert = []
