"""Some values of every column of a dump, spread over what is read of each table; memory does not grow with the data."""

import os
import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

import postgast

from harness.snapshot.anonymize.copytext import END, decode, split
from harness.snapshot.anonymize.follow import Place
from harness.snapshot.anonymize.plain_schema import COPY, INSERT, Statements
from harness.snapshot.anonymize.schema import Schema
from harness.snapshot.anonymize.sql_trees import table_name
from harness.snapshot.archives import Opened, opened, restoring, unpacked, write_contents
from harness.snapshot.clients import environment_without_server
from harness.snapshot.formats import Dump, Format
from harness.snapshot.streams import CHUNK_BYTES, Compression, chunks

ROWS: Final = 1000
"""Rows looked at of a table: a share of 60 % is known to 3 points then (binomial, 95 %)."""

_TABLE_BYTES: Final = 8 * 1024 * 1024
"""What is read of a table in an archive, and kept of one in memory."""

_DATA_LINE: Final = re.compile(rb"^\d+; \d+ \d+ TABLE DATA ", re.MULTILINE)


def sample_dump(dump: Dump, schema: Schema, *, work: Path, rows: int = ROWS) -> dict[Place, list[bytes]]:
    """Values of each column, unescaped and without NULLs, of at most `rows` rows a table.

    Of an archive the first megabytes of each table are read, of plain SQL everything. `work` is a folder to unpack in.
    RestoreError where the dump cannot be read.
    """
    sampler = _Sampler(schema, rows)
    if dump.format is Format.PLAIN:
        sampler.read(chunks(dump.path))
        return sampler.values()
    with _seekable(dump, work=work) as archive:
        with tempfile.TemporaryFile() as file:
            write_contents(dump, archive, into=file)
            file.seek(0)
            entries = [line for line in file.read().splitlines() if _DATA_LINE.match(line)]
        for entry in entries:
            with _table_data(dump, archive, entry) as pieces:
                sampler.read(pieces)
    return sampler.values()


@dataclass(slots=True)
class _Rows:
    """A reservoir of the rows of one table (Vitter 1985, algorithm R), the same for the same rows in the same order.

    A fixed stride would fall in with what repeats in the data.
    """

    columns: tuple[str, ...]
    most: int
    kept: list[list[bytes | None]] = field(default_factory=list)
    seen: int = 0
    size: int = 0
    random: Random = field(default_factory=lambda: Random(0))  # noqa: S311 - samples, no secrets
    place: int = 0

    def wants(self) -> bool:
        """Whether the next row is one to keep; then `add` it."""
        self.seen += 1
        self.place = len(self.kept) if len(self.kept) < self.most else self.random.randrange(self.seen)
        return self.place < self.most

    def add(self, row: list[bytes | None]) -> None:
        """Keep a row, in the place of another where there are enough; fewer where they are large."""
        if len(row) != len(self.columns):
            return
        if self.place < len(self.kept):
            self.size -= _size(self.kept[self.place])
            self.kept[self.place] = row
        else:
            self.kept.append(row)
        self.size += _size(row)
        while self.size > _TABLE_BYTES and len(self.kept) > 1:
            self.most = len(self.kept) // 2
            self.size -= sum(map(_size, self.kept[self.most :]))
            del self.kept[self.most :]


def _size(row: list[bytes | None]) -> int:
    return sum(len(value) for value in row if value is not None)


class _Sampler:
    """Reads SQL with its rows, in COPY or INSERT, and keeps some of each table."""

    def __init__(self, schema: Schema, rows: int) -> None:
        self._schema = schema
        self._most = rows
        self._tables: dict[str, _Rows] = {}

    def read(self, pieces: Iterable[bytes]) -> None:
        """Take in SQL text in pieces, from the beginning of a statement."""
        state, copying, insert = Statements(), None, list[bytes]()
        for line in _lines(pieces):
            if copying is not None:
                if line == END:
                    copying = None
                elif copying.wants():
                    copying.add([decode(value) for value in split(line)])
                continue
            if state.between and COPY.match(line):
                copying = self._copy(line)
                continue
            if insert or (state.between and INSERT.match(line)):
                insert.append(line)
            state.read(line)
            if insert and state.between:
                self._insert(b"\n".join(insert))
                insert = []

    def values(self) -> dict[Place, list[bytes]]:
        """What was kept, by column."""
        found: dict[Place, list[bytes]] = {}
        for table, rows in self._tables.items():
            for at, column in enumerate(rows.columns):
                if values := [value for row in rows.kept if (value := row[at]) is not None]:
                    found[table, column] = values
        return found

    def _copy(self, line: bytes) -> _Rows:
        node = _parsed(line.decode("utf-8", "replace"), "copy_stmt")
        if node is None:
            return _Rows((), 0)
        return self._rows(table_name(node.relation), tuple(str(one.string.sval) for one in node.attlist))

    def _insert(self, statement: bytes) -> None:
        """The rows of an INSERT with plain values; the text of the statement has names only before VALUES."""
        node = _parsed(statement.decode("utf-8", "replace"), "insert_stmt")
        if node is None:
            return
        rows = self._rows(table_name(node.relation), tuple(str(one.res_target.name) for one in node.cols))
        for wrapped in node.select_stmt.select_stmt.values_lists:
            if rows.wants():
                rows.add([_constant(item) for item in wrapped.list.items])

    def _rows(self, table: str, columns: tuple[str, ...]) -> _Rows:
        described = self._schema.tables.get(table)
        if not columns and described is not None:
            # An INSERT without a list has DEFAULT for generated columns; pg_dump's COPY always has a list.
            columns = tuple(column.name for column in described.columns)
        return self._tables.setdefault(table, _Rows(columns, self._most))


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    rest: list[bytes] = []
    for piece in pieces:
        first, *others = piece.split(b"\n")
        rest.append(first)
        if others:
            yield b"".join(rest)
            yield from others[:-1]
            rest = [others[-1]]
    last = b"".join(rest)
    if last:
        yield last


def _parsed(statement: str, kind: str) -> Any:
    try:
        tree: Any = postgast.parse(statement)
    except postgast.PgQueryError:
        return None
    node = tree.stmts[0].stmt
    return getattr(node, kind) if node.HasField(kind) else None


def _constant(wrapped: Any) -> bytes | None:
    node = postgast.unwrap_node(wrapped)
    while type(node).__name__ == "TypeCast":
        node = postgast.unwrap_node(node.arg)
    if type(node).__name__ != "A_Const" or node.isnull:
        return None
    match node.WhichOneof("val"):
        case "sval":
            return str(node.sval.sval).encode()
        case "ival":
            return str(node.ival.ival).encode()
        case "fval":
            return str(node.fval.fval).encode()
        case "boolval":
            return b"t" if node.boolval.boolval else b"f"
    return None


@contextmanager
def _seekable(dump: Dump, *, work: Path) -> Iterator[Opened]:
    """The archive as pg_restore can read parts of it; a packed one is unpacked into a file without a name."""
    if dump.format is Format.CUSTOM and dump.compression is not Compression.NONE:
        with unpacked(dump, work=work) as archive:
            yield archive
    else:
        with opened(dump, work=work) as archive:
            yield archive


@contextmanager
def _table_data(dump: Dump, archive: Opened, entry: bytes) -> Iterator[Iterator[bytes]]:
    """The first megabytes of one table's data, as pg_restore prints it."""
    with tempfile.TemporaryFile() as chosen:
        chosen.write(entry + b"\n")
        chosen.seek(0)
        process = subprocess.Popen(
            restoring(dump, archive, ["--data-only", "-L", f"/dev/fd/{chosen.fileno()}", "-f", "-"]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment_without_server(),
            pass_fds=(chosen.fileno(), *archive.keep),
        )
        try:
            yield _first(process)
        finally:
            process.kill()
            process.communicate()


def _first(process: subprocess.Popen[bytes]) -> Iterator[bytes]:
    assert process.stdout is not None  # noqa: S101 - it was asked for
    left = _TABLE_BYTES
    while left > 0 and (piece := os.read(process.stdout.fileno(), CHUNK_BYTES)):
        left -= len(piece)
        # The row that is cut has too few fields, or a short last one, which does no harm.
        yield piece
