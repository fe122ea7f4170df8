"""What a statement held: exact modes from the trace pass, times from the load pass, with error bounds."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from harness.analysis.facts import LockFacts, WorkFacts
from harness.analysis.names import TABLE_KINDS, qualified
from harness.analysis.runs import Run
from harness.events.history import History
from harness.events.migration import LocksTaken, TakenLock
from harness.events.observation import LockHeld, LockWaited, RelationSeen
from harness.events.traffic import OperationDeclared
from harness.model.locks import LockMode
from harness.model.spans import Span
from harness.model.units import NS_PER_MS
from harness.model.words import Direction, Pass, Role

ROUND_TRIP_NS = NS_PER_MS // 2
"""± of a lock's time taken from the client: a statement's result is read up to a round trip after the server released.

A loopback round trip with a prepared statement is 0.05 to 0.2 ms on the build machine; half a millisecond covers it
with the scheduler's share on a busy one.
"""

_SETTINGS = frozenset({"SET", "RESET", "SHOW", "DISCARD"})
"""They take no lock on any relation of the user's."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """The relations that stood there when the passes began; empty where nothing was recorded."""

    names: frozenset[str]
    renamed: frozenset[str]
    """Names that a relation of the beginning had later."""
    kinds: frozenset[str]

    def existed(self, relation: str, *, kind: str = "r") -> bool:
        """Whether a relation is older than the migration; one of a kind that was not recorded is taken to be."""
        return kind not in self.kinds or relation in self.names or relation in self.renamed


@dataclass(frozen=True)
class LockBook:
    """The lock events, sorted out once: traced locks by statement, polled holds and waits of the migration."""

    beginning: Beginning
    traced: dict[tuple[Direction, str], tuple[tuple[TakenLock, bool], ...]]
    holds: tuple[LockHeld, ...]
    waits: tuple[LockWaited, ...]
    others: tuple[LockWaited, ...] = ()
    """The waits of everybody else."""

    @cached_property
    def holds_by_lock(self) -> Mapping[tuple[int, str, str], Sequence[LockHeld]]:
        """The polled holds by pid, relation and mode: a statement on a thousand partitions has thousands."""
        found: dict[tuple[int, str, str], list[LockHeld]] = defaultdict(list)
        for hold in self.holds:
            found[hold.pid, hold.relation, hold.mode].append(hold)
        return found


def lock_book(history: History, *, waits: Sequence[LockWaited] | None = None) -> LockBook:
    """The locks of the first trace of each statement, and what the load pass saw of the migration's sessions.

    `waits` are those of the load pass where they were merged from several sources.
    """
    traced: dict[tuple[Direction, str], tuple[tuple[TakenLock, bool], ...]] = {}
    for event in history.of(LocksTaken):
        if event.pass_ is Pass.TRACE:
            traced.setdefault((event.direction, event.statement), tuple((lock, event.exact) for lock in event.locks))
    mine = [h for h in history.of(LockHeld) if h.pass_ is Pass.LOAD and h.role is Role.MIGRATION]
    known = [w for w in history.of(LockWaited) if w.pass_ is Pass.LOAD] if waits is None else waits
    own = tuple(w for w in known if w.role is Role.MIGRATION)
    others = tuple(w for w in known if w.role is not Role.MIGRATION)
    return LockBook(beginning_of(history), traced, tuple(mine), own, others)


def beginning_of(history: History) -> Beginning:
    """What the passes began with; a lock on the same oid under another name is a rename."""
    seen = [event for event in history.of(RelationSeen) if event.existed]
    # The passes run on clones of one snapshot, so a relation of the beginning has the same oid in each.
    oids = frozenset(event.oid for event in seen)
    renamed = [
        lock.relation for event in history.of(LocksTaken) for lock in event.locks if lock.oid in oids
    ]  # fmt: skip
    return Beginning(frozenset(e.relation for e in seen), frozenset(renamed), frozenset(event.kind for event in seen))


def relations_used(declared: Iterable[OperationDeclared]) -> frozenset[str]:
    """Relations that an operation reads or writes, qualified."""
    return frozenset(qualified(name) for operation in declared for name in (*operation.reads, *operation.writes))


Polled = Mapping[tuple[Direction, str], Sequence[LockHeld]]
"""The migration's holds of the load pass, by the statement that took the lock."""


def polled_holds(book: LockBook, runs: Sequence[Run]) -> Polled:
    """Every hold given to one statement: polling sees a lock late, when a later statement may be under way."""
    found: defaultdict[tuple[Direction, str], list[LockHeld]] = defaultdict(list)
    for hold in book.holds:
        taker = _taker(hold, book=book, runs=runs)
        if taker is not None:
            found[taker.key].append(hold)
    return dict(found)


def locks_of(
    key: tuple[Direction, str],
    *,
    book: LockBook,
    polled: Polled,
    runs: Sequence[Run],
    works: Sequence[WorkFacts],
    used: frozenset[str],
) -> tuple[LockFacts, ...]:
    """The relation locks of one statement, strongest first; `runs` are its runs under load, `works` what it did."""
    traced = (*book.traced.get(key, ()), *_of_writes(works, book=book, traced=book.traced.get(key, ())))
    known = {(lock.relation, lock.mode) for lock, _ in traced}
    seen = [(_as_taken(hold), False) for hold in polled.get(key, ()) if (hold.relation, hold.mode) not in known]
    unique = {(lock.relation, lock.mode): (lock, exact) for lock, exact in (*traced, *seen)}
    facts = [_lock(lock, exact=exact, book=book, runs=runs, used=used) for lock, exact in unique.values()]
    return tuple(sorted(facts, key=lambda lock: (-_strength(lock.mode), lock.relation)))


def _of_writes(
    works: Sequence[WorkFacts], *, book: LockBook, traced: Iterable[tuple[TakenLock, bool]]
) -> Iterator[tuple[TakenLock, bool]]:
    """ROW EXCLUSIVE on what was written to: a DO block that commits on its way has given its locks back at its end."""
    known = {lock.relation for lock, _ in traced if _strength(lock.mode) >= LockMode.ROW_EXCLUSIVE}
    for work in works:
        if work.kind in TABLE_KINDS and work.rows_changed and work.relation not in known:
            existed = book.beginning.existed(work.relation, kind=work.kind)
            mode = LockMode.ROW_EXCLUSIVE.pg_name
            yield TakenLock(relation=work.relation, kind=work.kind, mode=mode, existed=existed, oid=0), False


def mode_of(name: str) -> LockMode | None:
    """The table-level mode a name stands for, None for predicate locks and unknown names."""
    try:
        return LockMode.from_pg(name)
    except ValueError:
        return None


def is_strong(lock: LockFacts) -> bool:
    """Whether the lock is on something that existed and refuses ordinary writes."""
    mode = mode_of(lock.mode)
    return lock.existed and mode is not None and mode.is_strong


def longest_hold(locks: Iterable[LockFacts]) -> LockFacts | None:
    """The strong lock that was held longest, None where none was held under load."""
    held = [lock for lock in locks if is_strong(lock) and lock.held_ns is not None]
    return max(held, key=lambda lock: lock.held_ns or 0, default=None)


def _strength(mode: str) -> int:
    known = mode_of(mode)
    return int(known) if known is not None else 0


def _as_taken(hold: LockHeld) -> TakenLock:
    return TakenLock(relation=hold.relation, kind=hold.kind, mode=hold.mode, existed=hold.existed, oid=0)


def _taker(hold: LockHeld, *, book: LockBook, runs: Sequence[Run]) -> Run | None:
    """The run that may have taken the lock and is known to from the trace pass, else the last begun at first sight.

    The trace pass tells the strongest mode of a relation: ADD PRIMARY KEY takes SHARE on the way to ACCESS EXCLUSIVE.
    """
    near = [
        run
        for run in runs
        if hold.pid == run.started.pid
        and run.started.tag not in _SETTINGS
        and run.span.start_ns <= hold.start_ns + hold.error_ns
        and hold.start_ns - hold.error_ns <= run.span.end_ns + run.error_ns + ROUND_TRIP_NS
    ]
    traced = [run for run in near if _is_traced(hold, book.traced.get(run.key, ()))]
    stronger = [run for run in near if _is_stronger(hold, book.traced.get(run.key, ()))]
    begun = [run for run in near if run.span.start_ns <= hold.start_ns]
    return next(iter((*traced, *stronger, *reversed(begun), *near)), None)


def _is_traced(hold: LockHeld, locks: Iterable[tuple[TakenLock, bool]]) -> bool:
    return any((lock.relation, lock.mode) == (hold.relation, hold.mode) for lock, _ in locks)


def _is_stronger(hold: LockHeld, locks: Iterable[tuple[TakenLock, bool]]) -> bool:
    return any(lock.relation == hold.relation and _strength(lock.mode) > _strength(hold.mode) for lock, _ in locks)


def _lock(lock: TakenLock, *, exact: bool, book: LockBook, runs: Sequence[Run], used: frozenset[str]) -> LockFacts:
    spans = [found for run in runs if (found := _held(lock, book=book, run=run)) is not None]
    span, error = max(spans, key=lambda found: found[0].duration_ns, default=(None, 0))
    return LockFacts(
        relation=lock.relation,
        kind=lock.kind,
        mode=lock.mode,
        existed=lock.existed and book.beginning.existed(lock.relation, kind=lock.kind),
        exact=exact,
        used_by_traffic=qualified(lock.relation) in used or (bool(lock.parent) and qualified(lock.parent) in used),
        span=span,
        held_ns=span.duration_ns if span else None,
        error_ns=error,
        table=lock.parent,
    )


def _held(lock: TakenLock, *, book: LockBook, run: Run) -> tuple[Span, int] | None:
    """When one run held the lock and its ± in ns; None where that run never got it.

    The lock was taken after the statement started, after its wait for it ended, and after the last poll that did not
    see it. Where nothing saw it and the statement waited for something else, polling says that it came after the wait:
    a hold as long as a logged wait is longer than the polling interval.
    """
    holds = [
        h for h in book.holds_by_lock.get((run.started.pid, lock.relation, lock.mode), ())
        if h.start_ns <= run.transaction_span.end_ns and h.end_ns >= run.span.start_ns
    ]  # fmt: skip
    waits = [w for w in book.waits if w.pid == run.started.pid and _within(w, run)]
    own = [w for w in waits if w.target == "relation" and w.relation == lock.relation and w.mode == lock.mode]
    if any(w.outcome != "acquired" for w in own) and not holds:
        return None
    if not run.succeeded and not holds and not own:
        return None
    start, error = run.span.start_ns, run.error_ns + ROUND_TRIP_NS
    if own:
        start = max(w.end_ns for w in own)
        error = run.error_ns + max(ROUND_TRIP_NS, *(w.error_ns for w in own))
    elif holds:
        earliest = min(h.start_ns - h.error_ns for h in holds)
        if earliest > start:
            start, error = min(h.start_ns for h in holds), error + max(h.error_ns for h in holds)
    elif waits:
        start = max(w.end_ns for w in waits if w.outcome == "acquired") if _acquired(waits) else start
    released = _released(lock, book=book, run=run, holds=holds)
    # What was taken was held from then on.
    released = Span(max(released.start_ns, min(start, released.end_ns)), released.end_ns)
    end, error = (released.start_ns + released.end_ns) // 2, error + released.duration_ns // 2
    return Span(min(start, max(start, end)), max(start, end)), error


def _released(lock: TakenLock, *, book: LockBook, run: Run, holds: Sequence[LockHeld]) -> Span:
    """Within which time the lock was given back: what the client, the polls and those who got it next agree on.

    A COMMIT gives its locks back somewhere between its sending and its answer, which on a busy disk are far apart; a
    poll that still saw the lock, and the first that waited for it and got it, bring the two ends together.
    """
    last = max(holds, key=lambda h: h.end_ns, default=None)
    polled = Span(last.end_ns - last.error_ns, last.end_ns + last.error_ns) if last is not None else None
    if run.started.autocommit and polled is not None and _releases_early(run):
        return polled
    earliest, latest = run.released.start_ns, run.released.end_ns
    if polled is not None and polled.start_ns <= latest and polled.end_ns >= earliest:
        earliest, latest = max(earliest, polled.start_ns), min(latest, polled.end_ns)
    # All locks of a transaction go at once.
    taken = {(lock.relation, lock.mode), *((one.relation, one.mode) for one, _ in book.traced.get(run.key, ()))}
    got = [
        w.end_ns + w.error_ns for w in book.others
        if w.outcome == "acquired" and earliest <= w.end_ns + w.error_ns <= latest
        and run.started.pid in (*w.holders, *w.queue) and _was_refused(w, taken)
    ]  # fmt: skip
    return Span(earliest, min([latest, *got]))


def _was_refused(wait: LockWaited, taken: Iterable[tuple[str, str]]) -> bool:
    """Whether one of the locks kept the session waiting; a wait for a transaction is one for its end."""
    if wait.target == "transactionid":
        return True
    return wait.target == "relation" and any(
        relation == wait.relation and _refused(wait.mode, mode) for relation, mode in taken
    )


def _refused(wanted: str, held: str) -> bool:
    a, b = mode_of(wanted), mode_of(held)
    return a is not None and b is not None and a.conflicts_with(b)


def _acquired(waits: Iterable[LockWaited]) -> bool:
    return any(wait.outcome == "acquired" for wait in waits)


def _within(wait: LockWaited, run: Run) -> bool:
    slack = wait.error_ns + run.error_ns + ROUND_TRIP_NS
    return run.span.start_ns - slack <= wait.start_ns <= run.span.end_ns + slack


def _releases_early(run: Run) -> bool:
    """Whether the statement commits by itself on the way, so that a lock may be gone before its end."""
    return "CONCURRENTLY" in run.started.tag.upper() or "CONCURRENTLY" in run.started.sql.upper()
