"""Schemas read from statements: tables, keys, what partitions have of parents, and every text with its place."""

import pytest

from harness.snapshot.anonymize.plain_schema import Statements, plain_schema
from harness.snapshot.anonymize.schema import Check, ForeignKey, Schema
from harness.snapshot.anonymize.schema_read import schema_of_statements


def read(*statements: str) -> Schema:
    return schema_of_statements(statements)


def test_columns_of_a_person_s_statement() -> None:
    schema = read(
        """CREATE TABLE users (id serial PRIMARY KEY, name varchar(40) NOT NULL DEFAULT 'x', team int REFERENCES teams,
           tags text[], total numeric(5, 2), later int GENERATED ALWAYS AS (id * 2) STORED, UNIQUE (name, team))""",
        "CREATE TABLE teams (no int PRIMARY KEY)",
    )
    users = schema.tables["public.users"]
    assert [(c.name, c.type, c.base, c.not_null, c.generated, c.max_length) for c in users.columns] == [
        ("id", "integer", "integer", True, False, None),
        ("name", "character varying(40)", "character varying", True, False, 40),
        ("team", "integer", "integer", False, False, None),
        ("tags", "text[]", "text", False, False, None),
        ("total", "numeric(5,2)", "numeric", False, False, None),
        ("later", "integer", "integer", False, True, None),
    ]
    assert users.unique_keys == (("id",), ("name", "team"))
    assert users.foreign_keys == (ForeignKey("", ("team",), "public.teams", ("no",)),)


@pytest.mark.parametrize(
    ("written", "type_"),
    [
        ("int8", "bigint"),
        ("timestamp(3) with time zone", "timestamp(3) with time zone"),
        ("timestamptz", "timestamp with time zone"),
        ("time", "time without time zone"),
        ("interval day to second(3)", "interval day to second(3)"),
        ("interval(2)", "interval(2)"),
        ("char", "character(1)"),
        ('"char"', '"char"'),
        ("bit(3)", "bit(3)"),
        ("varbit", "bit varying"),
        ("float", "double precision"),
        ("decimal(5,2)[][]", "numeric(5,2)[]"),
        ('app."My Type"', 'app."My Type"'),
        ("geometry(Point, 4326)", "geometry(point,4326)"),
    ],
)
def test_types_are_written_as_the_server_writes_them(written: str, type_: str) -> None:
    assert read(f"CREATE TABLE t (a {written})").tables["public.t"].columns[0].type == type_


def test_domains_give_their_base_their_length_and_their_checks() -> None:
    schema = read(
        "CREATE DOMAIN public.code AS character varying(8) NOT NULL CONSTRAINT c CHECK (VALUE ~ '^[A-Z]+$')",
        "CREATE DOMAIN public.product_code AS public.code",
        "ALTER DOMAIN public.product_code ADD CONSTRAINT d CHECK (length(VALUE) > 1) NOT VALID",
        "CREATE TABLE public.t (a public.product_code, b product_code[])",
    )
    first, second = schema.tables["public.t"].columns
    assert (first.type, first.base, first.max_length, first.not_null) == (
        "public.product_code", "character varying", 8, True,
    )  # fmt: skip
    assert (second.type, second.base) == ("public.product_code[]", "character varying")
    assert Check("c", "value ~ '^[A-Z]+$'", ("a",)) in schema.tables["public.t"].checks
    assert Check("d", "length(value) > 1", ("b",)) in schema.tables["public.t"].checks


def test_partitions_have_columns_keys_and_checks_of_their_parent() -> None:
    schema = read(
        "CREATE TABLE p (id int, at date, x int, CHECK (x > 0), PRIMARY KEY (id, at)) PARTITION BY RANGE (at, f(n))",
        "CREATE TABLE p_1 PARTITION OF p FOR VALUES FROM ('2025-01-01', MINVALUE) TO ('2026-01-01', MAXVALUE)",
        "CREATE TABLE p_2 (x int, at date, id int)",
        "ALTER TABLE ONLY p ATTACH PARTITION p_2 DEFAULT",
        "ALTER TABLE p ADD CONSTRAINT f FOREIGN KEY (x) REFERENCES q (y)",
    )
    parent, first, second = (schema.tables[f"public.{name}"] for name in ("p", "p_1", "p_2"))
    assert parent.partition_key == ("at", "n")
    assert first.partition_of == second.partition_of == "public.p"
    assert first.partition_bound == "FOR VALUES FROM ('2025-01-01', MINVALUE) TO ('2026-01-01', MAXVALUE)"
    assert second.partition_bound == "DEFAULT"
    assert [column.name for column in first.columns] == ["id", "at", "x"]
    assert [column.name for column in second.columns] == ["x", "at", "id"]
    assert first.unique_keys == second.unique_keys == parent.unique_keys == (("id", "at"),)
    assert first.foreign_keys == second.foreign_keys == parent.foreign_keys
    assert first.checks == parent.checks


def test_inheriting_tables_have_columns_and_checks_but_no_keys() -> None:
    schema = read(
        "CREATE TABLE a (id int PRIMARY KEY, CONSTRAINT pos CHECK (id > 0))", "CREATE TABLE b (x int) INHERITS (a)"
    )
    child = schema.tables["public.b"]
    assert [column.name for column in child.columns] == ["id", "x"]
    assert child.inherits == ("public.a",)
    assert child.unique_keys == ()
    assert [check.name for check in child.checks] == ["pos"]


def test_unique_indexes_are_keys_and_those_on_expressions_are_told_apart() -> None:
    schema = read(
        "CREATE TABLE t (a text, b text, c int)",
        "CREATE UNIQUE INDEX one ON t (a, b)",
        "CREATE UNIQUE INDEX two ON t (lower(a), c)",
        "CREATE INDEX three ON t (c)",
        "ALTER TABLE ONLY t ADD CONSTRAINT key UNIQUE USING INDEX one",
        "ALTER TABLE t ADD EXCLUDE USING gist (c WITH =, int4range(c, c) WITH &&)",
    )
    table = schema.tables["public.t"]
    assert table.unique_keys == (("a", "b"),)
    assert table.unique_expressions == (Check("", "lower(a), c", ("a", "c")),)
    assert table.exclusions == (("c", "c"),)


def test_later_statements_change_columns() -> None:
    (column,) = read(
        "CREATE TABLE t (a int, b int)",
        "ALTER TABLE t ALTER a TYPE bigint, ALTER a SET NOT NULL, ALTER a SET DEFAULT 7, DROP COLUMN b",
        "ALTER TABLE t ALTER COLUMN a ADD GENERATED BY DEFAULT AS IDENTITY",
        "ALTER TABLE gone ADD COLUMN c int",
    ).tables["public.t"].columns  # fmt: skip
    assert (column.type, column.not_null, column.default, column.identity) == ("bigint", True, "7", True)


def test_every_text_has_its_place() -> None:
    schema = read(
        "CREATE TABLE t (a text DEFAULT 'anna', CONSTRAINT ck CHECK (a <> 'bob'))",
        "COMMENT ON COLUMN public.t.a IS 'carol'",
        "CREATE VIEW v AS SELECT 1 FROM t WHERE a = 'dave'",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 'eve' $$",
        "CREATE TYPE mood AS ENUM ('frank')",
        "CREATE POLICY mine ON t USING (a = 'grace')",
        "CREATE TRIGGER tr BEFORE UPDATE ON t FOR EACH ROW WHEN (new.a = 'heidi') EXECUTE FUNCTION f()",
        "CREATE RULE ru AS ON DELETE TO t WHERE old.a = 'ivan' DO INSTEAD NOTHING",
        "CREATE INDEX ix ON t (a) WHERE a <> 'judy'",
        "CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (host 'mallory')",
        "CREATE TABLE p PARTITION OF q FOR VALUES IN ('niaj')",
        "SECURITY LABEL FOR x ON TABLE t IS 'olivia'",
        "CREATE WONDER 'peggy'",
    )
    found = {text.place: text.text for text in schema.texts}
    expected = {
        "default of public.t.a": "anna",
        "check ck of public.t": "bob",
        "comment on column public.t.a": "carol",
        "view public.v": "dave",
        "function public.f": "eve",
        "labels of enum public.mood": "frank",
        "policy mine on public.t": "grace",
        "trigger tr on public.t": "heidi",
        "rule ru on public.t": "ivan",
        "index ix on public.t": "judy",
        "create foreign server": "mallory",
        "bounds of partition public.p": "niaj",
        "sec label": "olivia",
        "a statement that this version does not know": "peggy",
    }
    assert {place: value in found.get(place, "") for place, value in expected.items()} == dict.fromkeys(expected, True)


def test_values_behind_doubled_quotes_are_read_as_they_are_meant() -> None:
    texts = read("CREATE VIEW v AS SELECT 'O''Brien' AS name").texts
    assert any("O'Brien" in text.text for text in texts)
    assert len(texts) == 2


def test_rows_are_no_texts() -> None:
    assert read("INSERT INTO t VALUES ('anna')", "SELECT setval('s', 7)", "SET x = 'y'").texts == ()


PLAIN = b"""\\restrict abc
SET client_encoding = 'UTF8';
/* it's a comment; */
CREATE TABLE public.t (a text, b text);
CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS $_$
INSERT INTO public.t VALUES ('inside');
$_$;
-- don't mind
COPY public.t (b, a) FROM stdin;
anna\tINSERT INTO x
\\.
INSERT INTO public.t VALUES ('one
INSERT INTO public.t; two', 'it''s');
INSERT INTO public.t VALUES ('x'); -- and more
ALTER TABLE public.t ADD COLUMN c int;
"""


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_the_rows_of_a_plain_dump_are_skipped(size: int) -> None:
    inserts: list[bytes] = []
    pieces = [PLAIN[at : at + size] for at in range(0, len(PLAIN), size)]
    plain = plain_schema(pieces, on_insert=inserts.append)
    assert "inside" in plain.text
    assert "anna" not in plain.text
    assert "two" not in plain.text
    assert plain.text.endswith("ADD COLUMN c int;")
    assert plain.copies == ["COPY public.t (b, a) FROM stdin;"]
    assert [insert.count(b"\n") for insert in inserts] == [1, 0]
    schema = schema_of_statements([plain.text], copies=plain.copies)
    assert [column.name for column in schema.tables["public.t"].columns] == ["b", "a", "c"]


def test_text_in_another_encoding_is_read_in_it() -> None:
    text = "SET client_encoding = 'LATIN1';\nCOMMENT ON TABLE t IS 'Müller';"
    assert "Müller" in plain_schema([text.encode("latin-1")]).text


@pytest.mark.parametrize(
    ("lines", "between"),
    [([b"SELECT 1;"], True), ([b"SELECT 'a;"], False), ([b"SELECT 'a", b"b';"], True), ([b"-- x"], True),
     ([b"SELECT 1 -- x;"], False), ([b"SELECT $a$ ; $b$ ;", b"$a$;"], True), ([b"SELECT 1; SELECT 2"], False),
     ([b"/* a;", b"b */"], True), ([b'SELECT "a;b"', b"", b";"], True)],
)  # fmt: skip
def test_where_a_statement_may_begin(lines: list[bytes], between: bool) -> None:
    state = Statements()
    for line in lines:
        state.read(line)
    assert state.between is between
