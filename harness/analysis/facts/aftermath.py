"""What stood afterwards: rollback, invariants, state left behind."""

from dataclasses import dataclass

from harness.model.catalog import Difference


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


@dataclass(frozen=True, slots=True, kw_only=True)
class InvariantFacts:
    """One check of an invariant; `violations` None when its query failed."""

    name: str
    moment: str
    violations: int | None
    sqlstate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StateFacts:
    """What stood in the database after going up and after going down, and did not before."""

    invalid_indexes_after_up: tuple[str, ...]
    invalid_indexes_after_down: tuple[str, ...]
    unvalidated_constraints_after_up: tuple[str, ...]
    unindexed_foreign_keys_after_up: tuple[str, ...]
    destroyed_by_up: tuple[str, ...]
    relation_bytes_before: int | None = None
    """Of all tables and materialized views, with indexes and TOAST tables, in the quiet pass."""
    relation_bytes_after_up: int | None = None
