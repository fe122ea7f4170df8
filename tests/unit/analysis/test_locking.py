"""Which statement took a lock that polling saw."""

import pytest

from harness.analysis.analyse import analyse
from harness.analysis.bounds import requested_lock
from harness.analysis.facts import StatementFacts
from tests.unit.analysis.hazard_histories import found
from tests.unit.analysis.histories import ANTAGONIST_PID, MIGRATION_PID, MS, Builder, busy

STRONG = ("public.orders", "AccessExclusiveLock")


def statements(builder: Builder) -> dict[str, StatementFacts]:
    return {statement.id: statement for statement in analyse(builder.history()).statements}


def one_transaction() -> Builder:
    """LOCK TABLE, then two statements that take no lock of their own, all committed at 10,260 ms."""
    builder = busy()
    for id_, sql, start, end in (
        ("S1", "LOCK TABLE orders", 10_000, 10_001),
        ("S2", "INSERT INTO marks VALUES (1)", 10_001.5, 10_002),
        ("S3", "SELECT pg_sleep(0.25)", 10_002.5, 10_255),
    ):
        builder.statement(
            id_, sql, start=start, end=end, commit=10_260, transaction=1, tag="LOCK TABLE" if id_ == "S1" else "SELECT"
        )
    return builder


def test_a_lock_seen_late_is_still_the_statements_that_the_trace_pass_names() -> None:
    builder = one_transaction().locks("S1", STRONG).hold(MIGRATION_PID, 10_003, 10_258, error=3)
    found = statements(builder)
    assert [lock.exact for lock in found["S1"].locks] == [True]
    assert found["S1"].held_ns == 260 * MS
    assert (found["S2"].locks, found["S3"].locks) == ((), ())
    assert (found["S2"].held_ns, found["S3"].held_ns) == (None, None)


def test_a_lock_that_no_trace_names_is_given_to_one_statement() -> None:
    builder = one_transaction().hold(MIGRATION_PID, 10_002.4, 10_258, error=3)
    found = statements(builder)
    assert [id_ for id_, statement in found.items() if statement.locks] == ["S2"]


def test_a_weaker_mode_on_the_way_is_the_statements_that_the_trace_pass_names() -> None:
    builder = one_transaction().locks("S3", STRONG)
    builder.hold(MIGRATION_PID, 10_002.2, 10_258, mode="ShareLock", error=3)
    found = statements(builder)
    assert {id_: len(statement.locks) for id_, statement in found.items()} == {"S1": 0, "S2": 0, "S3": 2}


def test_a_setting_takes_no_lock() -> None:
    builder = busy()
    builder.statement("S1", "SET lock_timeout = '2s'", start=10_000, end=10_001, transaction=1, tag="SET")
    builder.statement("S2", "CREATE INDEX i ON orders (a)", start=10_001.5, end=10_200, transaction=2)
    builder.hold(MIGRATION_PID, 10_000.5, 10_190, error=3)
    found = statements(builder)
    assert {id_: len(statement.locks) for id_, statement in found.items()} == {"S1": 0, "S2": 1}


def test_whoever_waits_behind_it_waits_for_the_statement_that_took_it() -> None:
    builder = one_transaction().locks("S1", STRONG).hold(MIGRATION_PID, 10_003, 10_258, error=3)
    builder.wait(100, 10_020, 10_260, holders=(MIGRATION_PID,), queue=(100,))
    found = statements(builder)
    assert {id_: statement.blocked_actors for id_, statement in found.items()} == {"S1": 1, "S2": 0, "S3": 0}


def test_a_hold_of_another_session_is_nobodys() -> None:
    builder = one_transaction().hold(ANTAGONIST_PID, 10_003, 10_258)
    assert not any(statement.locks for statement in statements(builder).values())


def test_for_an_index_of_a_table_that_it_has_to_itself_a_transaction_cannot_wait() -> None:
    builder = one_transaction().locks("S1", STRONG)
    builder.locks("S3", ("public.orders_pkey", "AccessExclusiveLock"), kind="i", parent="public.orders")
    facts = analyse(builder.history())
    first, _, third = facts.statements
    assert requested_lock(facts, first) is not None
    assert requested_lock(facts, third) is None


def test_for_an_index_alone_it_can() -> None:
    builder = one_transaction()
    builder.locks("S3", ("public.orders_pkey", "AccessExclusiveLock"), kind="i", parent="public.orders")
    facts = analyse(builder.history())
    assert requested_lock(facts, facts.statements[2]) is not None


@pytest.mark.parametrize(
    ("view", "existed", "queues"),
    [("public.orders", True, True), ("public.unused", True, False), ("public.orders", False, False)],
)
def test_behind_a_view_that_the_application_uses_others_queue_too(view: str, existed: bool, queues: bool) -> None:
    """The builder's operation reads public.orders."""
    builder = busy().statement("S1", "CREATE OR REPLACE VIEW orders AS SELECT 1", lock_timeout_ms=0)
    builder.locks("S1", (view, "AccessExclusiveLock"), kind="v", existed=existed)
    for word in ("lock_queue", "missing_lock_timeout"):
        assert bool(found(builder, word)) is queues


def test_what_was_written_to_was_locked_though_its_transaction_is_over_when_the_trace_looks() -> None:
    block = "DO $$BEGIN UPDATE orders SET a = 1; COMMIT; END$$"
    builder = busy().statement("S1", block, tag="DO", autocommit=True).locks("S1", ("public.audit", "RowExclusiveLock"))
    builder.work("S1", rows_updated=40).work("S1", "public.audit", rows_inserted=1).work("S1", "public.read_only")
    locks = {lock.relation: (lock.mode, lock.exact) for lock in statements(builder)["S1"].locks}
    assert locks == {"public.orders": ("RowExclusiveLock", False), "public.audit": ("RowExclusiveLock", True)}
