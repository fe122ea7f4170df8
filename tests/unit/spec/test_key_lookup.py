"""Statements that find rows by key, and those where something else decides."""

import pytest

from harness.spec.key_lookup import KeyLookup, key_lookup


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("SELECT * FROM orders WHERE id = $1", KeyLookup(("orders",), (("id", 1),))),
        ("SELECT * FROM Shop.orders o WHERE $2 = o.id::int8", KeyLookup(("shop", "orders"), (("id", 2),))),
        ("UPDATE t SET a = $2 WHERE id = $1 RETURNING a", KeyLookup(("t",), (("id", 1),))),
        ("DELETE FROM t WHERE a = $1 AND (b = $2::int)", KeyLookup(("t",), (("a", 1), ("b", 2)), deletes=True)),
        ("SELECT * FROM t WHERE id = $1 FOR UPDATE", KeyLookup(("t",), (("id", 1),))),
    ],
)
def test_lookups(sql: str, found: KeyLookup) -> None:
    assert key_lookup(sql) == found


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM t",
        "SELECT 1",
        "SELECT * FROM a, b WHERE a.id = $1",
        "SELECT * FROM a JOIN b USING (id) WHERE a.id = $1",
        "SELECT * FROM t WHERE id = $1 AND state = 'new'",
        "SELECT * FROM t WHERE id = $1 OR id = $2",
        "SELECT * FROM t WHERE id > $1",
        "SELECT * FROM t WHERE id = ANY ($1)",
        "SELECT * FROM t WHERE id = $1 FOR UPDATE SKIP LOCKED",
        "SELECT * FROM t WHERE id = $1 LIMIT 1 OFFSET 5",
        "SELECT * FROM t WHERE id = $1 GROUP BY a HAVING count(*) > 1",
        "SELECT * FROM t WHERE a = b",
        "UPDATE t SET a = 1 FROM u WHERE t.id = $1",
        "DELETE FROM t USING u WHERE t.id = $1",
        "WITH u AS (SELECT 1) SELECT * FROM t WHERE id = $1",
        "INSERT INTO t SELECT * FROM u WHERE id = $1",
        "SELECT * FROM t WHERE id = $1; SELECT 1",
        "no statement",
    ],
)
def test_where_something_else_decides(sql: str) -> None:
    assert key_lookup(sql) is None
