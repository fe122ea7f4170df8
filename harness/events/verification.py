"""Events of the verification: schema and rows against the clone's beginning, ledger, invariants."""

from harness.events.base import Event
from harness.events.observation import TableCount
from harness.model.catalog import Difference
from harness.model.words import Pass


class SchemaCompared(Event, tag="schema_compared", frozen=True, kw_only=True):
    """The schema image after the way back against the beginning of the same clone."""

    pass_: Pass
    differences: tuple[Difference, ...]


class RowsCompared(Event, tag="rows_compared", frozen=True, kw_only=True):
    """Row digests after the way back against the beginning, per table, columns by name.

    Sequences that went backwards by name.
    """

    pass_: Pass
    tables: tuple[TableCount, ...]
    sequences_backwards: tuple[str, ...]
    error_note: str = ""


class LedgerChecked(Event, tag="ledger_checked", frozen=True, kw_only=True):
    """Acknowledged writes looked up at the end.

    `missing` per relation; relations that could not be followed are named.
    """

    acknowledged: int
    kept: int
    missing: dict[str, int]
    not_followed: tuple[str, ...]
    after_rollback: bool


class InvariantChecked(Event, tag="invariant_checked", frozen=True, kw_only=True):
    """An invariant's query answered `violations` (0 is right); None with an sqlstate when it failed."""

    pass_: Pass
    name: str
    moment: str
    violations: int | None
    sqlstate: str = ""


class DestroyedByUp(Event, tag="destroyed_by_up", frozen=True, kw_only=True):
    """What existed before and is gone after going up (tables with rows, filled columns, rows), in words.

    Measured in the trace pass, also where going up failed. `changed` are relations whose rows are not what they were;
    one whose columns are others is not among them.
    """

    pass_: Pass
    items: tuple[str, ...]
    changed: tuple[str, ...] = ()
