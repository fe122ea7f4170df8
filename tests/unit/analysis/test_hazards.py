"""Every rule, once firing and once silent."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import harness.analysis.hazards
from harness.analysis.analyse import analyse
from harness.analysis.hazards.pages import page, pages
from harness.analysis.hazards.registry import RULES, hazard_named, hazards
from harness.analysis.judge import judge
from harness.analysis.judgement import Finding, Judgement, Level
from harness.events.migration import StepEnded, ToolEnded
from harness.events.observation import StateSeen, TableCount
from harness.events.operations import Outcome
from harness.events.probes import QueueProbed
from harness.events.traffic import OperationFailed
from harness.events.verification import DestroyedByUp, InvariantChecked, LedgerChecked
from harness.events.versions import (
    CallError,
    ChangeSeen,
    OperationProbed,
    OtherShape,
    PlanCompared,
    PreparedRefused,
    SessionCompared,
    SettingChanged,
    StateReached,
)
from harness.model.catalog import Change, Difference
from harness.model.words import Direction, Pass, PhaseKind, Role
from harness.spec.scenario import MigrationSpec, Restore, RollbackSpec
from tests.unit.analysis import state_histories
from tests.unit.analysis.histories import ANTAGONIST_PID, MIGRATION_PID, MS, Builder, busy

ALTER = "ALTER TABLE orders ADD COLUMN status text"
AE = ("public.orders", "AccessExclusiveLock")
SHARE = ("public.orders", "ShareLock")
SUE = ("public.orders", "ShareUpdateExclusiveLock")
ROOT = Path(__file__).parents[3]


def judged(builder: Builder) -> Judgement:
    history = builder.history()
    return judge(analyse(history), history.info.scenario)


def found(builder: Builder, word: str) -> list[Finding]:
    return [finding for finding in judged(builder).findings if finding.hazard.name == word]


def s1(
    sql: str = ALTER, *, locks: tuple[tuple[str, str], ...] = (AE,), work: dict[str, Any] | None = None, **more: Any
) -> Builder:
    builder = busy().statement("S1", sql, **{"lock_timeout_ms": 200, **more}).locks("S1", *locks)
    return builder.work("S1", **work) if work is not None else builder


def queued(**more: Any) -> Builder:
    builder = s1(end=11_503, **more)
    builder.wait(
        MIGRATION_PID, 10_000, 11_500, role=Role.MIGRATION, mode="AccessExclusiveLock", holders=(ANTAGONIST_PID,),
        queue=(MIGRATION_PID,),
    )  # fmt: skip
    return builder.wait(100, 10_010, 11_503, holders=(ANTAGONIST_PID,), queue=(MIGRATION_PID, 100))


def failing(state: str, *, at: float = 13_000, version: str = "", message: str = "", new: bool = False) -> Builder:
    builder = s1().operation(1, "pay", version="new" if new else version, writes=("public.orders",))
    builder.run(at, at + 50, operation=1, outcome=Outcome.ERROR, sqlstate=state)
    return builder.add(OperationFailed(at_ns=1, operation=1, statement=0, sqlstate=state, message=message))


def state(*, up: tuple[str, ...] = (), down: tuple[str, ...] = (), keys: tuple[str, ...] = ()) -> Builder:
    builder = s1(
        "CREATE INDEX CONCURRENTLY i ON orders (a)", locks=(SUE,), autocommit=True, tag="CREATE INDEX CONCURRENTLY"
    )
    for moment, invalid, fks in (("before", (), ()), ("after_up", up, keys), ("after_down", down, ())):
        builder.add(
            StateSeen(
                at_ns=1, pass_=Pass.TRACE, moment=moment, invalid_indexes=invalid, unvalidated_constraints=(),
                unindexed_foreign_keys=fks,
            )
        )  # fmt: skip
    return builder


def grown(size: int) -> Builder:
    builder = s1()
    for moment, more in (("before", 0), ("after_up", size)):
        builder.add(
            StateSeen(
                at_ns=1, pass_=Pass.TRACE, moment=moment, invalid_indexes=(), unvalidated_constraints=(),
                unindexed_foreign_keys=(), relation_bytes=5 * 1024**2 + more,
            )
        )  # fmt: skip
    return builder


def backfill(rows: int = 6000, **more: Any) -> Builder:
    sql = more.pop("sql", "UPDATE orders SET a = 1")
    values = {"locks": (("public.orders", "RowExclusiveLock"),), "tag": "UPDATE", **more}
    return s1(sql, work={"rows_updated": rows, "rows_scanned": 10_000}, **values)


def invariant(*violations: tuple[str, int | None]) -> Builder:
    builder = s1()
    for moment, count in violations:
        builder.add(
            InvariantChecked(at_ns=1, pass_=Pass.LOAD, name="sums", moment=moment, violations=count, sqlstate="")
        )
    return builder


def probed(*states: tuple[str, dict[str, int]], version: str = "") -> Builder:
    """Operation 1 three times against each state: its name, and the errors by SQLSTATE."""
    builder = s1().operation(1, "pay", version=version, writes=("public.orders",))
    builder.phase(PhaseKind.VERSIONS, 1, 2, pass_=Pass.PROBE)
    for number, (name, errors) in enumerate(states):
        made = ("S1",) if number else ()
        builder.add(StateReached(at_ns=MS, pass_=Pass.PROBE, state=number, statements=made, name=name))
        builder.add(
            OperationProbed(
                at_ns=MS, pass_=Pass.PROBE, state=number, operation="pay", version=version, executions=3,
                errors=tuple(CallError(sqlstate=s, count=n, statement=0, message="") for s, n in errors.items()),
            )
        )  # fmt: skip
    return builder


def quiet(*, sql: str, before: int = 0, after_up: int = 0, end: int = 3) -> Builder:
    builder = s1(sql)
    for pass_, moment, count in (
        (Pass.TRACE, "before", before), (Pass.TRACE, "after_up", after_up), (Pass.PROBE, "end", end)
    ):  # fmt: skip
        builder.add(InvariantChecked(at_ns=1, pass_=pass_, name="sums", moment=moment, violations=count))
    return builder


def planned(before: float, after: float) -> Builder:
    builder = probed(("before", {}), ("up", {}))
    return builder.add(
        PlanCompared(
            at_ns=1, pass_=Pass.PROBE, operation="pay", version="", statement=0, sql="SELECT 1", cost_before=before,
            cost_after=after, plan_before=("Index Scan",), plan_after=("Seq Scan",),
        )
    )  # fmt: skip


def own_session(sqlstate: str) -> Builder:
    changed = (SettingChanged(name="search_path", before='"$user", public', after=""),)
    return s1("SET search_path = ''", tag="SET").add(
        SessionCompared(at_ns=1, pass_=Pass.TRACE, changed=changed, table="schema_migrations", sqlstate=sqlstate)
    )


def effect(*, changed: bool | None, shapes: tuple[OtherShape, ...] = (), left_open: bool = False) -> Builder:
    builder = s1().add(
        StepEnded(
            at_ns=1, pass_=Pass.TRACE, direction=Direction.UP, step="0042", attempt=1, sqlstate="", left_open=left_open
        )
    )
    return builder.add(ChangeSeen(at_ns=1, pass_=Pass.TRACE, changed=changed, other_shapes=shapes))


def went_down(*differences: Difference, **more: Any) -> Builder:
    return Builder().statement("S1", ALTER, lock_timeout_ms=200, passes=(Pass.TRACE,)).down(*differences, **more)


def differing(change: Change, kind: str = "column") -> Difference:
    return Difference(kind=kind, identity="public.orders.note", change=change, before="text", after="varchar")


FIRING: dict[str, tuple[Callable[[], Builder], Level]] = {
    "lock_queue": (lambda: queued(lock_timeout_ms=0), Level.ERROR),
    "missing_lock_timeout": (lambda: s1(lock_timeout_ms=600_000, statement_timeout_ms=5_000), Level.WARNING),
    "long_access_exclusive": (lambda: s1(work={"rows_scanned": 10_000}), Level.ERROR),
    "blocks_writes": (
        lambda: s1("CREATE INDEX i ON orders (a)", locks=(SHARE,), work={"rows_scanned": 10_000}), Level.ERROR,
    ),
    "table_rewrite": (lambda: s1("ALTER TABLE orders ALTER a TYPE bigint", work={"rewritten": True}), Level.ERROR),
    "full_scan_under_lock": (lambda: s1(locks=(SHARE,), work={"rows_scanned": 10_000}), Level.ERROR),
    "partition_attach_scan": (
        lambda: s1("ALTER TABLE p ATTACH PARTITION orders FOR VALUES IN (1)", work={"rows_scanned": 10_000}),
        Level.ERROR,
    ),
    "deadlock_risk": (
        lambda: s1(end=11_000).wait(100, 10_100, 10_300, outcome="deadlock", holders=(MIGRATION_PID,)), Level.ERROR,
    ),
    "concurrently_timeout_leftover": (
        lambda: state().add(
            QueueProbed(
                at_ns=1, pass_=Pass.PROBE, statement="S1", relation="public.orders", mode="ShareLock",
                antagonist="writer", outcome="cancelled", concurrently=True, sqlstate="55P03", waited_ns=200_000_000,
                waits=1, left_behind=("invalid index public.i",),
            )
        ),
        Level.NOTE,
    ),
    "unbounded_backfill": (backfill, Level.ERROR),
    "long_transaction": (backfill, Level.WARNING),
    "breaks_old_app": (lambda: failing("42703"), Level.ERROR),
    "new_app_fails": (lambda: failing("42703", new=True), Level.ERROR),
    "grants_or_owner_lost": (lambda: failing("42501"), Level.ERROR),
    "wrong_results": (lambda: invariant(("before", 0), ("end", 3)), Level.ERROR),
    "replica_identity_logical": (lambda: failing("55000", message="no replica identity"), Level.ERROR),
    "id_exhaustion_or_overflow": (lambda: failing("22003"), Level.ERROR),
    "cached_plan_error": (lambda: failing("0A000"), Level.NOTE),
    "trigger_missed_rows": (lambda: quiet(sql="CREATE TRIGGER t …"), Level.ERROR),
    "query_plan_regression": (lambda: planned(8.4, 812), Level.ERROR),
    "session_state_leak": (lambda: own_session("42P01"), Level.ERROR),
    "silent_noop": (lambda: effect(changed=False), Level.ERROR),
    "fk_without_index": (lambda: state(keys=("public.items.items_fk",)), Level.WARNING),
    "destroys_data": (
        lambda: s1("ALTER TABLE orders DROP COLUMN note").add(
            DestroyedByUp(at_ns=1, pass_=Pass.TRACE, items=("column public.orders.note, filled in up to 5 rows",))
        ),
        Level.ERROR,
    ),
    "rollback_fails": (lambda: went_down(sqlstate="23502"), Level.ERROR),
    "data_loss_on_rollback": (lambda: went_down(differing(Change.MISSING)), Level.ERROR),
    "rollback_schema_drift": (lambda: went_down(differing(Change.EXTRA, "index")), Level.ERROR),
    "rollback_column_order": (lambda: went_down(differing(Change.MOVED)), Level.NOTE),
    "migration_fails": (lambda: s1(sqlstate="42601", message="syntax error"), Level.ERROR),
    "constraint_violation_on_real_data": (lambda: s1(sqlstate="23505"), Level.ERROR),
    "not_in_transaction_failure": (lambda: s1(sqlstate="25001"), Level.ERROR),
    "enum_value_in_same_transaction": (lambda: s1(sqlstate="55P04"), Level.ERROR),
    "partial_apply_on_failure": (lambda: s1(sqlstate="23505", left_behind=("index public.i",)), Level.ERROR),
    "invalid_index_left": (lambda: state(up=("public.i",)), Level.ERROR),
    "wal_heavy": (lambda: s1(work={}).wal("S1", 4_000_000), Level.NOTE),
    "disk_growth": (lambda: grown(2 * 1024**2), Level.NOTE),
    "implicit_fk_lock_on_other_table": (
        lambda: s1(
            "CREATE TABLE invoices (order_id bigint REFERENCES orders)",
            locks=(("public.orders", "ShareRowExclusiveLock"),),
        ),
        Level.NOTE,
    ),
    **state_histories.FIRING,
}  # fmt: skip

SILENT: dict[str, Callable[[], Builder]] = {
    "lock_queue": queued,
    "missing_lock_timeout": s1,
    "long_access_exclusive": lambda: s1(work={"rows_scanned": 10}),
    "blocks_writes": lambda: s1(
        "CREATE INDEX CONCURRENTLY i ON orders (a)", locks=(SUE,), work={"rows_scanned": 10_000}
    ),
    "table_rewrite": lambda: s1("TRUNCATE orders", work={"rewritten": True, "truncated": True}),
    "full_scan_under_lock": lambda: s1(locks=(SUE,), work={"rows_scanned": 10_000}),
    "partition_attach_scan": lambda: s1("ALTER TABLE p ATTACH PARTITION orders FOR VALUES IN (1)", work={}),
    "deadlock_risk": lambda: s1(start=10_000).wait(100, 5_100, 5_300, outcome="deadlock", holders=(101,)),
    "concurrently_timeout_leftover": state,
    "unbounded_backfill": lambda: backfill(4999),
    "long_transaction": lambda: s1(work={"rows_scanned": 10_000}),
    "breaks_old_app": lambda: failing("42703", at=9_000).run(
        13_000, 13_050, operation=1, outcome=Outcome.ERROR, sqlstate="42703"
    ),
    "new_app_fails": lambda: failing("42703", at=15_500, new=True),
    "grants_or_owner_lost": lambda: failing("42703"),
    "wrong_results": lambda: invariant(("before", 2), ("end", 3)),
    "replica_identity_logical": lambda: failing("55000", message="cannot insert into a view"),
    "id_exhaustion_or_overflow": lambda: failing("22012"),
    "cached_plan_error": lambda: failing("42703"),
    "trigger_missed_rows": lambda: quiet(sql="CREATE TRIGGER t …", after_up=3),
    "query_plan_regression": lambda: planned(8.4, 399),
    "session_state_leak": lambda: own_session(""),
    "silent_noop": lambda: effect(changed=True),
    "fk_without_index": state,
    "destroys_data": s1,
    "rollback_fails": went_down,
    "data_loss_on_rollback": lambda: went_down(differing(Change.EXTRA, "index")),
    "rollback_schema_drift": lambda: went_down(differing(Change.MOVED)),
    "rollback_column_order": went_down,
    "migration_fails": lambda: s1(sqlstate="23505"),
    "constraint_violation_on_real_data": lambda: s1(sqlstate="42601"),
    "not_in_transaction_failure": s1,
    "enum_value_in_same_transaction": s1,
    "partial_apply_on_failure": lambda: s1(sqlstate="23505"),
    "invalid_index_left": state,
    "wal_heavy": lambda: s1(work={}).wal("S1", 3_000_000),
    "disk_growth": lambda: grown(2 * 1024**2 - 1),
    "implicit_fk_lock_on_other_table": lambda: s1(locks=(("public.orders", "ShareRowExclusiveLock"),)),
    **state_histories.SILENT,
}


@pytest.mark.parametrize("word", sorted(FIRING))
def test_fires(word: str) -> None:
    make, level = FIRING[word]
    seen = found(make(), word)
    assert seen
    assert {finding.level for finding in seen} == {level}
    assert all(finding.title and finding.evidence and finding.remedy for finding in seen)
    assert all(len(finding.fingerprint) == 16 for finding in seen)


@pytest.mark.parametrize("word", sorted(SILENT))
def test_stays_silent(word: str) -> None:
    assert found(SILENT[word](), word) == []


def test_every_file_of_the_folder_is_a_rule_with_both_cases_and_a_page() -> None:
    folder = Path(harness.analysis.hazards.__file__).parent
    files = {path.stem for path in folder.glob("*.py")} - {"__init__", "registry", "pages"}
    names = [hazard.name for hazard in hazards()]
    assert files == set(names) == set(FIRING) == set(SILENT)
    assert len({hazard.id for hazard in hazards()}) == len(names) == len(RULES)
    assert names == [hazard.name for hazard in sorted(hazards(), key=lambda one: one.id)]


def test_the_pages_are_those_of_the_documentation() -> None:
    folder = ROOT / "docs" / "hazards"
    assert {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")} == pages()


@pytest.mark.parametrize("hazard", hazards(), ids=lambda hazard: hazard.name)
def test_a_page_says_everything(hazard: Any) -> None:
    text = page(hazard)
    for part in (hazard.condition, hazard.effect, hazard.workaround, hazard.bad, hazard.good, hazard.id):
        assert part in text


def test_a_hazard_is_found_by_name_and_id() -> None:
    assert hazard_named("h101") == hazard_named("lock_queue")
    assert hazard_named("nonsense") is None


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
        assert [one.level for one in found(builder, "cached_plan_error")] == [Level.NOTE]


class TestInvariants:
    def test_wrong_at_once_is_the_migrations_own_doing(self) -> None:
        assert found(quiet(sql="CREATE TRIGGER t …", after_up=3), "wrong_results")

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
