"""The schema of a dump, offline, and of a live database: both read as SQL statements by the same reader."""

import re
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import postgast
from psycopg.rows import scalar_row

from harness.model.errors import RestoreError
from harness.postgres.connect import Connection
from harness.snapshot.anonymize.plain_schema import codec_of, plain_schema
from harness.snapshot.anonymize.schema import Schema, Text
from harness.snapshot.anonymize.schema_drafts import Drafts
from harness.snapshot.anonymize.schema_sequences import finished_sequences
from harness.snapshot.anonymize.schema_statements import take
from harness.snapshot.anonymize.schema_texts import texts_of
from harness.snapshot.anonymize.sql_trees import table_name
from harness.snapshot.archives import opened, write_schema
from harness.snapshot.formats import Dump, Format
from harness.snapshot.restore import room_query
from harness.snapshot.streams import chunks

_META_LINE: Final = re.compile(r"^\\(?:un)?restrict .*$", re.MULTILINE)
# What pg_dump writes above each statement.
_COMMENTS: Final = re.compile(r"\A(?:\s*--[^\n]*(?:\n|\Z))*\s*")


def schema_of_dump(dump: Dump, *, work: Path) -> Schema:
    """The schema that a dump of any format carries; no server is needed. `work` is a folder to unpack in.

    Columns come in the order of the table's data: of a plain dump as its COPY statements say, of an archive as CREATE
    TABLE says. RestoreError where the dump cannot be read or holds no schema that PostgreSQL's parser knows.
    """
    if dump.format is Format.PLAIN:
        plain = plain_schema(chunks(dump.path))
        return _checked(schema_of_statements(_split(plain.text), copies=plain.copies), dump)
    with opened(dump, work=work) as archive, tempfile.TemporaryFile() as file:
        write_schema(dump, archive, into=file)
        file.seek(0)
        raw = file.read()
    text = _META_LINE.sub("", raw.decode(codec_of(raw), "replace"))
    return _checked(schema_of_statements(_split(text)), dump)


def schema_of_database(connection: Connection) -> Schema:
    """The schema of the database connected to; the session's search_path is put back afterwards."""
    with connection.transaction(), connection.cursor(row_factory=scalar_row) as cursor:
        # Every name with its schema, as in a dump.
        cursor.execute("SET LOCAL search_path = ''")
        statements = [str(row) for row in cursor.execute(room_query("schema_statements"))]
    return schema_of_statements(statements)


def schema_of_statements(statements: Iterable[str], *, copies: Iterable[str] = ()) -> Schema:
    """The schema that SQL statements make, one after another; `copies` are COPY statements, which order columns.

    >>> schema = schema_of_statements(["CREATE TABLE users (id int PRIMARY KEY, email varchar(40) NOT NULL)"])
    >>> schema.tables["public.users"].column("email").type
    'character varying(40)'
    """
    drafts, texts = Drafts(), list[Text]()
    for statement in statements:
        texts += _read(_COMMENTS.sub("", statement), drafts)
    for copy in copies:
        _read_order(copy, drafts)
    ordered = sorted(dict.fromkeys(texts), key=lambda text: (text.place, text.text))
    tables = drafts.finished()
    columns = {(name, column.name): column for name, table in tables.items() for column in table.columns}
    sequences = finished_sequences(drafts.sequences, columns)
    return Schema(tables, dict(sorted(drafts.enums.items())), tuple(ordered), sequences)


def _read(statement: str, drafts: Drafts) -> list[Text]:
    try:
        tree: Any = postgast.parse(statement)
    except postgast.PgQueryError:
        return [Text("a statement that this version does not know", statement)]
    found = list[Text]()
    for one in tree.stmts:
        kind = str(one.stmt.WhichOneof("node"))
        node = getattr(one.stmt, kind)
        take(drafts, kind, node)
        found += texts_of(kind, node, statement)
    return found


def _read_order(copy: str, drafts: Drafts) -> None:
    try:
        tree: Any = postgast.parse(copy)
    except postgast.PgQueryError:
        return
    node = tree.stmts[0].stmt.copy_stmt
    if draft := drafts.tables.get(table_name(node.relation)):
        draft.order = tuple(str(name.string.sval) for name in node.attlist)


def _split(text: str) -> list[str]:
    try:
        return list(postgast.split(text))
    except postgast.PgQueryError:
        # Some statement is of a newer PostgreSQL; the scanner finds the ends of all others all the same.
        return list(postgast.split(text, method="scanner"))


def _checked(schema: Schema, dump: Dump) -> Schema:
    if not schema.tables:
        raise RestoreError(
            f"{dump.path} holds no table's definition",
            hint="make the dump with its schema: pg_dump without --data-only",
        )
    return schema
