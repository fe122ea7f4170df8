"""All rules, in the order of their ids."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from harness.analysis.facts import Facts
from harness.analysis.hazards import (
    blocks_writes,
    breaks_old_app,
    cached_plan_error,
    concurrently_timeout_leftover,
    constraint_violation_on_real_data,
    data_loss_on_rollback,
    dead_tuples_left,
    deadlock_risk,
    destroys_data,
    disk_growth,
    enum_value_in_same_transaction,
    fk_without_index,
    full_scan_under_lock,
    grants_changed,
    grants_or_owner_lost,
    id_exhaustion_or_overflow,
    implicit_fk_lock_on_other_table,
    invalid_index_left,
    key_near_exhaustion,
    lock_queue,
    lock_slots,
    long_access_exclusive,
    long_transaction,
    metadata_lost,
    migration_fails,
    missing_lock_timeout,
    new_app_fails,
    not_in_transaction_failure,
    owner_changed,
    partial_apply_on_failure,
    partition_attach_scan,
    query_plan_regression,
    replica_identity_logical,
    replication_changed,
    rollback_column_order,
    rollback_fails,
    rollback_schema_drift,
    sequence_behind_column,
    session_state_leak,
    silent_noop,
    table_rewrite,
    trigger_disabled_left,
    trigger_missed_rows,
    unbounded_backfill,
    unvalidated_constraint_left,
    wal_heavy,
    wrong_results,
)
from harness.analysis.judgement import Finding, Hazard
from harness.spec.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Rule:
    """A hazard and the function that finds it in the facts of a run."""

    hazard: Hazard
    find: Callable[[Facts, Scenario], Iterator[Finding]]


_MODULES = (
    lock_queue, missing_lock_timeout, long_access_exclusive, blocks_writes, table_rewrite, full_scan_under_lock,
    partition_attach_scan, deadlock_risk, unbounded_backfill, long_transaction, breaks_old_app, new_app_fails,
    grants_or_owner_lost, wrong_results, replica_identity_logical, id_exhaustion_or_overflow, cached_plan_error,
    fk_without_index, destroys_data, rollback_fails, data_loss_on_rollback, rollback_schema_drift,
    rollback_column_order, migration_fails, constraint_violation_on_real_data, not_in_transaction_failure,
    enum_value_in_same_transaction, partial_apply_on_failure, invalid_index_left, wal_heavy, disk_growth,
    implicit_fk_lock_on_other_table, concurrently_timeout_leftover, trigger_missed_rows, query_plan_regression,
    session_state_leak, silent_noop,
    grants_changed, owner_changed, replication_changed, metadata_lost,
    trigger_disabled_left, sequence_behind_column, key_near_exhaustion, unvalidated_constraint_left, dead_tuples_left,
    lock_slots,
)  # fmt: skip

RULES: tuple[Rule, ...] = tuple(
    sorted((Rule(module.HAZARD, module.find) for module in _MODULES), key=lambda rule: rule.hazard.id)
)
"""Every rule; a test compares it with the files of this folder."""


def hazards() -> tuple[Hazard, ...]:
    """Every hazard, by id."""
    return tuple(rule.hazard for rule in RULES)


def hazard_named(word: str) -> Hazard | None:
    """The hazard of a name or an id, None where there is none.

    >>> hazard_named("H101").name
    'lock_queue'
    """
    wanted = word.strip()
    return next((h for h in hazards() if wanted in (h.name, h.id) or wanted.upper() == h.id), None)
