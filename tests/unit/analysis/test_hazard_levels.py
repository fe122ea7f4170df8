"""How much a rule makes of what it found, and what it must not take for a hazard."""

import pytest

from harness.analysis.judgement import Level
from harness.events.migration import ToolEnded
from harness.events.observation import StateSeen, TableCount
from harness.events.operations import Outcome
from harness.events.verification import DestroyedByUp, InvariantChecked, LedgerChecked
from harness.events.versions import OtherShape, PreparedRefused
from harness.model.catalog import Change
from harness.model.verdict import Verdict
from harness.model.words import Direction, Pass
from harness.spec.scenario import MigrationSpec, Restore, RollbackSpec
from tests.unit.analysis.hazard_histories import (
    AE,
    ALTER,
    SUE,
    backfill,
    differing,
    effect,
    found,
    judged,
    probed,
    quiet,
    s1,
    state,
    went_down,
)
from tests.unit.analysis.histories import Builder, busy


class TestLevels:
    def test_a_small_table_is_a_warning_by_class_of_work(self) -> None:
        work = {"rows_scanned": 900, "rows_before": 900, "rewritten": True}
        for word in ("long_access_exclusive", "full_scan_under_lock", "table_rewrite"):
            assert [finding.level for finding in found(s1(work=work), word)] == [Level.WARNING]

    def test_a_thousand_rows_are_an_error(self) -> None:
        work = {"rows_scanned": 1000, "rows_before": 1000}
        assert found(s1(work=work), "full_scan_under_lock")[0].level is Level.ERROR

    def test_an_empty_table_is_nothing(self) -> None:
        work = {"rows_scanned": 0, "rows_before": 0, "rewritten": True}
        assert judged(s1(work=work)).findings == ()

    def test_a_request_that_was_not_put_to_the_test_is_a_warning(self) -> None:
        assert found(s1(lock_timeout_ms=0), "lock_queue")[0].level is Level.WARNING

    def test_a_statement_timeout_bounds_the_queue(self) -> None:
        assert found(s1(lock_timeout_ms=0, statement_timeout_ms=5_000), "lock_queue") == []

    def test_what_a_tool_does_not_tell_is_what_the_scenario_sets(self) -> None:
        builder = (
            busy(migration=MigrationSpec(lock_timeout="2s"))
            .statement("S1", ALTER, lock_timeout_ms=None)
            .locks("S1", AE)
        )
        assert found(builder, "missing_lock_timeout") == []

    def test_the_way_back_is_one_level_lower_and_only_where_traffic_is(self) -> None:
        builder = busy().statement("R1", ALTER, direction=Direction.DOWN, lock_timeout_ms=200, start=15_000, end=15_100)
        builder.locks("R1", AE, ("public.audit", "AccessExclusiveLock"), direction=Direction.DOWN)
        builder.work("R1", direction=Direction.DOWN, rewritten=True).work(
            "R1", "public.audit", direction=Direction.DOWN, rewritten=True
        )
        rewrites = found(builder, "table_rewrite")
        assert [(f.relation, f.level, f.direction) for f in rewrites] == [
            ("public.orders", Level.WARNING, Direction.DOWN)
        ]
        assert [f.relation for f in found(builder, "long_access_exclusive")] == ["public.orders"]
        assert [f.relation for f in found(builder, "full_scan_under_lock")] == ["public.orders"]

    def test_a_long_hold_without_work_is_found_by_its_length(self) -> None:
        builder = busy().statement("S1", ALTER, transaction=1, commit=15_000, lock_timeout_ms=200).locks("S1", AE)
        builder.statement(
            "S2", "SELECT pg_sleep(5)", start=10_003, end=15_000, transaction=1, tag="SELECT", lock_timeout_ms=200
        )
        finding = found(builder, "long_access_exclusive")[0]
        assert (finding.level, finding.statement) == (Level.ERROR, "S1")

    def test_a_lock_of_an_earlier_statement_counts_for_later_work(self) -> None:
        builder = busy().statement("S1", ALTER, transaction=1, commit=10_500, lock_timeout_ms=200).locks("S1", AE)
        builder.statement(
            "S2", "UPDATE orders SET a = 1", start=10_003, end=10_500, transaction=1, tag="UPDATE", lock_timeout_ms=200
        )
        builder.work("S2", rows_updated=10_000, rows_scanned=10_000)
        words = {finding.hazard.name for finding in judged(builder).findings}
        assert words == {"long_access_exclusive", "full_scan_under_lock", "unbounded_backfill", "long_transaction"}

    def test_a_lock_on_an_index_keeps_readers_off_its_table(self) -> None:
        builder = busy().statement("S1", "REINDEX INDEX orders_pkey", tag="REINDEX", lock_timeout_ms=200)
        builder.locks("S1", ("public.orders_pkey", "AccessExclusiveLock"), kind="i", parent="public.orders")
        builder.work("S1", rows_scanned=10_000)
        assert found(builder, "long_access_exclusive")[0].relation == "public.orders"

    def test_concurrently_works_without_its_strong_locks(self) -> None:
        sql, tag = "REINDEX INDEX CONCURRENTLY orders_pkey", "REINDEX CONCURRENTLY"
        assert judged(s1(sql, tag=tag, autocommit=True, work={"rows_scanned": 10_000})).findings == ()

    def test_rows_that_were_committed_before_the_failure_are_half_of_the_migration(self) -> None:
        kept = DestroyedByUp(at_ns=1, pass_=Pass.TRACE, items=(), changed=("public.orders",))
        failed = s1("DO $$ …; COMMIT; … $$", tag="DO", autocommit=True, passes=(Pass.TRACE,), sqlstate="57014")
        (finding,) = found(failed.add(kept), "partial_apply_on_failure")
        assert finding.evidence == ("changed rows of public.orders",)
        # Under load the application changes rows too.
        assert found(s1(passes=(Pass.LOAD,), sqlstate="57014").add(kept), "partial_apply_on_failure") == []

    def test_batches_that_commit_are_no_backfill(self) -> None:
        sql = "DO $$ BEGIN LOOP UPDATE orders SET a = 1; COMMIT; END LOOP; END $$"
        assert found(backfill(10_000, sql=sql, tag="DO", autocommit=True), "unbounded_backfill") == []
        quiet = backfill(10_000, sql="DO $$ BEGIN UPDATE orders SET a = 1; END $$", tag="DO", autocommit=True)
        assert found(quiet, "unbounded_backfill")

    def test_a_called_procedure_is_judged_by_its_body(self) -> None:
        for body, expected in (("COMMIT;", 0), ("", 1)):
            builder = busy().statement("S1", f"CREATE PROCEDURE fill() AS $${body}$$", tag="CREATE PROCEDURE")
            builder.statement("S2", "CALL fill()", tag="CALL", autocommit=True).work("S2", rows_updated=10_000)
            assert len(found(builder, "unbounded_backfill")) == expected

    def test_inserted_rows_lock_nobody_elses(self) -> None:
        builder = s1("INSERT INTO orders SELECT …", locks=(), tag="INSERT", work={"rows_inserted": 10_000})
        assert found(builder, "unbounded_backfill") == []

    def test_overflow_and_deadlock_in_the_migration(self) -> None:
        assert found(s1(sqlstate="22003"), "id_exhaustion_or_overflow")[0].statement == "S1"
        assert found(s1(passes=(Pass.TRACE,), sqlstate="40P01"), "deadlock_risk")[0].evidence == (
            "S1 failed with 40P01",
        )

    def test_a_tool_that_fails_without_a_statement(self) -> None:
        tool = ToolEnded(
            at_ns=1, pass_=Pass.LOAD, direction=Direction.UP, command="x", exit_code=1, output="P3009\nfailed"
        )
        assert found(Builder().add(tool), "migration_fails")[0].evidence == ("P3009", "failed")

    def test_an_irreversible_migration_owes_no_way_back(self) -> None:
        builder = went_down(differing(Change.MISSING))
        builder.scenario = busy(rollback=RollbackSpec(restore=Restore.NONE, reason="archived")).scenario
        assert {finding.level for finding in found(builder, "data_loss_on_rollback")} == {Level.NOTE}

    def test_everything_that_is_lost_is_named(self) -> None:
        counts = (
            TableCount(relation="public.a", rows_before=5, rows_after=None, identical=False),
            TableCount(relation="public.b", rows_before=5, rows_after=4, identical=False),
            TableCount(relation="public.c", rows_before=5, rows_after=5, identical=False),
        )
        builder = went_down(differing(Change.CHANGED), tables=counts, sequences=("public.s",))
        builder.add(
            LedgerChecked(
                at_ns=1, acknowledged=9, kept=8, missing={"public.b": 1}, not_followed=(), after_rollback=True
            )
        )
        assert found(builder, "data_loss_on_rollback")[0].evidence == (
            "public.a with 5 rows is gone",
            "public.b had 5 rows and has 4",
            "rows of public.c differ (5 rows)",
            "sequence public.s went backwards",
            "1 acknowledged writes to public.b are gone",
        )
        assert found(builder, "rollback_schema_drift")[0].evidence == ("column public.orders.note: text → varchar",)

    def test_the_failed_statement_of_the_way_back_is_named(self) -> None:
        builder = Builder().statement(
            "R1", "ALTER TABLE users ALTER email SET NOT NULL", direction=Direction.DOWN, sqlstate="23502",
            start=15_000,
            end=15_001, message="contains null values",
        )  # fmt: skip
        finding = found(builder.down(sqlstate="23502"), "rollback_fails")[0]
        assert (finding.statement, finding.marker) == ("R1", "fails with 23502")

    def test_a_way_back_that_loses_a_deadlock_is_a_deadlock(self) -> None:
        builder = Builder().statement(
            "R1", "ALTER TABLE orders DROP CONSTRAINT fk", direction=Direction.DOWN, sqlstate="40P01",
            start=15_000, end=15_001,
        ).down(sqlstate="40P01")  # fmt: skip
        assert found(builder, "rollback_fails") == []
        assert found(builder, "deadlock_risk")[0].level is Level.ERROR

    def test_a_loss_is_shown_at_the_statement_that_should_bring_it_back(self) -> None:
        builder = went_down(differing(Change.MISSING)).statement("R1", "DROP TABLE x", direction=Direction.DOWN)
        builder.statement("R2", "ALTER TABLE orders ADD COLUMN note text", direction=Direction.DOWN)
        findings = [f for f in judged(builder).findings if f.hazard.id in ("H302", "H303")]
        assert [(f.statement, f.direction, f.relation) for f in findings] == [
            ("R2", Direction.DOWN, "public.orders")
        ] * 2

    def test_foreign_keys_find_their_statement_and_index(self) -> None:
        builder = busy().statement(
            "S1", "ALTER TABLE items ADD CONSTRAINT items_fk FOREIGN KEY (order_id) REFERENCES orders (id)"
        )
        builder.events += state(keys=("public.items.items_fk",)).events[-3:]
        finding = found(builder, "fk_without_index")[0]
        assert (finding.statement, finding.relation) == ("S1", "public.items")
        assert finding.remedy == "CREATE INDEX CONCURRENTLY items_order_id_idx ON items (order_id);"

    def test_a_fingerprint_holds_no_line_and_no_time(self) -> None:
        one, two = s1(lock_timeout_ms=0), s1(lock_timeout_ms=0, start=10_400, end=10_900)
        assert [f.fingerprint for f in judged(one).findings] == [f.fingerprint for f in judged(two).findings]


class TestTheProbe:
    def test_what_fails_in_it_is_found_though_traffic_never_met_it(self) -> None:
        (one,) = found(probed(("before", {}), ("up", {"42703": 1})), "breaks_old_app")
        assert one.statement == "S1"
        assert "versions probe: 1 of 3 failed in state up (S1)" in one.evidence

    @pytest.mark.parametrize("state", ["55P03", "40P01", "40001", "57014", "08006"])
    def test_an_error_of_the_moment_says_nothing(self, state: str) -> None:
        assert judged(probed(("before", {}), ("up", {state: 3}))).findings == ()

    def test_what_failed_before_too_is_not_the_migrations(self) -> None:
        assert found(probed(("before", {"42703": 1}), ("up", {"42703": 3})), "breaks_old_app") == []

    def test_what_fails_after_the_way_back_alone_is_the_way_backs(self) -> None:
        assert found(probed(("before", {}), ("up", {}), ("down", {"42703": 3})), "breaks_old_app") == []

    def test_a_constraint_that_every_execution_meets_breaks_the_application(self) -> None:
        assert found(probed(("before", {}), ("up", {"23505": 3})), "breaks_old_app")
        assert found(probed(("before", {}), ("up", {"23505": 1})), "breaks_old_app") == []

    def test_traffic_and_probe_make_one_finding(self) -> None:
        builder = probed(("before", {}), ("up", {"42703": 3}))
        builder.run(13_000, 13_050, operation=1, outcome=Outcome.ERROR, sqlstate="42703")
        (one,) = found(builder, "breaks_old_app")
        assert [line.split()[0] for line in one.evidence[:3]] == ["pay", "under", "versions"]

    def test_a_new_version_counts_from_when_it_runs(self) -> None:
        assert found(probed(("before", {}), ("up", {"42703": 3}), version="new"), "new_app_fails")

    def test_a_statement_prepared_before_is_a_note(self) -> None:
        builder = probed(("before", {}), ("up", {})).add(
            PreparedRefused(
                at_ns=1, pass_=Pass.PROBE, operation="pay", version="", statement=0, sqlstate="0A000", message=""
            )
        )
        (one,) = found(builder, "cached_plan_error")
        assert one.level is Level.NOTE
        assert "retry on 0A000" in one.remedy  # SELECT 'pay' has no star to replace


class TestInvariants:
    def test_wrong_at_once_is_the_migrations_own_doing(self) -> None:
        assert found(quiet(sql="CREATE TRIGGER t …", after_up=3), "wrong_results")

    def test_one_that_the_migration_does_not_make_hold_is_a_warning(self) -> None:
        builder = quiet(sql="DO $$ … EXCEPTION WHEN OTHERS THEN NULL … $$", before=3, after_up=3)
        assert [finding.level for finding in found(builder, "silent_noop")] == [Level.WARNING]
        assert found(builder, "wrong_results") == []
        (check,) = (one for one in judged(builder).checks if one.id == "invariants")
        assert (check.verdict, check.found) == (Verdict.WARN, "3 violations")

    def test_one_that_holds_better_is_on_its_way(self) -> None:
        assert found(quiet(sql="UPDATE orders SET a = 1", before=3, after_up=2), "silent_noop") == []

    def test_what_a_backfill_made_hold_is_missed_when_the_application_breaks_it(self) -> None:
        builder = quiet(sql="CREATE TRIGGER fill …", before=9)
        assert found(builder, "trigger_missed_rows")

    def test_the_way_back_may_undo_what_the_migration_made_hold(self) -> None:
        builder = quiet(sql="UPDATE orders SET a = 1 WHERE a IS NULL", before=9, end=0)
        builder.add(InvariantChecked(at_ns=1, pass_=Pass.PROBE, name="sums", moment="after rollback", violations=9))
        assert judged(builder).findings == ()

    def test_nothing_is_missed_where_no_rows_are_moved(self) -> None:
        builder = quiet(sql="ALTER TYPE severity ADD VALUE 'trivial'")
        assert found(builder, "trigger_missed_rows") == []
        assert found(builder, "wrong_results")


class TestNothingDone:
    def test_a_transaction_left_open(self) -> None:
        (one,) = found(effect(changed=False, left_open=True), "silent_noop")
        assert one.remedy == "COMMIT;"

    def test_an_object_of_another_shape(self) -> None:
        shape = OtherShape(statement="S1", identity="public.orders.delivery", says="tstzrange", found="text")
        (one,) = found(effect(changed=False, shapes=(shape,)), "silent_noop")
        assert (one.statement, one.relation) == ("S1", "public.orders")

    def test_maintenance_is_not_asked(self) -> None:
        assert found(effect(changed=None), "silent_noop") == []

    def test_a_handler_that_caught_the_error_is_named(self) -> None:
        block = "DO $$ BEGIN ALTER TABLE orders ADD a b; EXCEPTION\n  WHEN OTHERS THEN NULL; END $$"
        (one,) = found(effect(changed=False, sql=block), "silent_noop")
        assert (one.statement, "the handler of S1 RAISE again" in one.remedy) == ("S1", True)
        (one,) = found(effect(changed=False), "silent_noop")
        assert (one.statement, "Leave out IF EXISTS" in one.remedy) == ("", True)


class TestInvalidIndexes:
    def _seen(self, sql: str, *, tag: str, before: tuple[str, ...] = ("public.i",)) -> Builder:
        builder = s1(sql, locks=(SUE,), autocommit=True, tag=tag)
        for moment, invalid in (("before", before), ("after_up", ("public.i",))):
            builder.add(
                StateSeen(
                    at_ns=1, pass_=Pass.TRACE, moment=moment, invalid_indexes=invalid, unvalidated_constraints=(),
                    unindexed_foreign_keys=(),
                )
            )  # fmt: skip
        return builder

    def test_one_that_if_not_exists_passed_over(self) -> None:
        builder = self._seen("CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON orders (a)", tag="CREATE INDEX CONCURRENTLY")
        assert [(one.statement, one.level) for one in found(builder, "invalid_index_left")] == [("S1", Level.ERROR)]

    def test_one_that_the_migration_does_not_make(self) -> None:
        sql = "CREATE INDEX CONCURRENTLY i2 ON orders (a)"
        assert found(self._seen(sql, tag="CREATE INDEX CONCURRENTLY"), "invalid_index_left") == []
        assert found(self._seen("COMMENT ON INDEX i IS 'x'", tag="COMMENT"), "invalid_index_left") == []
