"""The quiet moment after going up: the session, whether anything changed, what IF NOT EXISTS passed over."""

import pytest

from harness.model.clock import RunClock
from harness.model.words import Direction, Pass
from harness.rehearsal.migration.own_session import compare_session, read_session
from harness.rehearsal.migration.plan import MigrationPlan
from harness.rehearsal.migration.runner import SqlRunner
from harness.rehearsal.migration.sources import build_plan
from harness.rehearsal.verification.beginning import read_contents
from harness.rehearsal.verification.change import has_changed, is_meant_to_change, stamp
from harness.rehearsal.verification.shapes import other_shapes, read_existing
from harness.spec.scenario import MigrationSpec, Transaction
from tests.postgres.migration.conftest import Database, scenario_of

pytestmark = pytest.mark.postgres

SETUP = """
CREATE TABLE orders (id bigserial PRIMARY KEY, delivery text, cents int, code varchar(8));
INSERT INTO orders (cents) SELECT g FROM generate_series(1, 50) AS g;
CREATE INDEX orders_cents_idx ON orders (cents);
CREATE INDEX orders_code_idx ON orders (code) WHERE cents > 0;
CREATE SCHEMA app;
CREATE VIEW dear AS SELECT id FROM orders WHERE cents > 10;
DO $$ BEGIN CREATE ROLE quiet_role; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
"""


def _ran(database: Database, up: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[SqlRunner, MigrationPlan]:
    folder = tmp_path_factory.mktemp("quiet")
    (folder / "up.sql").write_text(up)
    spec = MigrationSpec(up="up.sql", transaction=Transaction.AS_WRITTEN)
    plan = build_plan(scenario_of(spec, down=False), folder=folder)
    events: list[object] = []
    runner = SqlRunner(plan, spec=spec, server=database, pass_=Pass.TRACE, clock=RunClock.start(), sink=events.append)
    return runner, plan


@pytest.mark.parametrize(
    ("up", "sqlstate", "changed"),
    [
        ("SELECT pg_catalog.set_config('search_path', '', false)", "42P01", "search_path"),
        ("SET search_path = app", "42P01", "search_path"),
        ("SET ROLE quiet_role", "42501", "role"),
        ("SET SESSION AUTHORIZATION quiet_role", "42501", "session_authorization"),
        ("SET default_transaction_read_only = on", "25006", "default_transaction_read_only"),
        ("SET search_path = app, public; ALTER TABLE orders ADD COLUMN a int", "", "search_path"),
        ("SET session_replication_role = replica", "", "session_replication_role"),
        ("BEGIN; SET LOCAL search_path = ''; COMMIT", "", ""),
        ("SET lock_timeout = '2s'; SET statement_timeout = '1s'", "", ""),
        ("CREATE TEMP TABLE t (id int)", "", ""),
    ],
)  # fmt: skip
def test_the_insert_of_a_tool_fails_where_the_session_was_changed(
    up: str, sqlstate: str, changed: str, database: Database, tmp_path_factory: pytest.TempPathFactory
) -> None:
    runner, _ = _ran(database, up, tmp_path_factory)
    with database.connect() as harness, runner:
        harness.execute(SETUP)
        before = read_session(runner.session)
        assert runner.run(Direction.UP).ok
        compared = compare_session(runner.session, before, harness=harness, pass_=Pass.TRACE, clock=RunClock.start())
        assert compared is not None
        assert compared.sqlstate == sqlstate
        assert [one.name for one in compared.changed] == ([changed] if changed else [])
        left = harness.execute("SELECT to_regclass('public.schema_migrations')").fetchone()
        assert left == (None,)


def test_a_table_of_the_tools_own_is_used_and_kept(
    database: Database, tmp_path_factory: pytest.TempPathFactory
) -> None:
    runner, _ = _ran(database, "SELECT 1", tmp_path_factory)
    with database.connect() as harness, runner:
        harness.execute("CREATE TABLE schema_migrations (version bigint NOT NULL)")
        before = read_session(runner.session)
        compared = compare_session(runner.session, before, harness=harness, pass_=Pass.TRACE, clock=RunClock.start())
        assert compared is not None
        assert compared.sqlstate == ""
        assert harness.execute("SELECT count(*) FROM schema_migrations").fetchone() == (0,)


GUARDS = """
CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not here'; END $$;
CREATE EVENT TRIGGER no_new ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION refuse();
CREATE EVENT TRIGGER no_drop ON sql_drop EXECUTE FUNCTION refuse();
"""


def test_guards_of_the_database_do_not_stop_the_harness(
    database: Database, tmp_path_factory: pytest.TempPathFactory
) -> None:
    runner, _ = _ran(database, GUARDS, tmp_path_factory)
    with database.connect() as harness, runner:
        before = read_session(runner.session)
        assert runner.run(Direction.UP).ok
        compared = compare_session(runner.session, before, harness=harness, pass_=Pass.TRACE, clock=RunClock.start())
        assert compared is not None
        assert compared.sqlstate == ""
        assert harness.execute("SELECT to_regclass('public.schema_migrations')").fetchone() == (None,)
        assert harness.execute("SHOW session_replication_role").fetchone() == ("origin",)


CHANGES = {
    "ALTER TABLE orders ADD COLUMN a int": True,
    "COMMENT ON TABLE orders IS 'x'": True,
    "CREATE STATISTICS s ON id, cents FROM orders": True,
    "GRANT SELECT ON orders TO quiet_role": True,
    "ALTER TABLE orders ALTER COLUMN cents SET STATISTICS 500": True,
    "ALTER TABLE orders SET (fillfactor = 80)": True,
    "UPDATE orders SET cents = 0 WHERE id = 1": True,
    "SELECT setval('orders_id_seq', 1000)": True,
    "ALTER TABLE orders ADD CONSTRAINT c CHECK (cents > 0) NOT VALID": True,
    "CREATE OR REPLACE VIEW dear AS SELECT id FROM orders WHERE cents > 20": True,
    "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO quiet_role": True,
    "ALTER TABLE orders ADD COLUMN IF NOT EXISTS cents int": False,
    "DROP TABLE IF EXISTS nothing": False,
    "UPDATE orders SET cents = 0 WHERE id = -1": False,
    "BEGIN; ALTER TABLE orders ADD COLUMN a int": False,
    "SET lock_timeout = '1s'; SELECT 1": False,
}


@pytest.mark.parametrize("up", CHANGES)
def test_a_change_of_whatever_kind_is_seen(
    up: str, database: Database, tmp_path_factory: pytest.TempPathFactory
) -> None:
    runner, _ = _ran(database, up, tmp_path_factory)
    with database.connect() as harness, runner:
        harness.execute(SETUP)
        before = stamp(harness), read_contents(harness, rows=True)
        assert runner.run(Direction.UP).ok
        harness.execute("ANALYZE")
        harness.execute("VACUUM")
        assert has_changed(before, (stamp(harness), read_contents(harness, rows=True))) is CHANGES[up]


@pytest.mark.parametrize("up", ["VACUUM FULL orders", "ANALYZE", "REINDEX TABLE orders", "CLUSTER orders USING i"])
def test_maintenance_is_not_asked_for_a_change(
    up: str, database: Database, tmp_path_factory: pytest.TempPathFactory
) -> None:
    _, plan = _ran(database, up, tmp_path_factory)
    assert not is_meant_to_change(plan)


SHAPES = {
    "ALTER TABLE orders ADD COLUMN IF NOT EXISTS delivery tstzrange": ["public.orders.delivery"],
    "ALTER TABLE orders ADD COLUMN IF NOT EXISTS code varchar(16)": ["public.orders.code"],
    "ALTER TABLE orders ADD COLUMN IF NOT EXISTS code varchar(8), ADD COLUMN IF NOT EXISTS fresh int": [],
    "ALTER TABLE orders ADD COLUMN IF NOT EXISTS delivery date; "
    "ALTER TABLE orders ALTER COLUMN delivery TYPE date USING NULL": [],
    "CREATE TABLE IF NOT EXISTS orders (id bigserial PRIMARY KEY, cents int NOT NULL)": [],
    "CREATE TABLE IF NOT EXISTS orders (id bigint, actor text, UNIQUE (id))": ["public.orders.actor"],
    "CREATE TABLE IF NOT EXISTS fresh (id bigint)": [],
    "CREATE INDEX IF NOT EXISTS orders_cents_idx ON orders (cents)": [],
    "CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_code_idx ON orders (code) WHERE cents > 0": [],
    "CREATE INDEX IF NOT EXISTS orders_code_idx ON orders (code)": ["index public.orders_code_idx"],
    "CREATE UNIQUE INDEX IF NOT EXISTS orders_cents_idx ON orders (cents)": ["index public.orders_cents_idx"],
    "CREATE INDEX IF NOT EXISTS orders_fresh_idx ON orders (delivery)": [],
}


@pytest.mark.parametrize("up", SHAPES)
def test_what_is_passed_over_must_be_what_is_asked_for(
    up: str, database: Database, tmp_path_factory: pytest.TempPathFactory
) -> None:
    runner, plan = _ran(database, up, tmp_path_factory)
    with database.connect() as harness, runner:
        harness.execute(SETUP)
        before = read_existing(harness)
        assert runner.run(Direction.UP).ok
        found = other_shapes(harness, plan, before=before)
        assert [one.identity for one in found] == SHAPES[up]
        assert harness.execute("SELECT to_regclass('rehearse_shape')").fetchone() == (None,)
