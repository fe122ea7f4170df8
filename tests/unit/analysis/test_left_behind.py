"""What a change leaves behind: only what was not so before, with the SQL that brings it back."""

import pytest

from harness.analysis.analyse import analyse
from harness.analysis.facts import Facts
from harness.analysis.judge import judge
from harness.analysis.judgement import Finding, Level
from harness.analysis.schema_changes import (
    changed_owners,
    disabled_triggers,
    lost_grants,
    lost_metadata,
    replication_changes,
)
from harness.events.state import StateMeasured
from harness.model.catalog import Difference
from harness.model.words import Direction, Pass
from tests.unit.analysis.histories import Builder
from tests.unit.analysis.state_histories import BEHIND, GRANT, difference, measured, slots, table

RULES = (lost_grants, changed_owners, disabled_triggers, replication_changes, lost_metadata)


def facts(builder: Builder) -> Facts:
    return analyse(builder.history())


def found(builder: Builder, word: str) -> list[Finding]:
    history = builder.history()
    return [one for one in judge(analyse(history), history.info.scenario).findings if one.hazard.name == word]


@pytest.mark.parametrize(
    ("changes", "remedies"),
    [
        ([GRANT], ["GRANT SELECT ON public.orders TO reporting WITH GRANT OPTION;"]),
        ([difference("grant", "column public.orders.note app", "UPDATE by shop", "")],
         ["GRANT UPDATE (note) ON public.orders TO app;"]),
        ([difference("grant", "table public.orders app", "SELECT by shop, UPDATE by shop", "SELECT by dba")],
         ["GRANT UPDATE ON public.orders TO app;"]),
        ([difference("grant", "sequence public.s app", "USAGE by shop", "")],
         ["GRANT USAGE ON SEQUENCE public.s TO app;"]),
        ([difference("grant", "table public.orders app", "SELECT by shop", "SELECT by dba")], []),
        ([difference("revoke", "function public.f(integer, text) public", "", "EXECUTE by shop")],
         ["GRANT EXECUTE ON FUNCTION public.f(integer, text) TO PUBLIC;"]),
        ([difference("revoke", "function public.f() public", "", "EXECUTE by shop"),
          difference("function", "public.f()", "", "owner shop CREATE")], []),
        ([difference("table", "public.t", 'owner "the shop" with (fillfactor=70)', "owner dba")],
         ['ALTER TABLE public.t OWNER TO "the shop";']),
        ([difference("materialized view", "public.m", "owner shop as\nx", "owner dba as\nx")],
         ["ALTER MATERIALIZED VIEW public.m OWNER TO shop;"]),
        ([difference("trigger", "public.t.RI_FKey_check_ins of constraint fk", "", "enabled D")],
         ["ALTER TABLE public.t ENABLE TRIGGER ALL;"]),
        ([difference("rule", "public.t.r", "CREATE RULE", "CREATE RULE enabled D")],
         ["ALTER TABLE public.t ENABLE RULE r;"]),
        ([difference("event trigger", "e", "on x enabled O tags y", "on x enabled D tags y")],
         ["ALTER EVENT TRIGGER e ENABLE;"]),
        ([difference("table", "public.t", "owner a replica identity full", "owner a")],
         ["ALTER TABLE public.t REPLICA IDENTITY FULL;"]),
        ([difference("publication", "pub", "owner a {} public.t", "owner a {}")],
         ["-- ALTER PUBLICATION pub …: its tables, columns and filters as they were"]),
        ([difference("publication", "pub", "owner a {}", "owner b {}")], ["ALTER PUBLICATION pub OWNER TO a;"]),
        ([difference("column", "public.t.c", "text statistics 500 set (n_distinct=5)", "text")],
         ["ALTER TABLE public.t ALTER COLUMN c SET STATISTICS 500;",
          "ALTER TABLE public.t ALTER COLUMN c SET (n_distinct=5);"]),
        ([difference("comment", "table column public.t.c", "the note", "")],
         ["-- COMMENT ON table column public.t.c IS …; again"]),
        ([difference("comment", "table column public.t.c", "the note", ""),
          difference("column", "public.t.c", "text", "")], []),
        ([difference("comment", "index public.i", "x", ""), difference("index", "public.i", "CREATE", "")], []),
        ([difference("comment", "table constraint k on public.t", "x", ""),
          difference("constraint", "public.t.k", "CHECK", "")], []),
        ([difference("setting", "database", "", "search_path=shop")],
         ["-- sessions that begin from now on find other tables by unqualified names"]),
        ([difference("setting", "database", "", "work_mem=1MB")], []),
        ([difference("setting", "role app", "work_mem=1MB", "")], ["-- ALTER ROLE APP … as it was"]),
        ([difference("function", "public.f()", "CREATE\n SET search_path TO 'shop'\nAS", "CREATE\nAS")],
         ["ALTER FUNCTION public.f() SET search_path TO 'shop';"]),
    ],
)  # fmt: skip
def test_a_change_of_the_schema_is_told_with_its_remedy(changes: list[Difference], remedies: list[str]) -> None:
    told = [line for rule in RULES for change in rule(changes) for line in change.remedy.split("\n")]
    assert told == remedies


def test_dead_rows_are_counted_since_the_last_new_file_or_vacuum() -> None:
    builder = measured("UPDATE orders SET a = 1", rows_updated=3_000)
    builder.statement("S2", "DELETE FROM orders WHERE a > 1", tag="DELETE").work("S2", rows_deleted=500)
    (dead,) = facts(builder).left.dead_rows
    assert (dead.dead_rows, dead.vacuum_above, dead.calls_autovacuum) == (3_500, 2_050, True)
    assert dead.statements == ("S1", "S2")
    vacuumed = measured("UPDATE orders SET a = 1", rows_updated=3_000)
    vacuumed.statement("S2", "VACUUM orders", tag="VACUUM", autocommit=True)
    assert facts(vacuumed).left.dead_rows == ()
    rewritten = measured("UPDATE orders SET a = 1", rows_updated=3_000)
    rewritten.statement("S2", "ALTER TABLE orders ALTER a TYPE bigint").work("S2", rewritten=True)
    assert facts(rewritten).left.dead_rows == ()


def test_inserted_rows_are_not_dead() -> None:
    assert facts(measured("INSERT INTO orders SELECT 1", rows_inserted=9_000)).left.dead_rows == ()


def test_autovacuum_during_the_load_pass_is_told() -> None:
    builder = measured("UPDATE orders SET a = 1", rows_updated=3_000)
    for moment, count in (("before", 1), ("end", 3)):
        tables = (table(autovacuums=count), table(relation="public.items", autovacuums=1))
        builder.add(StateMeasured(at_ns=2, pass_=Pass.LOAD, moment=moment, tables=tables))
    assert facts(builder).left.autovacuums == {"public.orders": 2}
    (note,) = found(builder, "dead_tuples_left")
    assert "autovacuum came 2 times during the load pass" in note.evidence


def test_a_sequence_that_has_not_collided_yet_is_a_note() -> None:
    ahead = type(BEHIND)(sequence="s", relation="public.orders", column="id", behind=3, taken=False)
    assert [one.level for one in found(measured(up={"sequences": (ahead,)}), "sequence_behind_column")] == [Level.NOTE]


def test_lock_slots_are_measured_against_production() -> None:
    (s1,) = facts(slots(700, fast_path=60)).statements
    assert s1.lock_slots is not None
    assert (s1.lock_slots.slots, s1.lock_slots.capacity) == (640, 6_400)
    assert s1.disk_bytes == 4
    (small,) = facts(slots(640, max_locks_per_transaction=10, max_connections=50)).statements
    assert small.lock_slots is not None
    assert small.lock_slots.capacity == 500
    assert [one.level for one in found(slots(640, max_locks_per_transaction=10), "lock_slots")] == [Level.WARNING]
    assert [one.level for one in found(slots(650), "lock_slots")] == [Level.NOTE]


def test_running_out_of_slots_is_an_error() -> None:
    errors = found(slots(1, sqlstate="53200"), "lock_slots")
    assert [one.level for one in errors] == [Level.ERROR]


def test_the_most_the_disk_grew_is_told() -> None:
    builder = slots(1)
    for moment in ("before", "after_up"):
        builder.add(StateMeasured(at_ns=1, pass_=Pass.TRACE, moment=moment, tables=()))
    assert facts(builder).left.disk_peak_bytes == 4


def test_an_old_run_measured_nothing() -> None:
    builder = Builder().statement("S1", "SELECT 1", direction=Direction.UP)
    assert not facts(builder).left.measured
