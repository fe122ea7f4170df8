"""Which transactions of the migration can deadlock with the application at all."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from harness.model.locks import LockMode
from harness.rehearsal.probes.targets import is_concurrent
from harness.rehearsal.traced import TracedStatement
from harness.spec.operation import Operation
from harness.spec.workload import Workload

_TABLES = frozenset({"r", "p", "m"})
_MODES = {mode.pg_name: mode for mode in LockMode}
# One row is locked in one order only.
_SEVERAL_ROWS = 2


@dataclass(frozen=True, slots=True)
class Suspect:
    """A transaction that takes locks one after the other: its statements, and those of them that take any."""

    statements: tuple[str, ...]
    locking: tuple[str, ...]


def suspects_of(traced: Sequence[TracedStatement]) -> tuple[Suspect, ...]:
    """The transactions with two locks of tables, or with the locks of several rows, one after the other.

    A lock of the application's own weakest kind (ACCESS SHARE) counts for nothing: only a few statements refuse it.
    """
    transactions: defaultdict[int, list[TracedStatement]] = defaultdict(list)
    for statement in traced:
        if not is_concurrent(statement.started) and not statement.started.tag.startswith("VACUUM"):
            transactions[statement.started.transaction].append(statement)
    found = []
    for statements in transactions.values():
        taken = {s.started.statement: _taken(s) for s in statements}
        rows = max(s.rows_changed for s in statements)
        if sum(map(len, taken.values())) > 1 or rows >= _SEVERAL_ROWS:
            locking = tuple(name for name, locks in taken.items() if locks)
            found.append(Suspect(tuple(taken), locking))
    return tuple(found)


def partners_of(workload: Workload | None) -> tuple[Operation, ...]:
    """The operations of the running version that hold a lock while they wait for the next: transactions of several."""
    if workload is None:
        return ()
    return tuple(o for o in workload.running(workload.initial_mix()) if _is_transaction(o))


def _is_transaction(operation: Operation) -> bool:
    if len(operation.statements) <= 1:
        return any(statement.textual for statement in operation.statements)
    return operation.transaction or any(_begins(statement.text) for statement in operation.statements)


def _begins(text: str) -> bool:
    return text.lstrip().upper().startswith(("BEGIN", "START TRANSACTION"))


def _taken(statement: TracedStatement) -> frozenset[tuple[str, LockMode]]:
    """The locks of tables that a statement adds to its transaction."""
    modes = ((lock, _MODES.get(lock.mode)) for lock in statement.locks if lock.kind in _TABLES)
    return frozenset((lock.relation, mode) for lock, mode in modes if mode is not None and mode > LockMode.ACCESS_SHARE)
