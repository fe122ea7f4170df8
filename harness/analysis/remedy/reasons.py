"""Which findings another form of the statement answers, and why a person has to answer the others."""

DEADLOCK = "deadlock_risk"
"""Answered by a transaction of its own for each statement where there are several, else by lock_timeout."""

SPLITS = frozenset(
    {
        "long_access_exclusive",
        "blocks_writes",
        "table_rewrite",
        "full_scan_under_lock",
        "partition_attach_scan",
        "unbounded_backfill",
        "long_transaction",
        "wal_heavy",
        "not_in_transaction_failure",
        "enum_value_in_same_transaction",
    }
)
"""Answered by a safer form of the statement, or by a transaction of its own for each."""

WAITS = frozenset({"lock_queue", "missing_lock_timeout", DEADLOCK})
"""Answered by lock_timeout and retries."""

_APPLICATION = "the application needs the old shape: expand and contract over two deploys"
_BACK = "the way back has to be written for what going up takes away"

NEEDS_A_PERSON: dict[str, str] = {
    "breaks_old_app": _APPLICATION,
    "new_app_fails": "the migration and the new application do not agree: one of them has to change",
    "grants_or_owner_lost": "who may do what has to be decided: grant again what the object had",
    "wrong_results": "which of two values is right, only the author knows",
    "trigger_missed_rows": "the order of trigger, backfill and deploy has to change",
    "destroys_data": "whether the data is wanted, only its owner knows: archive it first",
    "constraint_violation_on_real_data": "the rows that break it have to be repaired first",
    "id_exhaustion_or_overflow": "the values do not fit: another type is needed",
    "migration_fails": "the statement itself has to be corrected",
    "partial_apply_on_failure": "what is left behind goes with the cause of the failure",
    "invalid_index_left": "the cause of the failed build has to be removed first",
    "rollback_fails": _BACK,
    "data_loss_on_rollback": _BACK,
    "rollback_schema_drift": _BACK,
    "replica_identity_logical": "which columns identify a row to the subscribers has to be decided",
    "query_plan_regression": "which index the queries need has to be decided",
    "session_state_leak": "the setting has to be made local to the file, or reset at its end",
    "silent_noop": "what the statement was to do has to be said",
}
"""Why no other form of the statement answers a hazard."""
