"""Sequences of masked numbers: where they are moved to, which stay, and which would have nothing left to give."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.model.errors import SnapshotError
from harness.snapshot.anonymize.keys import Keys
from harness.snapshot.anonymize.policy import Class, ColumnPolicy, Policy
from harness.snapshot.anonymize.rewrite.anonymizing import anonymize
from harness.snapshot.anonymize.rewrite.sequences import Sequences, largest_alike
from harness.snapshot.anonymize.rewrite.toc import Entry, read_toc
from harness.snapshot.anonymize.schema import Schema
from harness.snapshot.anonymize.schema_read import schema_of_statements
from harness.snapshot.anonymize.transforms.numbers import Numbers

KEYS = Keys(bytes(range(32)))
STATEMENTS = (
    "CREATE TABLE public.orders (id bigint NOT NULL, code integer, note text)",
    'CREATE TABLE public."Small" (id smallint)',
    "CREATE SEQUENCE public.orders_id_seq START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1",
    "ALTER SEQUENCE public.orders_id_seq OWNED BY public.orders.id",
    "ALTER TABLE ONLY public.orders ALTER COLUMN id SET DEFAULT nextval('public.orders_id_seq'::regclass)",
    "CREATE SEQUENCE public.codes AS integer MAXVALUE 200000",
    "ALTER TABLE ONLY public.orders ALTER COLUMN code SET DEFAULT nextval('public.codes'::regclass)",
    'ALTER TABLE public."Small" ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME public."Small_id_seq")',
)


@pytest.fixture
def schema() -> Schema:
    return schema_of_statements(STATEMENTS)


def policy(schema: Schema, **classes: Class) -> Policy:
    return Policy(
        tables={
            name: {c.name: ColumnPolicy(class_=classes.get(c.name, Class.KEEP), type=c.type) for c in table.columns}
            for name, table in schema.tables.items()
        }
    )


def moved(schema: Schema, text: str, **classes: Class) -> str:
    return Sequences(policy(schema, **classes), schema, KEYS).ahead(text.encode()).decode()


def setval(name: str, at: int, called: str = "true") -> str:
    return f"SELECT pg_catalog.setval('{name}', {at}, {called});\n"


def test_the_schema_knows_what_each_sequence_feeds_and_its_end(schema: Schema) -> None:
    found = {name: (one.columns, one.most) for name, one in schema.sequences.items()}
    assert found == {
        "public.orders_id_seq": ((("public.orders", "id"),), 2**63 - 1),
        "public.codes": ((("public.orders", "code"),), 200_000),
        "public.Small_id_seq": ((("public.Small", "id"),), 2**15 - 1),
    }


def test_a_serial_written_by_hand_has_its_sequence_too() -> None:
    schema = schema_of_statements(
        ["CREATE TABLE t (id serial PRIMARY KEY)", "CREATE TABLE u (id int GENERATED ALWAYS AS IDENTITY)"]
    )
    columns = {name: one.columns for name, one in schema.sequences.items()}
    assert columns == {"public.t_id_seq": (("public.t", "id"),), "public.u_id_seq": (("public.u", "id"),)}


@pytest.mark.parametrize("class_", [Class.NUMBER, Class.IDENTIFIER])
def test_it_is_set_behind_the_largest_number_of_as_many_digits(class_: Class, schema: Schema) -> None:
    assert moved(schema, setval("public.orders_id_seq", 84_149), id=class_) == setval("public.orders_id_seq", 99_999)
    assert moved(schema, setval('public."Small_id_seq"', 99), id=class_) == setval('public."Small_id_seq"', 99)


def test_it_grows_with_ordered_numbers(schema: Schema) -> None:
    at = int(moved(schema, setval("public.orders_id_seq", 84_149), id=Class.ORDERED).split(", ")[1])
    assert 84_149 < at <= 84_149 * 5 // 4 + 16


@pytest.mark.parametrize(
    "text",
    [
        setval("public.orders_id_seq", 1, "false"),
        setval("public.unknown", 5),
        "-- SELECT pg_catalog.setval('public.orders_id_seq', 5, true);\n",
    ],
)
def test_what_gave_no_number_or_is_no_call_stays(text: str, schema: Schema) -> None:
    assert moved(schema, text, id=Class.NUMBER) == text


def test_kept_columns_leave_it_where_it_is(schema: Schema) -> None:
    text = setval("public.orders_id_seq", 84_149) + setval("public.codes", 7)
    assert moved(schema, text, note=Class.TEXT) == text


@pytest.mark.parametrize(("name", "at", "classes"), [
    ("public.codes", 100_001, {"code": Class.NUMBER}),
    ('public."Small_id_seq"', 12_000, {"id": Class.NUMBER}),
])  # fmt: skip
def test_one_that_would_have_none_left_stops_the_run(
    name: str, at: int, classes: dict[str, Class], schema: Schema
) -> None:
    with pytest.raises(SnapshotError, match="new rows would get no key") as caught:
        moved(schema, setval(name, at), **classes)
    assert "ordered" in caught.value.hint


@given(st.integers(1, 2**63 - 1), st.data())
def test_no_masked_number_passes_it(at: int, data: st.DataObject) -> None:
    value = data.draw(st.integers(1, at))
    assert int(Numbers(b"k" * 32, base="bigint")(b"%d" % value)) <= largest_alike(at)


def test_an_archive_is_written_with_it(
    tmp_path: Path, schema: Schema, make_archive: Callable[..., Path], make_entry: Callable[..., Entry]
) -> None:
    tables = {"orders": ({"id": "bigint", "code": "integer", "note": "text"}, [("7", "1", "a"), ("52", "2", "b")])}
    entry = make_entry(9, "SEQUENCE SET", "orders_id_seq", definition=setval("public.orders_id_seq", 52))
    source = make_archive(tables, entry)
    account = anonymize(source, tmp_path / "out", policy=policy(schema, id=Class.NUMBER), schema=schema, keys=KEYS)
    with (tmp_path / "out" / "toc.dat").open("rb") as file:
        written = {one.kind: one.definition for one in read_toc(file).entries}
    assert written[b"SEQUENCE SET"] == setval("public.orders_id_seq", 99).encode()
    assert account.moved == ("public.orders_id_seq",)
