"""The work of a tool's run, given to its statements."""

from typing import Any

import pytest

from harness.analysis.analyse import analyse
from harness.analysis.facts import StatementFacts
from harness.events.observation import DdlLogged
from harness.model.words import Pass
from tests.unit.analysis.histories import MIGRATION_PID, MS, Builder, busy

ORDERS = "public.orders"
ADD = "ALTER TABLE orders ADD COLUMN role text"
WIDEN = "ALTER TABLE orders ALTER COLUMN total TYPE bigint"
NOT_NULL = "ALTER TABLE orders ALTER COLUMN role SET NOT NULL"
INDEX = "CREATE INDEX orders_role ON orders (role)"
FILL = "UPDATE orders SET role = 'user'"
VERSION = "UPDATE alembic_version SET version_num = 'a1'"


def run(*statements: str, locks: dict[str, str] | None = None, **did: Any) -> dict[str, StatementFacts]:
    """A tool's run of 10,000 orders: its statements, the locks seen, and the work measured as a whole."""
    builder = busy()
    for number, sql in enumerate(statements, 1):
        tag = " ".join(sql.split()[:2]) if not sql.startswith("UPDATE") else "UPDATE"
        builder.statement(f"S{number}", sql, start=10_000 + number, end=10_000.5 + number, tag=tag)
        if mode := (locks or {}).get(sql):
            builder.locks(f"S{number}", (ORDERS, mode))
    return facts_of(builder.work("", **did))


def facts_of(builder: Builder) -> dict[str, StatementFacts]:
    return {statement.sql: statement for statement in analyse(builder.history()).statements}


def given(found: dict[str, StatementFacts]) -> dict[str, tuple[int | None, int | None, bool]]:
    """Rows scanned and changed, and whether rewritten, by the statements that work was given to."""
    return {
        sql: (work.rows_scanned, work.rows_changed, work.rewritten)
        for sql, statement in found.items()
        for work in statement.relations
    }


def test_a_rewrite_is_given_to_the_strongest_lock_on_the_relation() -> None:
    locks = {INDEX: "ShareLock", WIDEN: "AccessExclusiveLock"}
    found = run(INDEX, WIDEN, VERSION, locks=locks, rewritten=True, rows_scanned=20_000)
    assert given(found) == {WIDEN: (20_000, 0, True)}
    assert found[WIDEN].work == "rewrite"


def test_of_equally_strong_locks_the_statement_that_can_rewrite_did() -> None:
    locks = dict.fromkeys((ADD, WIDEN), "AccessExclusiveLock")
    assert given(run(ADD, WIDEN, locks=locks, rewritten=True)) == {WIDEN: (0, 0, True)}


def test_under_a_lock_that_its_transaction_has_already_a_statement_takes_none_and_rewrites() -> None:
    builder = busy()
    for number, sql in enumerate((ADD, FILL, WIDEN), 1):
        tag = "UPDATE" if sql is FILL else "ALTER TABLE"
        builder.statement(f"S{number}", sql, start=10_000 + number, end=10_000.5 + number, transaction=1, tag=tag)
    builder.locks("S1", (ORDERS, "AccessExclusiveLock"))
    found = facts_of(builder.work("", rewritten=True, rows_updated=10_000))
    assert given(found) == {FILL: (0, 10_000, False), WIDEN: (0, 0, True)}


def test_a_lock_that_polling_missed_does_not_hide_the_statement_that_names_the_relation() -> None:
    assert given(run(VERSION, WIDEN, rewritten=True)) == {WIDEN: (0, 0, True)}


@pytest.mark.parametrize("did", [{"dropped": True}, {"truncated": True}])
def test_a_relation_that_is_gone_or_emptied(did: dict[str, bool]) -> None:
    word = "DROP TABLE orders" if did.get("dropped") else "TRUNCATE orders"
    locks = dict.fromkeys((ADD, word), "AccessExclusiveLock")
    assert list(given(run(ADD, word, locks=locks, **did))) == [word]


def test_changed_rows_are_given_to_the_data_statement_and_not_to_the_stronger_lock() -> None:
    locks = {ADD: "AccessExclusiveLock", FILL: "RowExclusiveLock"}
    found = run(ADD, FILL, VERSION, locks=locks, rows_scanned=10_000, rows_updated=10_000)
    assert given(found) == {FILL: (10_000, 10_000, False)}
    assert (found[ADD].work, found[FILL].work) == ("catalog", "data")


def test_what_was_read_beyond_the_data_statement_is_the_definitions() -> None:
    locks = {ADD: "AccessExclusiveLock", NOT_NULL: "AccessExclusiveLock"}
    found = run(ADD, FILL, NOT_NULL, locks=locks, rows_scanned=20_000, rows_updated=10_000)
    assert given(found) == {FILL: (10_000, 10_000, False), NOT_NULL: (10_000, 0, False)}
    assert found[NOT_NULL].work == "scan"


def test_two_readers_of_the_whole_table_share_what_was_read() -> None:
    locks = {INDEX: "ShareLock", NOT_NULL: "AccessExclusiveLock"}
    found = run(INDEX, NOT_NULL, locks=locks, rows_scanned=20_000)
    assert given(found) == {INDEX: (10_000, 0, False), NOT_NULL: (10_000, 0, False)}
    assert found[INDEX].work == "index"


def test_a_rewrite_and_a_data_change_of_the_same_relation_are_told_apart() -> None:
    locks = {WIDEN: "AccessExclusiveLock", FILL: "RowExclusiveLock"}
    found = run(FILL, WIDEN, locks=locks, rewritten=True, rows_scanned=20_000, rows_updated=10_000)
    assert given(found) == {FILL: (0, 10_000, False), WIDEN: (20_000, 0, True)}


def test_work_that_nothing_explains_is_not_lost() -> None:
    assert given(run("CALL nightly()", rewritten=True)) == {"CALL nightly()": (0, 0, True)}


def test_a_statement_that_failed_did_no_work() -> None:
    builder = busy().statement("S1", WIDEN, sqlstate="42703").locks("S1", (ORDERS, "AccessExclusiveLock"))
    builder.statement("S2", "SELECT widen()", tag="SELECT").work("", rewritten=True)
    assert list(given(facts_of(builder))) == ["SELECT widen()"]


def logged(trigger: str, at: float, *, pid: int = MIGRATION_PID) -> DdlLogged:
    return DdlLogged(
        at_ns=int(at * MS),
        pass_=Pass.TRACE,
        pid=pid,
        trigger=trigger,
        command="ALTER TABLE",
        objects=(ORDERS,),
        error_ns=MS // 10,
    )


def test_the_servers_own_word_decides_who_rewrote() -> None:
    """By its text and its lock the other statement would be likelier; the rewrite was logged during this one."""
    builder = busy()
    for number, sql in enumerate((WIDEN, "SELECT change()"), 1):
        builder.statement(f"S{number}", sql, start=10_000 + number, end=10_000.5 + number, tag=sql.split("(")[0])
    builder.locks("S1", (ORDERS, "AccessExclusiveLock"))
    builder.add(logged("table_rewrite", 10_002.4)).add(logged("ddl_command_end", 10_002.4))
    found = facts_of(builder.work("", rewritten=True))
    assert given(found) == {"SELECT change()": (0, 0, True)}
    assert found["SELECT change()"].commands == ("ALTER TABLE public.orders",)
    assert found[WIDEN].commands == ()


def test_a_rewrite_is_told_before_it_begins_and_may_seem_to_belong_to_the_statement_before() -> None:
    builder = busy().statement("S1", "INSERT INTO versions VALUES (1)", start=10_001, end=10_002, tag="INSERT")
    builder.statement("S2", "SELECT change()", start=10_002, end=10_090, tag="SELECT")
    builder.add(logged("table_rewrite", 10_002.02))
    assert given(facts_of(builder.work("", rewritten=True))) == {"SELECT change()": (0, 0, True)}


def test_between_two_statements_the_command_decides() -> None:
    builder = busy().statement("S1", "INSERT INTO versions VALUES (1)", start=10_001, end=10_002, tag="INSERT")
    builder.statement("S2", WIDEN, start=10_002.04, end=10_090)
    builder.add(logged("table_rewrite", 10_002.01))
    assert given(facts_of(builder.work("", rewritten=True))) == {WIDEN: (0, 0, True)}


def test_another_backends_word_is_not_its_own() -> None:
    builder = busy().statement("S1", WIDEN, start=10_001, end=10_002).locks("S1", (ORDERS, "AccessExclusiveLock"))
    builder.add(logged("table_rewrite", 10_001.5, pid=77))
    assert given(facts_of(builder.work("", rewritten=True))) == {WIDEN: (0, 0, True)}
