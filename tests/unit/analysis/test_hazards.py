"""Every rule, once firing and once silent."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import harness.analysis.hazards
from harness.analysis.hazards.pages import page, pages
from harness.analysis.hazards.registry import RULES, hazard_named, hazards
from harness.analysis.judgement import Level
from harness.events.operations import Outcome
from harness.events.probes import QueueProbed
from harness.events.verification import DestroyedByUp
from harness.model.catalog import Change
from harness.model.words import Pass
from tests.unit.analysis import state_histories
from tests.unit.analysis.hazard_histories import (
    SHARE,
    SUE,
    backfill,
    differing,
    effect,
    failing,
    found,
    grown,
    invariant,
    own_session,
    planned,
    queued,
    quiet,
    s1,
    state,
    went_down,
)
from tests.unit.analysis.histories import MIGRATION_PID, Builder

ROOT = Path(__file__).parents[3]

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
    "partition_attach_scan": lambda: s1("ALTER INDEX i ATTACH PARTITION j", work={"rows_scanned": 10_000}),
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
