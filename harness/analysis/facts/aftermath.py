"""What stood afterwards: rollback, invariants, state left behind."""

from dataclasses import dataclass

from harness.model.catalog import Difference
from harness.model.words import Pass


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackFacts:
    """The way back: `result` is ok, column_order, schema_drift, data_loss, fails or none (not there or not run).

    `fails_in` names the pass in which a down statement failed. `rows_missing` by relation, quiet pass. `ledger_*` count
    acknowledged writes of the load pass.
    """

    result: str
    differences: tuple[Difference, ...]
    load_differences: tuple[Difference, ...]
    changed_tables: tuple[tuple[str, int, int | None], ...]
    """Relation, rows before, rows after (None: the table is gone) of tables that are not identical."""
    tables_compared: int
    rows_compared: int
    sequences_backwards: tuple[str, ...]
    duration_ns: int | None
    failed_statement: str
    fails_in: str
    ledger_acknowledged: int | None
    ledger_kept: int | None
    ledger_missing: dict[str, int]
    ledger_not_followed: tuple[str, ...]
    verified: bool
    """Whether both schema and rows were really compared after a down path that ran to its end."""
    schema_compared: bool = False
    at_once: str = "none"
    """The result of going up and down at once, in the quiet pass."""
    after_new_writes: str = "none"
    """The same after both versions of the application had written: ok, data_loss, fails, or none (not run)."""
    facts_lost: tuple[tuple[str, int, str], ...] = ()
    """Invariants of the way back that counted violations: name, the most of them, the pass."""
    failed_sqlstate: str = ""
    failed_message: str = ""
    """Of the statement that failed on the way back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvariantFacts:
    """One check of an invariant; `violations` None when its query failed.

    `of_rollback`: it is asked only after the way back, and counts what that lost.
    """

    name: str
    moment: str
    violations: int | None
    sqlstate: str
    seen_in: Pass = Pass.LOAD
    of_rollback: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StateFacts:
    """What stood in the database after going up and after going down, and did not before."""

    invalid_indexes_after_up: tuple[str, ...]
    invalid_indexes_after_down: tuple[str, ...]
    unvalidated_constraints_after_up: tuple[str, ...]
    unindexed_foreign_keys_after_up: tuple[str, ...]
    destroyed_by_up: tuple[str, ...]
    invalid_indexes_before_and_after_up: tuple[str, ...] = ()
    """Invalid ones that stood before too, or others of their names."""
    changed_by_up: tuple[str, ...] = ()
    """Relations whose rows are not what they were, columns the same; in the quiet pass, also where going up failed."""
    relation_bytes_before: int | None = None
    """Of all tables and materialized views, with indexes and TOAST tables, in the quiet pass."""
    relation_bytes_after_up: int | None = None
