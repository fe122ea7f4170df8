"""Row digests: blind to the order of rows and columns, sharp to everything else."""

from typing import Any

import pytest

from harness.model.catalog import TableDigest
from harness.postgres import catalog
from harness.postgres.catalog import read_table_digests
from harness.postgres.connect import Connection

pytestmark = pytest.mark.postgres


def digest(connection: Connection, table: str = "a") -> TableDigest:
    (found,) = read_table_digests(connection, relations=[f"plain.{table}"])
    return found


@pytest.fixture
def filled(plain: Connection) -> Connection:
    plain.execute("CREATE TABLE a (id int, t text, n numeric, at timestamptz, f float8, b bytea, j jsonb, l text[])")
    plain.execute(
        "INSERT INTO a SELECT g, 'row ' || g, g / 3.0, to_timestamp(g), 1e0 / g, 'x', jsonb_build_object('g', g), "
        "ARRAY['a', NULL] FROM generate_series(1, 500) AS g"
    )
    return plain


def test_order_of_rows_and_columns_does_not_matter(filled: Connection) -> None:
    before = digest(filled)
    assert before.rows == 500
    assert before.columns == ("at", "b", "f", "id", "j", "l", "n", "t")
    filled.execute("CREATE TABLE c AS SELECT l, j, b, f, at, n, t, id FROM a ORDER BY t DESC")
    after = digest(filled, "c")
    assert (after.rows, after.digest, after.columns) == (before.rows, before.digest, before.columns)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE a SET t = NULL WHERE id = 1",
        "UPDATE a SET t = t || ' ' WHERE id = 1",
        "UPDATE a SET n = n + 0.0000000000000001 WHERE id = 7",
        "UPDATE a SET at = at + interval '1 microsecond' WHERE id = 7",
        "UPDATE a SET f = 0.1::float8 + 0.2 WHERE id = 7",
        "UPDATE a SET l = ARRAY['a', 'NULL'] WHERE id = 7",
        "UPDATE a SET b = '' WHERE id = 7",
        "DELETE FROM a WHERE id = 7",
        "INSERT INTO a SELECT * FROM a WHERE id = 7",
        "UPDATE a SET t = CASE id WHEN 1 THEN 'row 2' ELSE 'row 1' END WHERE id < 3",
        "ALTER TABLE a ALTER n TYPE numeric(40, 30)",
        "ALTER TABLE a DROP t",
    ],
)
def test_every_change_of_a_value_shows(filled: Connection, change: str) -> None:
    before = digest(filled)
    filled.execute(change.encode())
    assert digest(filled).digest != before.digest


def test_null_and_empty_are_different_wherever_they_stand(plain: Connection) -> None:
    plain.execute("CREATE TABLE a (x text, y text)")
    seen = set()
    for row in [
        (None, None),
        ("", None),
        (None, ""),
        ("", ""),
        (",", None),
        ('"', None),
        ("NULL", None),
        ("\\N", "a,b"),
    ]:
        plain.execute("TRUNCATE a")
        plain.execute("INSERT INTO a VALUES (%s, %s)", row)
        seen.add(digest(plain).digest)
    assert len(seen) == 8


def test_values_that_swap_between_columns_show(plain: Connection) -> None:
    plain.execute("CREATE TABLE a (x text, y text)")
    plain.execute("INSERT INTO a VALUES ('1', '2'), ('3', '4')")
    before = digest(plain)
    plain.execute("UPDATE a SET x = y, y = x")
    assert digest(plain).digest != before.digest


def test_only_the_named_columns_count(filled: Connection) -> None:
    columns = {"plain.a": ("id", "t", "gone")}
    (before,) = read_table_digests(filled, relations=["plain.a"], columns=columns)
    filled.execute("ALTER TABLE a ADD extra int DEFAULT 1")
    filled.execute("UPDATE a SET f = 0")
    (after,) = read_table_digests(filled, relations=["plain.a"], columns=columns)
    assert before == after
    assert after.columns == ("id", "t")


def test_the_sessions_settings_do_not_matter(filled: Connection) -> None:
    before = digest(filled)
    for setting in (
        "TimeZone = 'Asia/Tokyo'",
        "DateStyle = 'SQL, DMY'",
        "extra_float_digits = -5",
        "bytea_output = 'escape'",
    ):
        filled.execute(f"SET {setting}".encode())
    assert digest(filled) == before


def test_partitions_are_told_one_by_one_and_parents_once(plain: Connection) -> None:
    plain.execute("CREATE TABLE p (id int) PARTITION BY RANGE (id)")
    plain.execute("CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10)")
    plain.execute("CREATE TABLE p2 PARTITION OF p DEFAULT")
    plain.execute("CREATE TABLE parent (id int)")
    plain.execute("CREATE TABLE child () INHERITS (parent)")
    plain.execute("INSERT INTO p SELECT generate_series(1, 30)")
    plain.execute("INSERT INTO child VALUES (1)")
    plain.execute("CREATE TABLE nothing ()")
    found = {d.relation: d.rows for d in read_table_digests(plain) if d.relation.startswith("plain.")}
    assert found == {"plain.p1": 9, "plain.p2": 21, "plain.parent": 0, "plain.child": 1, "plain.nothing": 0}


def test_odd_names_are_quoted(plain: Connection) -> None:
    plain.execute('CREATE TABLE "Odd ""name%" ("a%b" int, "%s" text)')
    plain.execute(b"""INSERT INTO "Odd ""name%" VALUES (1, 'x')""")
    found = [d for d in read_table_digests(plain) if "Odd" in d.relation]
    assert [(d.relation, d.rows, d.columns) for d in found] == [('plain."Odd ""name%"', 1, ("%s", "a%b"))]


def test_the_locks_of_a_table_are_given_back_before_the_next_is_read(
    filled: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled.execute("CREATE INDEX ON a (id)")
    filled.execute("CREATE TABLE b AS SELECT 1 AS id")
    read, kept = catalog._digest, []

    def spied(connection: Connection, **named: Any) -> TableDigest:
        digest = read(connection, **named)
        kept.append(connection.execute("SELECT count(*) FROM pg_locks WHERE relation >= 16384").fetchone())
        return digest

    monkeypatch.setattr(catalog, "_digest", spied)
    read_table_digests(filled, relations=["plain.a", "plain.b"])
    assert kept == [(0,), (0,)]
