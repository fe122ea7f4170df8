"""Remedies are SQL for the very statement, and PostgreSQL's own parser reads them."""

import postgast
import pytest

from harness.analysis.analyse import analyse
from harness.analysis.facts import StatementFacts
from harness.analysis.remedy.backfill import batches
from harness.analysis.remedy.safer import referencing_index, safer
from harness.analysis.remedy.tree import referenced_only
from tests.unit.analysis.histories import Builder


def statement(sql: str) -> StatementFacts:
    return analyse(Builder().statement("S1", sql).history()).statements[0]


@pytest.mark.parametrize(
    ("sql", "contains"),
    [
        ("CREATE INDEX i ON public.orders (lower(a)) WHERE b > 1", "CREATE INDEX CONCURRENTLY i ON public.orders"),
        ("DROP INDEX i", "DROP INDEX CONCURRENTLY i;"),
        ("REINDEX TABLE orders", "REINDEX TABLE CONCURRENTLY orders;"),
        ("REINDEX (VERBOSE) TABLE orders", "REINDEX (VERBOSE) TABLE CONCURRENTLY orders;"),
        ("REFRESH MATERIALIZED VIEW mv", "REFRESH MATERIALIZED VIEW CONCURRENTLY mv;"),
        ("VACUUM FULL orders", "VACUUM orders;"),
        ("CLUSTER orders", "pg_repack"),
        ("ALTER TABLE o ALTER COLUMN x SET NOT NULL", "CHECK (x IS NOT NULL) NOT VALID;\nALTER TABLE o VALIDATE"),
        (
            "ALTER TABLE o ADD FOREIGN KEY (a) REFERENCES b",
            "ADD CONSTRAINT o_a_fkey FOREIGN KEY (a) REFERENCES b NOT VALID;",
        ),
        ("ALTER TABLE o ADD CONSTRAINT c CHECK (a > 0)", "VALIDATE CONSTRAINT c;"),
        ('ALTER TABLE "O" ADD PRIMARY KEY (id)', 'ADD CONSTRAINT "O_pkey" PRIMARY KEY USING INDEX "O_pkey";'),
        ("ALTER TABLE o ADD UNIQUE (a, b)", "CREATE UNIQUE INDEX CONCURRENTLY o_a_b_key ON o (a, b);"),
        ("ALTER TABLE s.o ALTER x TYPE numeric(12,2)", "ALTER TABLE s.o ADD COLUMN x_new numeric(12, 2);"),
        ("ALTER TABLE o ADD COLUMN z int DEFAULT random() NOT NULL", "ALTER COLUMN z SET DEFAULT random();"),
        ("ALTER TABLE o ADD COLUMN z int", "SET lock_timeout"),
        ("ALTER TABLE o ATTACH PARTITION p DEFAULT", "ALTER TABLE o ATTACH PARTITION p DEFAULT;"),
        ("ALTER TABLE o DETACH PARTITION p", "ALTER TABLE o DETACH PARTITION p CONCURRENTLY;"),
        ("UPDATE t SET a = 1 WHERE b > 1", "(b > 1) AND (a IS DISTINCT FROM 1) LIMIT 5000"),
        ("UPDATE t SET a = lower(b)", "WHERE a IS DISTINCT FROM lower(b) LIMIT 5000"),
        ("DELETE FROM t WHERE a > 1", "SELECT ctid FROM t WHERE a > 1 LIMIT 5000"),
        ("DELETE FROM t", "SELECT ctid FROM t LIMIT 5000"),
        ("UPDATE t SET a = a + 1", "-- the same, for at most 5,000 rows of t by key range"),
        ("UPDATE t SET a = random()", "by key range"),
        ("UPDATE t SET a = u.a FROM u", "by key range"),
        ("DELETE FROM t USING u WHERE u.a = t.a", "by key range"),
        ("ALTER TABLE o DROP COLUMN x", "SET lock_timeout"),
        ("CREATE INDEX CONCURRENTLY i ON o (a)", "SET lock_timeout"),
        ("DROP TABLE o", "SET lock_timeout"),
        ("REFRESH MATERIALIZED VIEW CONCURRENTLY mv", "SET lock_timeout"),
        ("ALTER TABLE o ADD CONSTRAINT k PRIMARY KEY USING INDEX i", "SET lock_timeout"),
    ],
)
def test_the_safer_form_is_sql(sql: str, contains: str) -> None:
    remedy = safer(statement(sql))
    assert contains in remedy
    postgast.parse(remedy)


def test_what_is_no_sql_is_kept() -> None:
    assert safer(statement("this is not SQL")).endswith("this is not SQL;")


def test_a_data_change_in_other_words() -> None:
    assert "commit" in batches(statement("CALL fill()"))


def test_the_index_of_a_foreign_key() -> None:
    one = statement("ALTER TABLE items ADD FOREIGN KEY (order_id) REFERENCES orders (id)")
    assert referencing_index(one, "x") == "CREATE INDEX CONCURRENTLY ON items (order_id);"
    assert referencing_index(None, "public.items.fk").startswith("-- CREATE INDEX CONCURRENTLY")


def test_relations_named_only_after_references() -> None:
    sqls = ["CREATE TABLE a (b bigint REFERENCES b, c bigint REFERENCES c)", "UPDATE c SET x = 1", "no SQL"]
    assert referenced_only(sqls) == {"b"}
