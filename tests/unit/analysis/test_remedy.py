"""Remedies are SQL for the very statement, and PostgreSQL's own parser reads them."""

from dataclasses import replace

import postgast
import pytest
from msgspec import structs

from harness.analysis.analyse import analyse
from harness.analysis.facts import Facts
from harness.analysis.remedy.backfill import batches
from harness.analysis.remedy.object_names import object_name
from harness.analysis.remedy.safer import referencing_index, safer, safer_way
from harness.analysis.remedy.steps import Known
from harness.analysis.remedy.tree import referenced_only
from harness.events.tables import ColumnShape, TableSeen
from harness.model.words import Pass
from tests.unit.analysis.histories import Builder

ORDERS = TableSeen(
    at_ns=0,
    pass_=Pass.TRACE,
    relation="public.o",
    kind="r",
    columns=(
        ColumnShape(name="id", type="bigint", not_null=True),
        ColumnShape(name="x", type="integer", not_null=True, default="0"),
        ColumnShape(name="a", type="integer"),
    ),
    primary_key=("id",),
    bound=("id", "a"),
)
PARTS = TableSeen(
    at_ns=0,
    pass_=Pass.TRACE,
    relation="public.p",
    kind="p",
    columns=(ColumnShape(name="d", type="date"),),
    partition_strategy="r",
    partition_key=("d",),
    partitions=("public.p1", "public.p2"),
)
KNOWN = Known(work="rewrite", tables=(ORDERS, PARTS))


def facts(sql: str) -> Facts:
    return analyse(Builder().statement("S1", sql).history())


def text(sql: str) -> str:
    known = facts(sql)
    return safer(known.statements[0], known)


@pytest.mark.parametrize(
    ("sql", "contains"),
    [
        ("CREATE INDEX i ON public.orders (lower(a)) WHERE b > 1", "CREATE INDEX CONCURRENTLY i ON public.orders"),
        ("CREATE INDEX ON orders (lower(a), b)", "DROP INDEX CONCURRENTLY IF EXISTS orders_lower_b_idx;"),
        ("DROP INDEX i", "DROP INDEX CONCURRENTLY i;"),
        ("DROP INDEX i, s.j", "DROP INDEX CONCURRENTLY i;\nDROP INDEX CONCURRENTLY s.j;"),
        ("REINDEX TABLE orders", "REINDEX (CONCURRENTLY) TABLE orders;"),
        ("REINDEX (VERBOSE) TABLE orders", "REINDEX (VERBOSE, CONCURRENTLY) TABLE orders;"),
        ("REFRESH MATERIALIZED VIEW mv", "REFRESH MATERIALIZED VIEW CONCURRENTLY mv;"),
        ("VACUUM FULL orders", "VACUUM (ANALYZE) orders;"),
        ("CLUSTER orders", "pg_repack"),
        ("ALTER TABLE o ALTER COLUMN x SET NOT NULL", "CHECK (x IS NOT NULL) NOT VALID;\nALTER TABLE o VALIDATE"),
        (
            "ALTER TABLE o ADD FOREIGN KEY (a) REFERENCES b",
            "ADD CONSTRAINT o_a_fkey FOREIGN KEY (a) REFERENCES b NOT VALID;",
        ),
        ("ALTER TABLE o ADD CONSTRAINT c CHECK (a > 0)", "VALIDATE CONSTRAINT c;"),
        ("ALTER TABLE o ADD CHECK (a > 0)", "VALIDATE CONSTRAINT o_a_check;"),
        ("ALTER TABLE o ADD CHECK (a > b)", "VALIDATE CONSTRAINT o_check;"),
        ('ALTER TABLE "O" ADD PRIMARY KEY (id)', 'ADD CONSTRAINT "O_pkey" PRIMARY KEY USING INDEX "O_pkey";'),
        ("ALTER TABLE o ADD UNIQUE (a, b)", "CREATE UNIQUE INDEX CONCURRENTLY o_a_b_key ON o (a, b);"),
        ("ALTER TABLE s.o ALTER x TYPE numeric(12,2)", "ALTER TABLE s.o ADD COLUMN x_new numeric(12, 2);"),
        ("ALTER TABLE o ADD COLUMN z int DEFAULT random() NOT NULL", "ALTER COLUMN z SET DEFAULT random();"),
        ("ALTER TABLE o ADD COLUMN z int", "SET lock_timeout"),
        ("ALTER TABLE o ADD COLUMN z bigserial", "plain column"),
        ("ALTER TABLE o SET UNLOGGED", "new table in batches"),
        ("ALTER TABLE o ATTACH PARTITION p DEFAULT", "ALTER TABLE o ATTACH PARTITION p DEFAULT;"),
        ("ALTER TABLE o DETACH PARTITION p", "ALTER TABLE o DETACH PARTITION p CONCURRENTLY;"),
        ("ALTER TABLE o ADD EXCLUDE USING gist (a WITH =)", "quiet window"),
        ("DELETE FROM t WHERE a > 1", "SELECT ctid FROM t WHERE a > 1 LIMIT 5000"),
        ("DELETE FROM t", "SELECT ctid FROM t LIMIT 5000"),
        ("UPDATE t SET a = a + 1", "-- the same for at most 5,000 rows of t by key range"),
        ("DELETE FROM t USING u WHERE u.a = t.a", "by key range"),
        ("ALTER TABLE o RENAME COLUMN x TO y", "ADD COLUMN y, kept equal to x by a trigger"),
        ("ALTER TABLE o RENAME TO q", "CREATE VIEW o AS SELECT * FROM q;"),
        ("ALTER TYPE mood ADD VALUE 'calm'", "committed before anything uses the value"),
        ("ALTER TABLE o DROP COLUMN x", "SET lock_timeout"),
        ("CREATE INDEX CONCURRENTLY i ON o (a)", "SET lock_timeout"),
        ("DROP TABLE o", "SET lock_timeout"),
        ("REFRESH MATERIALIZED VIEW CONCURRENTLY mv", "SET lock_timeout"),
        ("ALTER TABLE o ADD CONSTRAINT k PRIMARY KEY USING INDEX i", "SET lock_timeout"),
    ],
)
def test_the_safer_form_is_sql(sql: str, contains: str) -> None:
    remedy = text(sql)
    assert contains in remedy
    postgast.parse(remedy)


@pytest.mark.parametrize(
    ("sql", "contains"),
    [
        ("UPDATE o SET a = 1 WHERE x > 1 OR x < 0", "AND (x > 1 OR x < 0);"),
        ("UPDATE o AS t SET a = u.a FROM u WHERE u.id = t.id", "(t.id >= _from_1 AND t.id <= _to_1)"),
        ("DELETE FROM o USING u WHERE u.a = o.a", "DELETE FROM o USING u WHERE (o.id >= _from_1"),
        ("ALTER TABLE o ALTER x TYPE bigint", "ALTER TABLE o RENAME COLUMN x_new TO x;"),
        ("ALTER TABLE o ALTER x TYPE text USING x::text || a", "NEW.x_new := new.x::text || new.a;"),
        ('ALTER TABLE o ALTER x TYPE text COLLATE "C"', 'ALTER TABLE o ADD COLUMN x_new text COLLATE "C";'),
        ('ALTER TABLE o ALTER x TYPE text COLLATE pg_catalog."C"', "NEW.x_new := NEW.x::text;"),
        ('ALTER TABLE o ADD COLUMN z text COLLATE "C" DEFAULT a.b(1)', 'ALTER TABLE o ADD COLUMN z text COLLATE "C";'),
        ("ALTER TABLE o ADD COLUMN z uuid DEFAULT gen_random_uuid() UNIQUE", "UNIQUE USING INDEX o_z_key;"),
        ("ALTER TABLE o ADD COLUMN z int DEFAULT 1 REFERENCES q", "ADD CONSTRAINT o_z_fkey FOREIGN KEY (z)"),
        ("ALTER TABLE o ADD CHECK (a > 0), DROP COLUMN x", "ALTER TABLE o DROP x;"),
        ("CREATE INDEX ON p (d)", "ALTER INDEX p_d_idx ATTACH PARTITION public.p2_d_idx;"),
        (
            "ALTER TABLE p ATTACH PARTITION c FOR VALUES FROM ('2024-01-01') TO (MAXVALUE)",
            "d >= '2024-01-01') NOT VALID",
        ),
        ("ALTER TABLE p DETACH PARTITION p1", "DETACH PARTITION p1 CONCURRENTLY;"),
    ],
)
def test_with_the_catalog_the_remedy_needs_nobody(sql: str, contains: str) -> None:
    way = safer_way(sql, KNOWN)
    assert contains in way.text
    assert way.is_mechanical, way.why
    for piece in way.pieces:
        postgast.parse(piece.sql)
    postgast.parse(way.text)


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("UPDATE o SET a = a + 1", "change it again"),
        ("UPDATE o SET a = random()", "change it again"),
        ("UPDATE o SET id = -id", "changes the key of o"),
        ("DELETE FROM o RETURNING id", "RETURNING"),
        ("UPDATE q SET a = 1", "no primary key of q"),
        ("ALTER TABLE o ALTER a TYPE bigint", "uses a"),
        ("ALTER TABLE o ADD COLUMN z bigint GENERATED ALWAYS AS (x * 2) STORED", "computed for every row"),
        ("ALTER TABLE o ALTER COLUMN x SET EXPRESSION AS (a * 2)", "computed for every row"),
        ("ALTER TABLE o SET TABLESPACE fast", "SET TABLESPACE"),
        ("ALTER TABLE p ADD FOREIGN KEY (d) REFERENCES o", "partitioned table"),
        ("ALTER TABLE p ADD PRIMARY KEY (d)", "partitioned table"),
        ("ALTER TABLE o RENAME COLUMN x TO y", "a deploy lies between"),
        ("VACUUM FULL o", "no form that lets others through"),
        ("REFRESH MATERIALIZED VIEW mv", "unique index"),
    ],
)
def test_what_needs_a_person_says_why(sql: str, why: str) -> None:
    way = safer_way(sql, KNOWN)
    assert why in way.why
    assert not way.is_mechanical
    assert f"-- needs a person: {way.why}" in way.text
    postgast.parse(way.text)


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("ALTER TABLE o ALTER CONSTRAINT o_a_fkey ENFORCED", "add it again NOT VALID"),
        ("ALTER DOMAIN d ADD CHECK (VALUE > 0)", "to each column of the domain"),
        ("ALTER DOMAIN d VALIDATE CONSTRAINT c", "to each column of the domain"),
    ],
)
def test_a_scan_that_lock_timeout_does_not_shorten(sql: str, words: str) -> None:
    assert words in safer_way(sql, replace(KNOWN, work="scan")).text
    assert not safer_way(sql, replace(KNOWN, work="catalog")).text


def test_a_virtual_column_computes_nothing() -> None:
    catalog = replace(KNOWN, work="catalog")
    assert not safer_way("ALTER TABLE o ALTER COLUMN x SET EXPRESSION AS (a * 2)", catalog).text


def test_detach_beside_a_default_partition() -> None:
    beside = structs.replace(PARTS, default_partition="public.pd")
    known = replace(KNOWN, tables=(beside,))
    assert "default partition" in safer_way("ALTER TABLE p DETACH PARTITION p1", known).why
    attach = safer_way("ALTER TABLE p ATTACH PARTITION c FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')", known)
    assert attach.pieces[0].sql.startswith("ALTER TABLE public.pd ADD CONSTRAINT c_is_apart CHECK (NOT (d IS NOT NULL")


def test_nothing_is_done_about_a_table_that_the_migration_makes() -> None:
    assert not safer_way("CREATE INDEX ON fresh (a)", KNOWN).text
    assert not safer_way("ALTER TABLE fresh ALTER a SET NOT NULL", KNOWN).text


def test_patient_statements_have_no_lock_timeout() -> None:
    lines = safer_way("ALTER TABLE o ADD CONSTRAINT u UNIQUE (x)", KNOWN).text.splitlines()
    at = next(n for n, line in enumerate(lines) if "CREATE UNIQUE INDEX CONCURRENTLY" in line)
    before = [line for line in lines[:at] if line.startswith("SET lock_timeout")]
    after = [line for line in lines[at:] if line.startswith("SET lock_timeout")]
    assert before[-1] == "SET lock_timeout = '0';"
    assert after == ["SET lock_timeout = '100ms';"]


def test_what_is_no_sql_is_kept() -> None:
    assert text("this is not SQL").endswith("this is not SQL;")


def test_a_data_change_in_other_words() -> None:
    known = facts("CALL fill()")
    assert "commit" in batches(known.statements[0], known)


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE items ADD FOREIGN KEY (order_id) REFERENCES orders (id)",
        "ALTER TABLE items ADD COLUMN order_id bigint REFERENCES orders (id)",
        "CREATE TABLE items (id bigint, order_id bigint REFERENCES orders)",
    ],
)
def test_the_index_of_a_foreign_key(sql: str) -> None:
    one = facts(sql).statements[0]
    assert referencing_index(one, "x") == "CREATE INDEX CONCURRENTLY items_order_id_idx ON items (order_id);"


def test_the_index_of_a_foreign_key_that_is_not_known() -> None:
    assert referencing_index(None, "public.items.fk").startswith("-- CREATE INDEX CONCURRENTLY")


def test_a_name_too_long_is_cut_as_the_server_cuts_it() -> None:
    # Seen on PostgreSQL 18: CREATE INDEX ON a…(40) (b…(40)) is named so.
    assert object_name("a" * 40, ["b" * 40], "idx") == f"{'a' * 29}_{'b' * 29}_idx"


def test_relations_named_only_after_references() -> None:
    sqls = ["CREATE TABLE a (b bigint REFERENCES b, c bigint REFERENCES c)", "UPDATE c SET x = 1", "no SQL"]
    assert referenced_only(sqls) == {"b"}
