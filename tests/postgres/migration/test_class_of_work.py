"""The class of work of some forty statements, on every server version at hand: one run a version, each rolled back."""

import pytest

from harness.analysis.analyse import analyse
from harness.postgres.ports import Server
from tests.postgres.migration.conftest import Rehearse, make_database
from tests.unit.analysis.histories import Builder

pytestmark = pytest.mark.postgres

SETUP = """
CREATE TABLE parent (
  id bigint PRIMARY KEY, a integer NOT NULL, b integer, c integer, n varchar(40), t timestamptz, big text
);
INSERT INTO parent SELECT g, g, g, g, 'n' || g, now(), repeat(md5(g::text), 100) FROM generate_series(1, 2000) AS g;
ALTER TABLE parent ADD CONSTRAINT b_filled CHECK (b IS NOT NULL);
ALTER TABLE parent ADD CONSTRAINT late CHECK (c > 0) NOT VALID;
CREATE INDEX parent_n ON parent (n);
CREATE UNIQUE INDEX parent_a ON parent (a);
CREATE TABLE child (id integer, parent_id bigint);
INSERT INTO child SELECT g, g FROM generate_series(1, 1500) AS g;
ALTER TABLE child ADD CONSTRAINT late_key FOREIGN KEY (parent_id) REFERENCES parent NOT VALID;
CREATE DOMAIN positive AS integer;
CREATE TABLE domained (p positive);
INSERT INTO domained SELECT g FROM generate_series(1, 1500) AS g;
CREATE TABLE logs (id integer, day integer, word text) PARTITION BY RANGE (day);
CREATE TABLE logs_1 PARTITION OF logs FOR VALUES FROM (0) TO (1000);
CREATE TABLE logs_2 PARTITION OF logs FOR VALUES FROM (1000) TO (2000);
INSERT INTO logs SELECT g, g, 'w' FROM generate_series(0, 1999) AS g;
CREATE TABLE logs_3 (id integer, day integer, word text);
INSERT INTO logs_3 SELECT g, g, 'w' FROM generate_series(2000, 2999) AS g;
CREATE TABLE logs_4 (id integer, day integer NOT NULL CHECK (day >= 3000 AND day < 4000), word text);
INSERT INTO logs_4 SELECT g, g, 'w' FROM generate_series(3000, 3999) AS g;
CREATE UNLOGGED TABLE hasty AS SELECT g AS id FROM generate_series(1, 1500) AS g;
CREATE MATERIALIZED VIEW counts AS SELECT id FROM child;
CREATE UNIQUE INDEX ON counts (id);
CREATE TABLE spare (id integer, word text);
INSERT INTO spare SELECT g, 'w' FROM generate_series(1, 1500) AS g;
CREATE TABLE nothing (id integer);
VACUUM ANALYZE;
"""
CASES = {
    # catalog only
    "ALTER TABLE parent ADD x integer": "catalog",
    "ALTER TABLE parent ADD x integer NOT NULL DEFAULT 5": "catalog",
    "ALTER TABLE parent ADD x timestamptz DEFAULT now()": "catalog",
    "ALTER TABLE parent DROP big": "catalog",
    "ALTER TABLE parent ALTER b SET DEFAULT 7": "catalog",
    "ALTER TABLE parent ALTER n TYPE varchar(80)": "catalog",
    "ALTER TABLE parent ALTER n TYPE text": "catalog",
    "ALTER TABLE parent ALTER t TYPE timestamp": "catalog",
    "ALTER TABLE parent ALTER b SET NOT NULL": "catalog",
    "ALTER TABLE parent ALTER a DROP NOT NULL": "catalog",
    "ALTER TABLE parent ADD CHECK (a > 0) NOT VALID": "catalog",
    "ALTER TABLE parent ADD CONSTRAINT a_key UNIQUE USING INDEX parent_a": "catalog",
    "ALTER TABLE parent RENAME CONSTRAINT b_filled TO b_unique": "catalog",
    "ALTER TABLE child ADD FOREIGN KEY (id) REFERENCES parent NOT VALID": "catalog",
    "ALTER TABLE logs ATTACH PARTITION logs_4 FOR VALUES FROM (3000) TO (4000)": "catalog",
    "ALTER TABLE logs DETACH PARTITION logs_1": "catalog",
    "DROP INDEX parent_n": "catalog",
    "TRUNCATE spare": "catalog",
    "DROP TABLE spare": "catalog",
    # scans
    "ALTER TABLE parent ALTER c SET NOT NULL": "scan",
    "ALTER TABLE parent ADD CHECK (a > 0)": "scan",
    "ALTER TABLE parent VALIDATE CONSTRAINT late": "scan",
    "ALTER TABLE parent ADD x integer CHECK (x > 0)": "scan",
    "ALTER TABLE child VALIDATE CONSTRAINT late_key": "scan",
    "ALTER TABLE child ADD FOREIGN KEY (id) REFERENCES parent": "scan",
    "ALTER TABLE logs ATTACH PARTITION logs_3 FOR VALUES FROM (2000) TO (3000)": "scan",
    "ALTER TABLE logs ADD CHECK (id >= 0)": "scan",
    "ALTER DOMAIN positive ADD CHECK (value > 0)": "scan",
    "CREATE MATERIALIZED VIEW other AS SELECT id FROM parent": "scan",
    # rewrites
    "ALTER TABLE parent ALTER a TYPE bigint": "rewrite",
    "ALTER TABLE parent ALTER n TYPE varchar(20)": "rewrite",
    "ALTER TABLE parent ADD x uuid DEFAULT gen_random_uuid()": "rewrite",
    "ALTER TABLE parent ADD x integer GENERATED ALWAYS AS (a * 2) STORED": "rewrite",
    "ALTER TABLE parent ADD x bigserial": "rewrite",
    "ALTER TABLE child SET UNLOGGED": "rewrite",
    "ALTER TABLE hasty SET LOGGED": "rewrite",
    "ALTER TABLE spare SET TABLESPACE elsewhere": "rewrite",
    "ALTER TABLE logs ALTER id TYPE bigint": "rewrite",
    "CLUSTER parent USING parent_pkey": "rewrite",
    "REFRESH MATERIALIZED VIEW counts": "rewrite",
    "DO $$ BEGIN ALTER TABLE parent ALTER a TYPE bigint; END $$": "rewrite",
    # indexes
    "CREATE INDEX ON parent (b)": "index",
    "CREATE INDEX ON logs (id)": "index",
    "ALTER TABLE child ADD PRIMARY KEY (id)": "index",
    "ALTER TABLE child ADD UNIQUE (parent_id)": "index",
    "ALTER TABLE parent ADD EXCLUDE (a WITH =)": "index",
    "ALTER TABLE parent ADD x integer UNIQUE": "index",
    "REINDEX TABLE parent": "index",
    "REINDEX INDEX parent_n": "index",
    "ALTER INDEX parent_n SET TABLESPACE elsewhere": "index",
    "DO $$ BEGIN CREATE INDEX ON parent (c); END $$": "index",
    "CREATE INDEX ON nothing (id)": "index",
    # changes of rows, last: the tracer's counts of rows are not rolled back with them
    "INSERT INTO spare SELECT id, 'x' FROM child": "data",
    "UPDATE parent SET c = c WHERE id < 10": "data",
    "UPDATE parent SET c = c": "data",
    "UPDATE logs SET word = 'x'": "data",
    "INSERT INTO logs SELECT g, g, 'x' FROM generate_series(0, 500) AS g": "data",
    "DELETE FROM child": "data",
    "REFRESH MATERIALIZED VIEW CONCURRENTLY counts": "scan",
    "DO $$ BEGIN UPDATE parent SET c = c; END $$": "data",
}
# A virtual column is stored nowhere; versions before 18 do not know it.
SINCE_18 = {"ALTER TABLE parent ADD x integer GENERATED ALWAYS AS (a * 2) VIRTUAL": "catalog"}


def test_class_of_work(versioned_server: Server, rehearse: Rehearse) -> None:
    database = make_database(versioned_server)
    cases = {**(SINCE_18 if versioned_server.version_num >= 180000 else {}), **CASES}
    with database.connect() as connection:
        for statement in SETUP.strip().split(";\n"):
            connection.execute(statement.removesuffix(";").encode())
        connection.execute("SET allow_in_place_tablespaces = on")
        connection.execute("CREATE TABLESPACE elsewhere LOCATION ''")
    text = "".join(f"BEGIN;\n{sql};\nROLLBACK;\n" for sql in cases)
    run = rehearse(database, {"up.sql": text}, trace=True, transaction="as-written")
    statements = analyse(Builder(events=[*run.events]).history()).statements  # type: ignore[list-item]
    assert {s.sql: s.trace_sqlstate for s in statements if s.trace_sqlstate} == {}
    found = {s.sql: s.work for s in statements}
    assert {sql: (found.get(sql), work) for sql, work in cases.items() if found.get(sql) != work} == {}
