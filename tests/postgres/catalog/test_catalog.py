"""Relations, sequences, invalid indexes, constraints that were never validated."""

import psycopg
import pytest

from harness.postgres.catalog import (
    InvalidIndex,
    SequenceValue,
    read_invalid_indexes,
    read_relations,
    read_sequences,
    read_unvalidated_constraints,
)
from harness.postgres.connect import Connection

pytestmark = pytest.mark.postgres


def test_relations_tell_rewrites_owners_and_parents(plain: Connection) -> None:
    plain.execute("CREATE TABLE a (id int PRIMARY KEY, t text)")
    plain.execute("CREATE TABLE p (id int) PARTITION BY LIST (id)")
    plain.execute("CREATE TABLE p1 PARTITION OF p DEFAULT")
    plain.execute("INSERT INTO a SELECT g, 'x' FROM generate_series(1, 1000) AS g")
    plain.execute("ANALYZE a")
    before = {r.name: r for r in read_relations(plain)}
    table = before["plain.a"]
    assert (table.kind, table.rows_estimate, table.table_oid, table.parent_oid) == ("r", 1000, 0, 0)
    assert table.size_bytes == before["plain.a"].size_bytes > 0
    assert (before["plain.a_pkey"].kind, before["plain.a_pkey"].table_oid) == ("i", table.oid)
    assert (before["plain.p"].filenode, before["plain.p1"].parent_oid) == (0, before["plain.p"].oid)
    assert [r.kind for r in before.values() if r.table_oid == table.oid and r.name.startswith("pg_toast.")] == ["t"]
    assert not [name for name in before if name.startswith(("pg_catalog.", "information_schema.", "rehearse_harness."))]
    plain.execute("ALTER TABLE a ADD x int DEFAULT 5")
    catalog_only = {r.name: r for r in read_relations(plain)}
    plain.execute("ALTER TABLE a ALTER id TYPE bigint")
    rewritten = {r.name: r for r in read_relations(plain)}
    assert catalog_only["plain.a"].filenode == table.filenode
    assert rewritten["plain.a"].filenode != table.filenode
    assert rewritten["plain.a"].oid == table.oid


def test_without_sizes_no_lock_is_waited_for(plain: Connection, other: Connection) -> None:
    plain.execute("CREATE TABLE a (id int)")
    other.execute("SET lock_timeout = '200ms'")
    with plain.transaction():
        plain.execute("LOCK TABLE a IN ACCESS EXCLUSIVE MODE")
        assert "plain.a" in {r.name for r in read_relations(other, sizes=False)}
        with pytest.raises(psycopg.errors.LockNotAvailable):
            read_relations(other)


def test_sequences_tell_where_they_stand(plain: Connection) -> None:
    plain.execute('CREATE SEQUENCE "My seq"')
    plain.execute("CREATE SEQUENCE fresh START 5")
    plain.execute("""SELECT nextval('"My seq"'), nextval('"My seq"')""")
    found = [s for s in read_sequences(plain) if s.name.startswith("plain.")]
    assert found == [
        SequenceValue(name='plain."My seq"', last_value=2, is_called=True),
        SequenceValue(name="plain.fresh", last_value=5, is_called=False),
    ]


def test_a_failed_concurrent_index_is_found(plain: Connection) -> None:
    plain.execute("CREATE TABLE a AS SELECT 1 AS id FROM generate_series(1, 2)")
    assert read_invalid_indexes(plain) == ()
    with pytest.raises(psycopg.errors.UniqueViolation):
        plain.execute("CREATE UNIQUE INDEX CONCURRENTLY broken ON a (id)")
    assert read_invalid_indexes(plain) == (
        InvalidIndex(name="plain.broken", table="plain.a", is_ready=False, is_unique=True),
    )


def test_constraints_never_validated_are_found(plain: Connection) -> None:
    plain.execute("CREATE TABLE a (id int, CONSTRAINT good CHECK (id > 0))")
    plain.execute("ALTER TABLE a ADD CONSTRAINT later CHECK (id < 9) NOT VALID")
    found = [(c.table, c.name, c.definition) for c in read_unvalidated_constraints(plain) if c.table == "plain.a"]
    assert found == [("plain.a", "later", "CHECK ((id < 9)) NOT VALID")]
