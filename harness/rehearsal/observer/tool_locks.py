"""Which locks each statement of a tool took, by joining its span with what polling and the log saw."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.events.migration import LocksTaken, TakenLock
from harness.events.observation import LockWaited
from harness.model.locks import LockMode
from harness.model.words import Pass
from harness.rehearsal.observer.lock_poll import SeenHold
from harness.rehearsal.observer.relations import Relation, Relations
from harness.rehearsal.observer.tool_statements import ToolSpan

_DATA_TAGS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "COPY", "VALUES", "SET", "SHOW"})


@dataclass(frozen=True, slots=True)
class _Sighting:
    pid: int
    transaction: str
    mode: str
    at_ns: int
    error_ns: int


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
        hold = seen.hold
        sighting = _Sighting(hold.key.pid, hold.key.transaction, hold.key.mode, hold.start_ns, hold.error_ns)
        if span := _taker(spans, sighting, relation=seen.relation):
            taken.setdefault(span.statement, {})[seen.relation.oid, hold.key.mode] = _lock(seen.relation, hold.key.mode)
    for wait in waits:
        relation = relations.by_name(wait.relation) if wait.target == "relation" else None
        if relation is None or wait.outcome != "acquired":
            continue
        sighting = _Sighting(wait.pid, "", wait.mode, wait.start_ns, wait.error_ns)
        if span := _taker(spans, sighting, relation=relation):
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


def _taker(spans: Iterable[ToolSpan], sighting: _Sighting, *, relation: Relation) -> ToolSpan | None:
    """The statement that took the lock: of those that may have, the first that is most likely to."""
    earliest, latest = sighting.at_ns - sighting.error_ns, sighting.at_ns + sighting.error_ns
    able = [
        span
        for span in spans
        if span.pid == sighting.pid
        and span.start_ns - span.error_ns <= latest
        and span.end_ns + span.error_ns >= earliest
        and not (sighting.transaction and span.vxid and span.vxid != sighting.transaction)
    ]
    return max(able, key=lambda span: (*_likelihood(span, sighting.mode, relation), -span.start_ns), default=None)


def _likelihood(span: ToolSpan, mode: str, relation: Relation) -> tuple[bool, bool]:
    names = [relation.name, relation.table.rpartition(".")[2].strip('"')]
    mentions = any(re.search(rf"\b{re.escape(name)}\b", span.sql, re.IGNORECASE) for name in names if name)
    # Reading and writing rows takes the three weakest modes only (manual, section 13.3.1).
    weak = mode in (LockMode.ACCESS_SHARE.pg_name, LockMode.ROW_SHARE.pg_name, LockMode.ROW_EXCLUSIVE.pg_name)
    return mentions, weak == (span.tag.split("; ")[0] in _DATA_TAGS)


def _lock(relation: Relation, mode: str) -> TakenLock:
    return TakenLock(
        relation=relation.relation,
        kind=relation.kind,
        mode=mode,
        existed=relation.existed,
        oid=relation.oid,
        parent=relation.table,
    )
