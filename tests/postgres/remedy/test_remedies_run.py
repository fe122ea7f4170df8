"""Every mechanical remedy runs on a real server, and leaves what the statement itself would have left."""

from collections.abc import Iterator

import pytest

from harness.analysis.remedy.safer import safer_way
from harness.analysis.remedy.steps import Known
from harness.events.tables import TableSeen
from harness.model.catalog import compare_images
from harness.model.clock import RunClock
from harness.model.words import Pass
from harness.postgres.catalog import read_schema_image, read_table_digests
from harness.postgres.connect import Connection, connect
from harness.postgres.ports import Server
from harness.rehearsal.migration.parse import parse_script
from harness.rehearsal.migration.plan import MigrationPlan, Script, Step
from harness.rehearsal.verification.tables import see_tables
from harness.spec.scenario import Transaction

SCHEMA = """
DROP SCHEMA IF EXISTS shop CASCADE;
CREATE SCHEMA shop;
CREATE TYPE shop.mood AS ENUM ('sad');
CREATE TABLE shop.customers (id bigint PRIMARY KEY, name text NOT NULL);
INSERT INTO shop.customers SELECT n, 'c' || n FROM generate_series(1, 50) n;
CREATE TABLE shop.orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL, total int NOT NULL DEFAULT 7,
                          note text, placed date NOT NULL,
                          weight int NOT NULL DEFAULT 7);
INSERT INTO shop.orders SELECT n, 1 + n % 50, n, 'n' || n, date '2024-01-01' + n % 300, n
  FROM generate_series(1, 12000) n;
CREATE INDEX orders_note ON shop.orders (note);
CREATE TABLE shop.lines (order_id bigint, line int, amount int, PRIMARY KEY (order_id, line));
INSERT INTO shop.lines SELECT n / 3, n % 3, n FROM generate_series(1, 12000) n;
CREATE TABLE shop.days (d date NOT NULL, v int) PARTITION BY RANGE (d);
CREATE TABLE shop.days_1 PARTITION OF shop.days FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
CREATE TABLE shop.days_2 PARTITION OF shop.days FOR VALUES FROM ('2024-02-01') TO ('2024-03-01');
INSERT INTO shop.days SELECT date '2024-01-01' + n % 60, n FROM generate_series(1, 100) n;
CREATE TABLE shop.days_3 (d date NOT NULL, v int);
INSERT INTO shop.days_3 SELECT date '2024-03-01' + n % 10, n FROM generate_series(1, 100) n;
CREATE TABLE shop.log (at date, text text);
INSERT INTO shop.log SELECT date '2024-01-01' + n % 60, 'x' FROM generate_series(1, 7000) n;
CREATE MATERIALIZED VIEW shop.totals AS SELECT customer_id, sum(total) AS total FROM shop.orders GROUP BY 1;
CREATE UNIQUE INDEX totals_key ON shop.totals (customer_id);
"""

STATEMENTS = [
    "CREATE INDEX ON shop.orders (lower(note), placed)",
    "CREATE UNIQUE INDEX one_note ON shop.orders (note) WHERE total > 5",
    "CREATE INDEX ON shop.days (v)",
    "DROP INDEX shop.orders_note",
    "REINDEX TABLE shop.orders",
    "REFRESH MATERIALIZED VIEW shop.totals",
    "ALTER TABLE shop.orders ALTER note SET NOT NULL",
    "ALTER TABLE shop.orders ADD CHECK (total > 0)",
    "ALTER TABLE shop.orders ADD FOREIGN KEY (customer_id) REFERENCES shop.customers",
    "ALTER TABLE shop.orders ADD UNIQUE (note, placed)",
    "ALTER TABLE shop.orders ADD CONSTRAINT u UNIQUE (note) INCLUDE (total) DEFERRABLE INITIALLY DEFERRED",
    "ALTER TABLE shop.orders ALTER weight TYPE bigint",
    "ALTER TABLE shop.orders ALTER weight TYPE text USING 'no. ' || weight",
    "ALTER TABLE shop.orders ADD COLUMN state text DEFAULT 'open' NOT NULL CHECK (state <> '')",
    "ALTER TABLE shop.orders ADD COLUMN other bigint DEFAULT 3 REFERENCES shop.customers",
    "ALTER TABLE shop.orders ADD CHECK (total > 0), ALTER note SET NOT NULL, ADD COLUMN plain int",
    "ALTER TABLE shop.days ATTACH PARTITION shop.days_3 FOR VALUES FROM ('2024-03-01') TO ('2024-04-01')",
    "ALTER TABLE shop.days DETACH PARTITION shop.days_1",
    "ALTER TYPE shop.mood ADD VALUE 'calm' BEFORE 'sad'",
    "UPDATE shop.orders SET note = upper(name) FROM shop.customers c WHERE c.id = customer_id AND total > 100",
    "UPDATE shop.lines AS l SET amount = 0 WHERE l.amount > 50 OR l.line = 2",
    "DELETE FROM shop.lines WHERE amount % 2 = 0 OR line = 1",
    "DELETE FROM shop.log WHERE at < '2024-02-01'",
]


@pytest.fixture(scope="module")
def connection(module_server: Server) -> Iterator[Connection]:
    conn = connect(module_server.conninfo(application_name="rehearse/harness"))
    yield conn
    conn.close()


def tables_of(connection: Connection, sql: str) -> tuple[TableSeen, ...]:
    script = Script(file="up.sql", text=sql, statements=parse_script(sql, file="up.sql"))
    step = Step(name="up", up=script, down=None, down_expected="down.sql")
    plan = MigrationPlan(
        tool="sql", steps=(step,), transaction=Transaction.STEP, scenario_file="scenario.toml", needs_down=False
    )
    return see_tables(connection, plan, pass_=Pass.TRACE, clock=RunClock.start())


@pytest.mark.parametrize("sql", STATEMENTS)
def test_a_mechanical_remedy_leaves_what_the_statement_leaves(connection: Connection, sql: str) -> None:
    connection.execute(SCHEMA)
    way = safer_way(sql, Known(work="rewrite", tables=tables_of(connection, sql)))
    assert way.is_mechanical, way.why
    for piece in way.pieces:
        for part in parse_script(piece.sql, file="remedy.sql"):
            connection.execute(part.text.encode())
    safer_image, safer_rows = read_schema_image(connection), read_table_digests(connection)

    connection.execute(SCHEMA)
    connection.execute(sql.encode())
    differences = [d for d in compare_images(read_schema_image(connection), safer_image) if d.change.value != "moved"]
    assert not differences
    assert {(t.relation, t.rows, t.digest) for t in safer_rows} == {
        (t.relation, t.rows, t.digest) for t in read_table_digests(connection)
    }


def test_the_tables_a_migration_names_are_seen(connection: Connection) -> None:
    connection.execute(SCHEMA)
    tables = tables_of(connection, "UPDATE shop.orders SET total = 1; ALTER TABLE shop.days ADD COLUMN w int")
    days, orders = tables
    assert (days.relation, days.kind, days.partition_strategy, days.partition_key) == ("shop.days", "p", "r", ("d",))
    assert days.partitions == ("shop.days_1", "shop.days_2")
    assert orders.primary_key == ("id",)
    assert set(orders.bound) == {"id", "note", "customer_id", "total"}  # totals, the view, reads the last two
    total = orders.column("total")
    assert total is not None
    assert (total.type, total.not_null, total.default) == ("integer", True, "7")
