"""SQL to run before a statement: find the rows it refuses, keep what it takes away, expand before it."""

import postgast
import pytest

from harness.analysis.analyse import analyse
from harness.analysis.remedy.repair import archive, expand_first, violating_rows
from harness.events.tables import ColumnShape, TableSeen
from harness.model.words import Pass
from tests.unit.analysis.histories import Builder

ORDERS = TableSeen(
    at_ns=0,
    pass_=Pass.TRACE,
    relation="public.orders",
    kind="r",
    columns=(ColumnShape(name="id", type="bigint"), ColumnShape(name="note", type="text")),
    primary_key=("id",),
)


@pytest.mark.parametrize(
    ("sql", "query"),
    [
        ("ALTER TABLE o ALTER a SET NOT NULL", "SELECT count(*) FROM o WHERE a IS NULL;"),
        ("ALTER TABLE o ADD CHECK (a > 0 OR b)", "SELECT count(*) FROM o WHERE NOT (a > 0 OR b);"),
        ("ALTER TABLE o ADD UNIQUE (a, b)", "SELECT a, b, count(*) FROM o GROUP BY a, b HAVING count(*) > 1;"),
        ("CREATE UNIQUE INDEX i ON o (a)", "SELECT a, count(*) FROM o GROUP BY a HAVING count(*) > 1;"),
        (
            "ALTER TABLE o ADD FOREIGN KEY (a) REFERENCES p (id)",
            "SELECT count(*) FROM o AS c\nWHERE c.a IS NOT NULL AND NOT EXISTS (SELECT FROM p AS p WHERE p.id = c.a);",
        ),
        ("CREATE UNIQUE INDEX i ON o (lower(a))", ""),
        ("ALTER TABLE o DROP COLUMN a", ""),
        ("not SQL", ""),
    ],
)
def test_the_rows_that_break_a_constraint(sql: str, query: str) -> None:
    assert violating_rows(sql) == query
    postgast.parse(query)


@pytest.mark.parametrize(
    ("sql", "kept"),
    [
        (
            "ALTER TABLE orders DROP COLUMN note",
            "CREATE TABLE orders_note_archive AS\n  SELECT id, note FROM orders WHERE note IS NOT NULL;",
        ),
        ("DROP TABLE s.orders", "ALTER TABLE s.orders RENAME TO orders_unused;"),
        ("DELETE FROM orders", ""),
    ],
)
def test_what_is_taken_away_is_kept(sql: str, kept: str) -> None:
    facts = analyse(Builder().statement("S1", sql).add(ORDERS).history())
    assert archive(facts.statements[0], facts) == kept
    assert archive(None, facts) == ""
    postgast.parse(kept)


@pytest.mark.parametrize(
    ("sql", "contains"),
    [
        ("ALTER TABLE orders RENAME COLUMN note TO remark", "ALTER TABLE orders ADD COLUMN remark text;"),
        ("ALTER TABLE orders RENAME TO sales", "CREATE VIEW orders AS SELECT * FROM sales;"),
        ("ALTER TABLE orders DROP COLUMN note", "-- first deploy an application that does not use it"),
        ("DROP TABLE orders", "DROP TABLE orders;"),
    ],
)
def test_expand_before_the_old_shape_goes(sql: str, contains: str) -> None:
    facts = analyse(Builder().statement("S1", sql).add(ORDERS).history())
    text = expand_first(facts.statements[0], facts)
    assert contains in text
    postgast.parse(text)


def test_nothing_to_expand() -> None:
    facts = analyse(Builder().statement("S1", "ALTER TABLE orders ADD COLUMN x int").history())
    assert expand_first(facts.statements[0], facts) == expand_first(None, facts) == ""
