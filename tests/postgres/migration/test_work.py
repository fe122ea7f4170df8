"""The class of work of single statements, on every server version at hand: rewrite, scan, both, or catalog only."""

from dataclasses import dataclass

import pytest

from harness.events.migration import LocksTaken, WalWritten, WorkDone
from harness.postgres.ports import Server
from tests.postgres.migration.conftest import Database, Rehearse, Rehearsed, make_database

pytestmark = pytest.mark.postgres

_ROWS = 3000
_CHILDREN = 1000
_SETUP = f"""
CREATE TABLE parent (id bigint PRIMARY KEY, a integer, b integer NOT NULL, note text, state text DEFAULT 'x');
INSERT INTO parent SELECT g, g, g, repeat('n', 50), 'x' FROM generate_series(1, {_ROWS}) g;
CREATE TABLE child (id integer, parent_id bigint, v integer CHECK (v > 0));
INSERT INTO child SELECT g, g, g FROM generate_series(1, {_CHILDREN}) g;
ALTER TABLE child ADD CONSTRAINT late CHECK (id > 0) NOT VALID;
ALTER TABLE child ADD CONSTRAINT late_key FOREIGN KEY (parent_id) REFERENCES parent NOT VALID;
CREATE MATERIALIZED VIEW counts AS SELECT count(*) FROM child;
CREATE TABLE measures (id integer, taken integer) PARTITION BY RANGE (taken);
CREATE TABLE measures_1 PARTITION OF measures FOR VALUES FROM (0) TO (1000);
INSERT INTO measures SELECT g, g FROM generate_series(0, 999) g;
CREATE TABLE measures_2 (id integer, taken integer);
INSERT INTO measures_2 SELECT g, 1000 + g FROM generate_series(0, 499) g;
ANALYZE;
"""


@dataclass(frozen=True)
class _Case:
    """A statement and what it does to tables: rewritten ones, and rows read of each."""

    sql: str
    rewritten: frozenset[str] = frozenset()
    read: tuple[tuple[str, int], ...] = ()
    locks: tuple[tuple[str, str], ...] = ()


def _both(mode: str) -> tuple[tuple[str, str], ...]:
    return (("public.child", mode), ("public.parent", mode))


_P, _C = "public.parent", "public.child"
_CASES = {
    "set_not_null": _Case("ALTER TABLE parent ALTER a SET NOT NULL", read=((_P, _ROWS),)),
    "validate_check": _Case(
        "ALTER TABLE child VALIDATE CONSTRAINT late",
        read=((_C, _CHILDREN),),
        locks=((_C, "ShareUpdateExclusiveLock"),),
    ),
    "validate_foreign_key": _Case(
        "ALTER TABLE child VALIDATE CONSTRAINT late_key",
        read=((_C, _CHILDREN), (_P, _CHILDREN)),
        locks=((_C, "ShareUpdateExclusiveLock"), (_P, "RowShareLock")),
    ),
    "add_foreign_key": _Case(
        "ALTER TABLE child ADD FOREIGN KEY (parent_id) REFERENCES parent",
        read=((_C, _CHILDREN), (_P, _CHILDREN)),
        locks=_both("ShareRowExclusiveLock"),
    ),
    "create_index": _Case("CREATE INDEX ON parent (a)", read=((_P, _ROWS),), locks=((_P, "ShareLock"),)),
    "create_index_concurrently": _Case(
        "CREATE INDEX CONCURRENTLY ON parent (a)",
        read=((_P, 2 * _ROWS),),
        locks=((_P, "ShareUpdateExclusiveLock"),),
    ),
    "add_primary_key": _Case("ALTER TABLE child ADD PRIMARY KEY (id)", read=((_C, _CHILDREN),)),
    "change_type": _Case("ALTER TABLE parent ALTER a TYPE bigint", frozenset({_P}), read=((_P, _ROWS),)),
    "widen_varchar": _Case("ALTER TABLE parent ALTER note TYPE varchar"),
    "add_column_constant": _Case("ALTER TABLE parent ADD c text DEFAULT 'x' NOT NULL"),
    "add_column_volatile": _Case(
        "ALTER TABLE parent ADD c uuid DEFAULT gen_random_uuid()", frozenset({_P}), read=((_P, _ROWS),)
    ),
    "drop_column": _Case("ALTER TABLE parent DROP note", locks=((_P, "AccessExclusiveLock"),)),
    "rename": _Case("ALTER TABLE parent RENAME TO mother", locks=((_P, "AccessExclusiveLock"),)),
    "cluster": _Case("CLUSTER parent USING parent_pkey", frozenset({_P}), read=((_P, _ROWS),)),
    "vacuum_full": _Case("VACUUM FULL parent", frozenset({_P}), locks=((_P, "AccessExclusiveLock"),)),
    "vacuum": _Case("VACUUM parent", locks=((_P, "ShareUpdateExclusiveLock"),)),
    "create_matview": _Case(
        "CREATE MATERIALIZED VIEW m AS SELECT * FROM parent", read=((_P, _ROWS),), locks=((_P, "AccessShareLock"),)
    ),
    "refresh_matview": _Case("REFRESH MATERIALIZED VIEW counts", frozenset({"public.counts"}), read=((_C, _CHILDREN),)),
    "update_all": _Case("UPDATE parent SET a = a + 1", read=((_P, _ROWS),), locks=((_P, "RowExclusiveLock"),)),
    "attach_partition": _Case(
        "ALTER TABLE measures ATTACH PARTITION measures_2 FOR VALUES FROM (1000) TO (2000)",
        read=(("public.measures_2", 500),),
    ),
    "rewrite_partition": _Case(
        "ALTER TABLE measures ALTER id TYPE bigint",
        frozenset({"public.measures_1"}),
        read=(("public.measures_1", 1000),),
    ),
    "do_block": _Case(
        "DO $$ BEGIN ALTER TABLE parent ALTER a TYPE bigint; END $$", frozenset({_P}), read=((_P, _ROWS),)
    ),
}


@pytest.fixture
def other_database(versioned_server: Server) -> Database:
    return make_database(versioned_server)


def _read(run: Rehearsed) -> dict[str, int]:
    return {
        e.relation: (e.rows_scanned or 0) + (e.rows_fetched_by_index or 0)
        for e in run.of(WorkDone)
        if e.kind in ("r", "m") and (e.rows_scanned or 0) + (e.rows_fetched_by_index or 0)
    }


@pytest.mark.parametrize("name", _CASES)
def test_class_of_work(name: str, other_database: Database, rehearse: Rehearse) -> None:
    case = _CASES[name]
    with other_database.connect() as connection:
        connection.execute(_SETUP)
    run = rehearse(other_database, {"up.sql": case.sql}, trace=True, transaction="as-written")
    assert run.outcomes.popitem()[1].ok
    rewritten = {e.relation for e in run.of(WorkDone, rewritten=True) if e.kind in ("r", "m")}
    assert rewritten == case.rewritten
    read = _read(run)
    for relation, rows in case.read:
        assert read.pop(relation, 0) >= rows * 0.95, read
    if not name.startswith("vacuum"):
        assert read == {}, "rows were read that nobody expected"
    locks = {lock.relation: lock.mode for event in run.of(LocksTaken) for lock in event.locks if lock.existed}
    for relation, mode in case.locks:
        assert locks[relation] == mode
    assert all(e.rows_before in (_ROWS, _CHILDREN, 1000, 500, 1) for e in run.of(WorkDone) if e.kind in ("r", "m"))
    assert [e.wal_bytes > 0 for e in run.of(WalWritten)] == [True]


_IN_VAIN = {
    "rewrite_that_fails_at_the_last_row": (
        "UPDATE parent SET b = 3000000 WHERE id = 3000; ALTER TABLE parent ALTER b TYPE smallint",
        {_P: _ROWS},
    ),
    "scan_that_fails_at_the_first_row": ("ALTER TABLE parent ADD CHECK (a > 1)", {}),
    "update_that_fails_at_the_end": (
        "BEGIN; UPDATE child SET v = v; UPDATE child SET v = 1000 - v; COMMIT",
        {_C: _CHILDREN},
    ),
}


@pytest.mark.parametrize("name", _IN_VAIN)
def test_work_of_a_statement_that_fails_counts(name: str, other_database: Database, rehearse: Rehearse) -> None:
    text, expected = _IN_VAIN[name]
    with other_database.connect() as connection:
        connection.execute(_SETUP)
    run = rehearse(other_database, {"up.sql": text}, trace=True, transaction="as-written")
    assert not run.outcomes.popitem()[1].ok
    last = max((e.statement for e in run.of(WorkDone)), default="")
    read = {e.relation: e.rows_scanned for e in run.of(WorkDone, statement=last) if (e.rows_scanned or 0) > 1}
    assert read == expected
    assert not run.of(WorkDone, rewritten=True)


_PROCEDURE = """
CREATE PROCEDURE fill(step int, each_commits bool) LANGUAGE plpgsql AS $$
BEGIN
  FOR low IN 0 .. 2999 BY step LOOP
    UPDATE parent SET a = a + 1 WHERE id > low AND id <= low + step;
    IF each_commits THEN COMMIT; END IF;
  END LOOP;
END $$;
"""


@pytest.mark.parametrize(
    ("sql", "transactions"),
    [
        ("CALL fill(500, true)", 6),
        ("CALL fill(500, false)", 1),
        ("DO $$ BEGIN UPDATE parent SET a = a + 1; COMMIT; END $$", 1),
        ("DO $$ BEGIN UPDATE parent SET a = a + 1; END $$", 1),
    ],
)
def test_how_many_transactions_a_statement_made_is_counted(
    sql: str, transactions: int, other_database: Database, rehearse: Rehearse
) -> None:
    with other_database.connect() as connection:
        connection.execute(_SETUP)
        connection.execute(_PROCEDURE)
    run = rehearse(other_database, {"up.sql": sql}, trace=True, transaction="as-written")
    assert [(e.rows_updated, e.transactions) for e in run.of(WorkDone, relation=_P)] == [(_ROWS, transactions)]
