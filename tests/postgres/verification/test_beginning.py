"""A clone compared with its own beginning, on a real server."""

from collections.abc import Iterator

import pytest

from harness.model.catalog import Change
from harness.model.clock import RunClock
from harness.model.words import Pass, Role
from harness.postgres.connect import Connection, connect
from harness.postgres.ports import Server
from harness.rehearsal.verification.beginning import (
    compare_rows,
    compare_schema,
    destroyed_by,
    read_contents,
    see_state,
)

pytestmark = pytest.mark.postgres

CLOCK = RunClock(0)


SETUP = """
CREATE TABLE people (id int PRIMARY KEY, phone text, nickname text, city text);
INSERT INTO people SELECT g, 'phone ' || g, NULL, 'city' FROM generate_series(1, 10) AS g;
CREATE TABLE notes (id int);
INSERT INTO notes VALUES (1), (2);
CREATE TABLE nothing (id int);
ANALYZE
"""
PHONE, CITY = (f"column public.people.{name}, filled in up to 10 rows" for name in ("phone", "city"))
EMPTIED = f"{PHONE} (another one has its name, and is empty)"
SWAP = (
    "ALTER TABLE people ADD COLUMN p2 text; ALTER TABLE people DROP COLUMN phone; ALTER TABLE people RENAME p2 TO phone"
)


@pytest.fixture
def connection(empty_server: Server) -> Iterator[Connection]:
    with connect(empty_server.conninfo(application_name=Role.HARNESS.application_name)) as opened:
        opened.execute(SETUP)
        yield opened


@pytest.mark.parametrize(
    ("change", "items"),
    [
        ("ALTER TABLE people DROP COLUMN phone", (PHONE,)),
        ("ALTER TABLE people DROP COLUMN phone, ADD COLUMN hobby text", (PHONE,)),
        ("ALTER TABLE people RENAME COLUMN phone TO telephone", ()),
        ("ALTER TABLE people DROP COLUMN nickname", ()),
        (SWAP, (EMPTIED,)),
        (SWAP.replace("; ", "; UPDATE people SET p2 = phone; ", 1), ()),
        ("ALTER TABLE people DROP COLUMN phone, ADD COLUMN phone text", (EMPTIED,)),
        ("ALTER TABLE people DROP COLUMN phone, ADD COLUMN phone text DEFAULT 'none'", ()),
        ("ALTER TABLE people DROP COLUMN nickname, ADD COLUMN nickname text", ()),
        ("ALTER TABLE people RENAME TO persons", ()),
        ("ALTER TABLE people RENAME TO persons; ALTER TABLE persons DROP COLUMN city", (CITY,)),
        ("DROP TABLE notes; CREATE TABLE memos (id int)", ("table public.notes with 2 rows",)),
        ("DROP TABLE nothing", ()),
        ("CREATE TABLE fresh AS TABLE notes; DROP TABLE notes; ALTER TABLE fresh RENAME TO notes", ()),
        ("DELETE FROM people WHERE id <= 3", ("3 of 10 rows of public.people",)),
        ("INSERT INTO notes VALUES (3)", ()),
    ],
)  # fmt: skip
def test_what_going_up_destroys(connection: Connection, change: str, items: tuple[str, ...]) -> None:
    before = read_contents(connection, rows=True)
    connection.execute(change.encode())
    after = read_contents(connection, rows=True)
    assert destroyed_by(before, after, conn=connection, pass_=Pass.TRACE, clock=CLOCK).items == items


def test_rows_and_schema_after_a_way_back_that_lost_a_value(connection: Connection) -> None:
    before = read_contents(connection, rows=True)
    connection.execute("ALTER TABLE people DROP COLUMN city")
    connection.execute("ALTER TABLE people ADD COLUMN city text")
    after = read_contents(connection, rows=True)
    assert compare_schema(before, after, pass_=Pass.TRACE, clock=CLOCK).differences == ()
    tables = compare_rows(before, after, pass_=Pass.TRACE, clock=CLOCK).tables
    assert {t.relation: (t.rows_before, t.rows_after, t.identical) for t in tables} == {
        "public.people": (10, 10, False),
        "public.notes": (2, 2, True),
        "public.nothing": (0, 0, True),
    }


def test_a_sequence_that_would_hand_out_values_again(connection: Connection) -> None:
    connection.execute("CREATE SEQUENCE numbers; SELECT setval('numbers', 42)")
    before = read_contents(connection, rows=True)
    connection.execute("SELECT setval('numbers', 41)")
    after = read_contents(connection, rows=True)
    assert compare_rows(before, after, pass_=Pass.TRACE, clock=CLOCK).sequences_backwards == ("public.numbers",)


def test_the_state_that_should_not_stay(connection: Connection) -> None:
    connection.execute(
        "ALTER TABLE notes ADD CONSTRAINT notes_person FOREIGN KEY (id) REFERENCES people NOT VALID;"
        "INSERT INTO nothing VALUES (7), (7)"
    )
    with pytest.raises(Exception, match="could not create unique index"):
        connection.execute("CREATE UNIQUE INDEX CONCURRENTLY nothing_id ON nothing (id)")
    seen = see_state(connection, pass_=Pass.TRACE, moment="after_up", clock=CLOCK)
    assert seen.invalid_indexes == ("public.nothing_id",)
    assert seen.unvalidated_constraints == ("public.notes.notes_person",)
    assert seen.unindexed_foreign_keys == ("public.notes.notes_person",)


def test_a_moved_column_is_told_apart_from_a_changed_one(connection: Connection) -> None:
    before = read_contents(connection, rows=False)
    connection.execute("ALTER TABLE people DROP COLUMN phone")
    connection.execute("ALTER TABLE people ADD COLUMN phone text")
    after = read_contents(connection, rows=False)
    found = {d.identity: d.change for d in compare_schema(before, after, pass_=Pass.LOAD, clock=CLOCK).differences}
    assert set(found.values()) == {Change.MOVED}
