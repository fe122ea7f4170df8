"""Traffic out of the catalog: no error, and every table with a foreign key is read and written."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.events.operations import Outcome
from harness.model.units import NS_PER_S
from harness.workload.auto import derive_auto
from harness.workload.catalog import Catalog
from harness.workload.derived import Derived
from harness.workload.read_catalog import read_catalog
from tests.postgres.workload.conftest import CHINOOK, PAGILA, SHOP, Database, Traffic

pytestmark = pytest.mark.postgres

SECONDS = float(os.environ.get("REHEARSE_AUTO_SECONDS") or 6)
RATE = 120.0
SOURCES = {"pagila": PAGILA, "chinook": CHINOOK, "shop": SHOP}


def derive(database: Database, *, writable: bool = True) -> tuple[Catalog, Derived]:
    with database.connect() as connection:
        catalog = read_catalog(connection)
        return catalog, derive_auto(catalog, database.tryout(connection, writable=writable))


def written_tables(database: Database) -> dict[str, int]:
    """Rows inserted, updated and deleted since the counters were reset, by table; partitions are themselves here."""
    with database.connect() as connection:
        connection.execute("SELECT pg_stat_force_next_flush()")
        rows = connection.execute(
            "SELECT schemaname || '.' || relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_user_tables"
        ).fetchall()
    return dict(rows)


@pytest.mark.slow
def test_real_schemas_run_without_an_error(
    make_database: Callable[[str, Path], Database], run_traffic: Callable[..., Traffic]
) -> None:
    there = {name: path for name, path in SOURCES.items() if path.is_file()}
    databases = {name: make_database(name, path) for name, path in there.items()}
    derived = {name: derive(database) for name, database in databases.items()}
    for database in databases.values():
        with database.connect() as connection:
            connection.execute("SELECT pg_stat_reset()")
    traffic = {name: run_traffic(databases[name], d.operations, rate=RATE) for name, (_, d) in derived.items()}
    for one in traffic.values():
        one.process.begin()
    time.sleep(SECONDS)
    summaries = {name: one.process.stop(drain_ns=5 * NS_PER_S) for name, one in traffic.items()}
    for name, (catalog, found) in derived.items():
        summary = summaries[name]
        assert summary.errors == (), name
        assert (summary.failed, summary.pool_timeouts, summary.abandoned) == (0, 0, 0), name
        assert found.coverage.uncovered == (), name
        written = written_tables(databases[name])
        assert_every_table_served(catalog, traffic[name], written)
        if SECONDS >= 60:  # the smallest of pagila's has 4 % of the payments
            assert [table for table in partitions_with_foreign_keys(databases[name]) if not written[table]] == []


def assert_every_table_served(catalog: Catalog, traffic: Traffic, written: dict[str, int]) -> None:
    records = traffic.records()
    done = np.bincount(records["operation"][records["outcome"] == Outcome.OK], minlength=1_000)
    for table in catalog.tables:
        if not table.foreign_keys:
            continue
        operations = traffic.workload.operations
        reads = sum(done[o.index] for o in operations if table.written in o.reads and not o.writes)
        writes = sum(done[o.index] for o in operations if table.written in o.writes)
        assert reads, table.qualified
        assert writes, table.qualified
        if not table.partitioned_by:
            assert written[table.qualified], table.qualified


def partitions_with_foreign_keys(database: Database) -> list[str]:
    with database.connect() as connection:
        rows = connection.execute(
            "SELECT DISTINCT n.nspname || '.' || c.relname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid"
            " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE k.contype = 'f' AND c.relispartition"
        ).fetchall()
    return [name for (name,) in rows]


STRANGE = """
    CREATE SCHEMA "Sales Dept";
    CREATE TYPE mood AS ENUM ('happy', 'sad');
    CREATE DOMAIN code AS text CHECK (VALUE ~ '^[A-Z]{3}-[0-9]{4}$');
    CREATE TABLE "Sales Dept"."Order" (
        "Id" uuid PRIMARY KEY DEFAULT gen_random_uuid(), "user" text NOT NULL UNIQUE, feeling mood, ref code UNIQUE,
        low int NOT NULL, high int NOT NULL CHECK (high > low), CHECK (low > 0),
        doubled int GENERATED ALWAYS AS (low * 2) STORED
    );
    INSERT INTO "Sales Dept"."Order" ("user", feeling, ref, low, high)
    SELECT 'u' || g, 'sad', 'ABC-' || lpad(g::text, 4, '0'), g, g + 5 FROM generate_series(1, 300) g;
    CREATE TABLE line (
        order_id uuid REFERENCES "Sales Dept"."Order", place smallint, id int GENERATED ALWAYS AS IDENTITY UNIQUE,
        PRIMARY KEY (order_id, place)
    );
    INSERT INTO line SELECT "Id", 1 FROM "Sales Dept"."Order";
    CREATE TABLE profile (order_id uuid PRIMARY KEY REFERENCES "Sales Dept"."Order", note text DEFAULT 'x');
    INSERT INTO profile SELECT "Id" FROM "Sales Dept"."Order" LIMIT 100;
    CREATE TABLE booking (
        id int PRIMARY KEY, room int4range NOT NULL, during tstzrange NOT NULL,
        EXCLUDE USING gist (room WITH =, during WITH &&)
    );
    INSERT INTO booking
    SELECT g, int4range(g, g + 1), tstzrange('2026-01-01', '2026-01-02') FROM generate_series(1, 50) g;
    CREATE TABLE loaded (id serial PRIMARY KEY, name varchar(3) NOT NULL UNIQUE, parent int REFERENCES loaded);
    INSERT INTO loaded (id, name, parent)
    SELECT g, lpad(g::text, 3, 'x'), nullif(g - 1, 0) FROM generate_series(1, 90) g;
    CREATE TABLE measure (
        id bigint GENERATED ALWAYS AS IDENTITY, at timestamptz NOT NULL, v numeric(4, 2), PRIMARY KEY (at, id)
    ) PARTITION BY RANGE (at);
    CREATE TABLE measure_a PARTITION OF measure FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
    CREATE TABLE measure_b PARTITION OF measure FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
    INSERT INTO measure (at, v)
    SELECT '2026-01-01'::timestamptz + g * interval '1 hour', 1 FROM generate_series(0, 1400) g;
    CREATE TABLE keyless (a int, b text);
    INSERT INTO keyless SELECT g, 'x' FROM generate_series(1, 100) g;
    CREATE TABLE nothing_in_it (id int PRIMARY KEY, parent int REFERENCES loaded);
    CREATE TABLE guarded (id int PRIMARY KEY, v int);
    INSERT INTO guarded SELECT g, g FROM generate_series(1, 20) g;
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
    CREATE TRIGGER refuse BEFORE DELETE ON guarded FOR EACH ROW EXECUTE FUNCTION refuse();
    CREATE TABLE full_up (a boolean, b boolean, PRIMARY KEY (a, b));
    INSERT INTO full_up VALUES (true, true), (true, false), (false, true), (false, false);
"""
"""Everything that keeps a copied row out, or needs quotes."""


@pytest.fixture(scope="module")
def strange(make_database: Callable[[str, str], Database]) -> Database:
    """A database of that."""
    return make_database("strange", STRANGE)


def test_constraints_are_respected_and_what_cannot_be_is_told(
    strange: Database, run_traffic: Callable[..., Traffic]
) -> None:
    _, derived = derive(strange)
    names = {operation.name for operation in derived.operations}
    for table in ('"Sales Dept"."Order"', "line", "profile", "booking", "loaded", "measure"):
        assert {f"{verb} {table}" for verb in ("read", "insert", "update", "delete")} <= names, table
    assert {"list keyless", "read guarded", "insert guarded", "update guarded", "update full_up"} <= names
    reasons = {one.statement: one.reason for one in derived.coverage.uncovered}
    assert reasons["read keyless"] == "the table has no primary key and no other that is never NULL"
    assert reasons["delete guarded"].endswith("(P0001)")
    assert "nothing_in_it" in reasons["read nothing_in_it"]
    assert "new value" in reasons["insert full_up"]
    assert not names & reasons.keys()
    assert derived.coverage.covered_calls == len(names)
    assert "Read and never written: public.keyless, public.nothing_in_it." in derived.notes
    traffic = run_traffic(strange, derived.operations, rate=400.0)
    traffic.process.begin()
    time.sleep(3.0)
    summary = traffic.process.stop(drain_ns=5 * NS_PER_S)
    assert summary.errors == ()
    assert summary.failed == 0


def test_trying_leaves_nothing_behind(strange: Database) -> None:
    def rows() -> Any:
        with strange.connect() as connection:
            return connection.execute(
                'SELECT (SELECT count(*) FROM line), (SELECT count(*) FROM "Sales Dept"."Order"),'
                " (SELECT sum(v) FROM guarded), (SELECT count(*) FROM booking)"
            ).fetchone()

    before = rows()
    derive(strange)
    assert rows() == before


def test_writes_are_only_prepared_on_a_database_that_is_not_disposable(strange: Database) -> None:
    with strange.connect() as connection:
        before = connection.execute("SELECT last_value FROM measure_id_seq").fetchone()
        catalog = read_catalog(connection)
        derived = derive_auto(catalog, strange.tryout(connection, writable=False))
        assert connection.execute("SELECT last_value FROM measure_id_seq").fetchone() == before
    assert {"insert measure", "delete guarded", "read measure"} <= {one.name for one in derived.operations}


def test_a_database_without_tables_gives_nothing(make_database: Callable[[str, str], Database]) -> None:
    _, derived = derive(make_database("bare", "SELECT 1"))
    assert (derived.operations, derived.coverage.calls) == ((), 0)
