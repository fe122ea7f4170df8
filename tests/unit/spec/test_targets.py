"""What statements read, write, and let the ledger follow."""

import pytest

from harness.spec.targets import LedgerAction, LedgerTarget, StatementSyntaxError, find_targets


@pytest.mark.parametrize(
    ("sql", "reads", "writes"),
    [
        ("SELECT 1 FROM a JOIN s.b ON true WHERE x IN (SELECT 1 FROM c)", ("a", "c", "s.b"), ()),
        ("SELECT 1 FROM a FOR UPDATE", ("a",), ()),
        ("INSERT INTO o SELECT 1 FROM u", ("u",), ("o",)),
        ("UPDATE a SET x = 1 FROM b WHERE EXISTS (SELECT 1 FROM a)", ("a", "b"), ("a",)),
        ("DELETE FROM o USING p", ("p",), ("o",)),
        ("WITH d AS (DELETE FROM i RETURNING *) SELECT 1 FROM d, e", ("e",), ("i",)),
        ("MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN DELETE", ("s",), ("t",)),
        ("TRUNCATE a, b", (), ("a", "b")),
        ('INSERT INTO "Order" SELECT 1 FROM s."a""b", ORDERS', ("orders", 's."a""b"'), ('"Order"',)),
        ('WITH "D" AS (SELECT 1) SELECT 1 FROM "D", "E"', ('"E"',), ()),
    ],
)
def test_relations(sql: str, reads: tuple[str, ...], writes: tuple[str, ...]) -> None:
    targets = find_targets(sql)
    assert (targets.reads, targets.writes) == (reads, writes)


@pytest.mark.parametrize(
    ("sql", "ledger"),
    [
        ("INSERT INTO o (a) VALUES ($1)", LedgerTarget(LedgerAction.INSERT, "o")),
        ("INSERT INTO s.o DEFAULT VALUES", LedgerTarget(LedgerAction.INSERT, "s.o")),
        ('INSERT INTO s."Order" VALUES (1)', LedgerTarget(LedgerAction.INSERT, "s.Order")),
        ("DELETE FROM o WHERE id = $1", LedgerTarget(LedgerAction.DELETE, "o")),
        ("INSERT INTO o VALUES (1) ON CONFLICT DO NOTHING", LedgerTarget(LedgerAction.INSERT, "o")),
        ("INSERT INTO o VALUES (1) RETURNING id", None),
        ("INSERT INTO o SELECT 1", None),
        ("INSERT INTO o SELECT 1 FROM o LIMIT 1", LedgerTarget(LedgerAction.INSERT, "o")),
        ("INSERT INTO o SELECT 1 FROM o LIMIT 1 ON CONFLICT DO NOTHING", LedgerTarget(LedgerAction.INSERT, "o")),
        ("INSERT INTO o VALUES (1) ON CONFLICT (id) DO UPDATE SET x = 2", None),
        ("INSERT INTO o SELECT 1 FROM o LIMIT 1000000", None),
        ("INSERT INTO o SELECT 1 FROM o LIMIT $1", None),
        ("WITH x AS (SELECT 1) INSERT INTO o VALUES (1)", None),
        ("DELETE FROM o USING p", None),
        ("UPDATE o SET a = 1", None),
    ],
)
def test_ledger(sql: str, ledger: LedgerTarget | None) -> None:
    assert find_targets(sql).ledger == ledger


def test_transaction_control() -> None:
    controls = [
        find_targets(sql).control for sql in ("BEGIN", "START TRANSACTION", "COMMIT", "END", "ROLLBACK", "SAVEPOINT a")
    ]
    assert controls == ["begin", "begin", "end", "end", "end", ""]


def test_what_does_not_parse_says_where() -> None:
    with pytest.raises(StatementSyntaxError, match="SELEC") as caught:
        find_targets("SELEC 1")
    assert caught.value.cursor == 1
    with pytest.raises(StatementSyntaxError, match="COPY"):
        find_targets("COPY t FROM STDIN")
