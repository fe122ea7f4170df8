"""Any row that PostgreSQL takes is a row that PostgreSQL takes once it is anonymized: same table, same constraints."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.postgres.connect import Connection, connect
from harness.postgres.ports import Server
from harness.snapshot.anonymize.keys import Keys
from harness.snapshot.anonymize.policy import Class, ColumnPolicy, Policy
from harness.snapshot.anonymize.rewrite.anonymizing import anonymize
from harness.snapshot.anonymize.schema import Schema
from harness.snapshot.anonymize.schema_read import schema_of_statements

pytestmark = pytest.mark.postgres

CLASSES = {
    "id": Class.NUMBER,
    "code": Class.IDENTIFIER,
    "mail": Class.EMAIL,
    "name": Class.NAME,
    "note": Class.TEXT,
    "amount": Class.NUMBER,
    "total": Class.ORDERED,
    "small": Class.NUMBER,
    "share": Class.NUMBER,
    "day": Class.DATE,
    "at": Class.DATE,
    "uid": Class.UUID,
    "net": Class.INET,
    "raw": Class.BYTES,
    "doc": Class.JSON,
    "tags": Class.IDENTIFIER,
    "mood": Class.IDENTIFIER,
    "flag": Class.IDENTIFIER,
}
SAME_BYTES = ("code", "mail", "name", "note", "amount", "small", "uid", "raw")
STATEMENTS = (
    "CREATE TYPE public.mood AS ENUM ('sad', 'ok', 'very happy')",
    """CREATE TABLE public.people (
    id integer PRIMARY KEY, code character varying(12) UNIQUE, mail text, name text NOT NULL, note text,
    amount numeric(12,2), total bigint, small smallint, share double precision, day date,
    at timestamp with time zone, uid uuid UNIQUE, net inet, raw bytea, doc jsonb, tags text[], mood public.mood,
    flag boolean, CHECK (total >= 0), CHECK (length(code) <= 12))""",
    """CREATE TABLE public.visits (
    person integer NOT NULL REFERENCES public.people, code character varying(12) REFERENCES public.people (code))""",
)
COLUMNS = tuple(CLASSES)
_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "é", "a.b"]), inner, max_size=3),
    max_leaves=6,
)
_DAYS = st.dates(min_value=date(1, 1, 1)).map(str) | st.sampled_from(["infinity", "-infinity"])
_ROW = st.fixed_dictionaries(
    {
        "mail": st.none() | st.emails() | _TEXT,
        "name": _TEXT,
        "note": st.none() | _TEXT,
        "amount": st.none() | st.decimals("-9999999999.99", "9999999999.99", places=2).map(str) | st.just("NaN"),
        "total": st.none() | st.integers(0, 2**63 - 1),
        "small": st.none() | st.integers(-(2**15), 2**15 - 1),
        "share": st.none() | st.floats().map(str),
        "day": st.none() | _DAYS,
        "at": st.none() | st.datetimes().map(lambda at: f"{at}+00") | st.just("infinity"),
        "net": st.none() | st.ip_addresses().map(str),
        "raw": st.none() | st.binary(max_size=40),
        "doc": st.none() | _JSON.map(json.dumps).filter(lambda text: "\\u0000" not in text),
        "tags": st.none() | st.lists(st.none() | _TEXT, max_size=3),
        "mood": st.none() | st.sampled_from(["sad", "ok", "very happy"]),
        "flag": st.none() | st.booleans(),
    }
)
_IDS = st.integers(-(2**31), 2**31 - 1)
_CODES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
_PEOPLE = st.tuples(
    st.lists(_ROW, min_size=1, max_size=8),
    st.lists(_IDS, min_size=8, max_size=8, unique=True),
    st.lists(_CODES, min_size=8, max_size=8, unique=True),
    st.lists(st.uuids().map(str), min_size=8, max_size=8, unique=True),
)


@pytest.fixture(scope="module")
def connection(module_server: Server) -> Iterator[Connection]:
    with connect(module_server.conninfo(application_name="test"), autocommit=True) as opened:
        for statement in STATEMENTS:
            opened.execute(statement.encode())
        yield opened


def policy(schema: Schema) -> Policy:
    def one(name: str, type_: str) -> ColumnPolicy:
        class_ = CLASSES.get("id" if name == "person" else name, Class.KEEP)
        paths = {"*": ColumnPolicy(class_=Class.TEXT)} if class_ is Class.JSON else {}
        return ColumnPolicy(class_=class_, type=type_, paths=paths)

    return Policy(tables={name: {c.name: one(c.name, c.type) for c in t.columns} for name, t in schema.tables.items()})


def insert(connection: Connection, rows: list[dict[str, object]]) -> None:
    for row in rows:
        marks = ", ".join(f"%({name})s" for name in COLUMNS)
        connection.execute(f"INSERT INTO people ({', '.join(COLUMNS)}) VALUES ({marks})".encode(), row)
    connection.execute("INSERT INTO visits SELECT id, code FROM people WHERE id % 2 = 0")


def copied_out(connection: Connection, table: str) -> bytes:
    with connection.cursor().copy(f"COPY {table} TO STDOUT".encode()) as stream:
        return b"".join(bytes(piece) for piece in stream)


def dump(folder: Path, connection: Connection) -> Path:
    """A plain dump of both tables as they stand."""
    parts = [*(f"{one};\n".encode() for one in STATEMENTS)]
    for table, columns in (("people", ", ".join(COLUMNS)), ("visits", "person, code")):
        parts += [f"COPY public.{table} ({columns}) FROM stdin;\n".encode(), copied_out(connection, table), b"\\.\n\n"]
    path = folder / "dump.sql"
    path.write_bytes(
        b"".join([b"SET client_encoding = 'UTF8';\n", *parts, b"--\n-- PostgreSQL database dump complete\n--\n"])
    )
    return path


def rows_of(text: bytes, table: str) -> bytes:
    start = text.index(b"FROM stdin;\n", text.index(f"COPY public.{table} ".encode())) + len(b"FROM stdin;\n")
    return text[start : text.index(b"\\.\n", start - 1)] if text[start : start + 3] != b"\\.\n" else b""


def facts(connection: Connection) -> list[tuple[object, ...]]:
    """Rows, NULLs and distinct values of each column; bytes of those whose length is kept; rows that join."""
    counts = ", ".join(f"count({c}), count(DISTINCT {c}::text)" for c in ("id", "code", "uid", "mood", "flag"))
    nulls = ", ".join(f"count({c})" for c in COLUMNS)
    sizes = ", ".join(f"sum(octet_length({c}::text))" for c in SAME_BYTES)
    joined = "(SELECT count(*) FROM visits JOIN people ON person = id AND visits.code = people.code)"
    return connection.execute(f"SELECT count(*), {counts}, {nulls}, {sizes}, {joined} FROM people".encode()).fetchall()


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(_PEOPLE)
def test_valid_rows_stay_valid(
    connection: Connection,
    home: Path,
    drawn: tuple[list[dict[str, object]], list[int], list[str], list[str]],
) -> None:
    given_rows, ids, codes, uids = drawn
    rows = [
        {**row, "id": ids[at], "code": codes[at], "uid": uids[at]} for at, row in enumerate(given_rows)
    ]  # unique columns by place
    schema = schema_of_statements(STATEMENTS)
    folder = Path(tempfile.mkdtemp(dir=home))
    try:
        with connection.transaction(force_rollback=True):
            insert(connection, rows)
            source, before = dump(folder, connection), facts(connection)
        anonymize(
            source, folder / "out.sql", policy=policy(schema), schema=schema, keys=Keys(bytes(range(32))), check=False
        )
        text = (folder / "out.sql").read_bytes()
        with connection.transaction(force_rollback=True):
            for table in ("people", "visits"):
                with connection.cursor().copy(f"COPY {table} FROM STDIN".encode()) as stream:
                    stream.write(rows_of(text, table))
            assert facts(connection) == before
    finally:
        shutil.rmtree(folder)
