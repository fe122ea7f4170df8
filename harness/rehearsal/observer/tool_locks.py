"""Which locks each statement of a tool took, by joining its span with what polling and the log saw."""

from collections.abc import Iterable, Sequence

from harness.events.migration import LocksTaken, TakenLock
from harness.events.observation import LockWaited
from harness.model.words import Pass
from harness.rehearsal.observer.lock_poll import SeenHold
from harness.rehearsal.observer.relations import Relation, Relations
from harness.rehearsal.observer.tool_statements import ToolSpan


def locks_of_tool(
    spans: Sequence[ToolSpan],
    *,
    pass_: Pass,
    holds: Iterable[SeenHold],
    waits: Iterable[LockWaited],
    relations: Relations,
) -> list[LocksTaken]:
    """The locks that each statement took first, never `exact`: one shorter than the polling interval can be missing."""
    taken: dict[str, dict[tuple[int, str], TakenLock]] = {}
    for seen in holds:
        span = _taker(spans, pid=seen.hold.key.pid, at_ns=seen.hold.start_ns, error_ns=seen.hold.error_ns)
        if span is not None:
            key = seen.hold.key.oid, seen.hold.key.mode
            taken.setdefault(span.statement, {})[key] = _lock(seen.relation, seen.hold.key.mode)
    for wait in waits:
        relation = relations.by_name(wait.relation) if wait.target == "relation" else None
        span = _taker(spans, pid=wait.pid, at_ns=wait.start_ns, error_ns=wait.error_ns)
        if span is not None and relation is not None and wait.outcome == "acquired":
            taken.setdefault(span.statement, {})[relation.oid, wait.mode] = _lock(relation, wait.mode)
    return [
        LocksTaken(
            at_ns=span.end_ns,
            pass_=pass_,
            direction=span.direction,
            statement=span.statement,
            locks=tuple(lock for _, lock in sorted(taken[span.statement].items())),
            exact=False,
        )
        for span in spans
        if span.statement in taken
    ]


def _taker(spans: Iterable[ToolSpan], *, pid: int, at_ns: int, error_ns: int) -> ToolSpan | None:
    """The statement that ran when the lock was first there: of several within the error the longest-lasting overlap."""
    earliest, latest = at_ns - error_ns, at_ns + error_ns
    best, best_overlap = None, -1
    for span in spans:
        start, end = span.start_ns - span.error_ns, span.end_ns + span.error_ns
        overlap = min(end, latest) - max(start, earliest)
        if span.pid == pid and overlap > best_overlap:
            best, best_overlap = span, overlap
    return best


def _lock(relation: Relation, mode: str) -> TakenLock:
    return TakenLock(
        relation=relation.relation,
        kind=relation.kind,
        mode=mode,
        existed=relation.existed,
        oid=relation.oid,
        parent=relation.table,
    )
