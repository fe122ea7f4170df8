"""Two witnesses of every long wait, the server's log and pg_locks: merged where they agree, told where they do not.

The log knows how long a wait was to 1 µs, but when it began only to 1 ms; pg_locks.waitstart is the same instant to
1 µs (both are the start of the deadlock timer, ProcSleep in proc.c), but says nothing of the end.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from harness.analysis.facts import QualityNote
from harness.analysis.locking import LockBook, mode_of
from harness.analysis.names import TABLE_KINDS, short
from harness.analysis.runs import Run
from harness.events.history import History
from harness.events.observation import LockWaited, WaitSeen
from harness.model.locks import LockMode
from harness.model.units import NS_PER_MS, format_duration, parse_duration
from harness.model.words import Pass

SUBJECT = "sources that contradict each other"
"""Subject of the notes."""

_SLACK_NS = 2 * NS_PER_MS
"""Beyond the error bars: what a busy machine's scheduler puts between two readings of one clock."""

_LATE_NS = 50 * NS_PER_MS
"""The deadlock timer of a starved backend fires late, and what it then logs comes late too."""

_MOST_NAMED = 3


def merged_waits(history: History) -> tuple[LockWaited, ...]:
    """The waits of the load pass, those that polling saw too with its exact beginning and error."""
    seen = _by_session(event for event in history.of(WaitSeen) if event.pass_ is Pass.LOAD)
    return tuple(_merged(wait, seen.get(wait.pid, ())) for wait in history.of(LockWaited) if wait.pass_ is Pass.LOAD)


def contradictions(history: History, *, book: LockBook, runs: Sequence[Run]) -> tuple[QualityNote, ...]:
    """What the sources of the load pass say that cannot all be true, each kind once with its first cases."""
    timeout_ns = parse_duration(history.info.scenario.postgres.deadlock_timeout)
    waits = _by_pid(wait for wait in history.of(LockWaited) if wait.pass_ is Pass.LOAD)
    seen = [event for event in history.of(WaitSeen) if event.pass_ is Pass.LOAD]
    unknown = [one for one in seen if _is_unknown(one, waits.get(one.pid, ()), timeout_ns)]
    late = [text for one in seen for text in _outlasted(one, waits.get(one.pid, ()))]
    untaken = list(_untaken(book, runs))
    return tuple(
        note
        for note in (
            _note(
                "the server's log does not know of {n} that pg_locks showed: {cases}",
                [f"pid {one.pid} for {one.mode} ({one.target})" for one in unknown],
                noun="wait",
                remedy="lines of the log were lost, or a session changed deadlock_timeout or log_lock_waits",
            ),
            _note(
                "pg_locks showed {n} going on after the server's log says it had ended: {cases}",
                late,
                noun="wait",
                remedy="do not trust times closer than that; was the machine's clock set during the run?",
            ),
            _note(
                "under load the migration held {n} that the trace pass says it never takes: {cases}",
                untaken,
                noun="lock",
                remedy="the statement does something else under load: run again, or look for conditions in its code",
            ),
        )
        if note is not None
    )


def _by_session(events: Iterable[WaitSeen]) -> dict[int, list[WaitSeen]]:
    found: defaultdict[int, list[WaitSeen]] = defaultdict(list)
    for event in events:
        found[event.pid].append(event)
    return {pid: sorted(mine, key=lambda event: event.start_ns) for pid, mine in found.items()}


def _by_pid(waits: Iterable[LockWaited]) -> dict[int, list[LockWaited]]:
    found: defaultdict[int, list[LockWaited]] = defaultdict(list)
    for wait in waits:
        found[wait.pid].append(wait)
    return dict(found)


def _merged(wait: LockWaited, seen: Sequence[WaitSeen]) -> LockWaited:
    near = bisect_left(seen, wait.start_ns - wait.error_ns - _SLACK_NS, key=lambda event: event.start_ns)
    for event in seen[near : near + 2]:
        if _is_same(wait, event) and event.error_ns < wait.error_ns:
            end = event.start_ns + wait.waited_ns
            return msgspec.structs.replace(wait, start_ns=event.start_ns, end_ns=end, error_ns=event.error_ns)
    return wait


def _is_same(wait: LockWaited, event: WaitSeen) -> bool:
    apart = abs(wait.start_ns - event.start_ns)
    same = (wait.mode, wait.target) == (event.mode, event.target)
    return same and apart <= wait.error_ns + event.error_ns + _SLACK_NS


def _is_unknown(seen: WaitSeen, waits: Sequence[LockWaited], timeout_ns: int) -> bool:
    """Whether a wait was long enough for the log to speak of it, and it does not."""
    if seen.seen_ns - seen.start_ns < timeout_ns + _LATE_NS + seen.error_ns:
        return False
    return not any(
        wait.start_ns - wait.error_ns <= seen.seen_ns and wait.end_ns + wait.error_ns >= seen.start_ns - seen.error_ns
        for wait in waits
    )


def _outlasted(seen: WaitSeen, waits: Sequence[LockWaited]) -> Iterator[str]:
    """The wait that a poll still showed after its end by the log."""
    for wait in waits:
        over_ns = seen.seen_ns - (wait.end_ns + wait.error_ns)
        # An end that the log does not tell is a guess from the polls themselves.
        told = wait.outcome in ("acquired", "deadlock")
        if told and _is_same(wait, seen) and over_ns > _SLACK_NS:
            yield f"pid {wait.pid} for {wait.mode} by {format_duration(over_ns)}"


def _untaken(book: LockBook, runs: Sequence[Run]) -> Iterator[str]:
    """Strong locks on tables that polling saw the migration hold though every traced statement says it takes none."""
    keys = {run.key for run in runs}
    if not keys or any(not book.traced.get(key) or not all(exact for _, exact in book.traced[key]) for key in keys):
        # A statement that could not be traced exactly, or failed: what it takes is not known.
        return
    taken: defaultdict[str, set[LockMode]] = defaultdict(set)
    for lock in (lock for key in keys for lock, _ in book.traced[key]):
        mode = mode_of(lock.mode)
        taken[lock.relation] |= {mode} if mode is not None else set()
    pids = {run.started.pid for run in runs}
    for hold in book.holds:
        mode = mode_of(hold.mode)
        if mode is None or not mode.is_strong or hold.kind not in TABLE_KINDS or not hold.existed:
            continue
        # The trace tells the strongest mode of each relation only (migration/locks.py): weaker ones contradict nothing.
        if hold.pid in pids and all(mode > other for other in taken[hold.relation]):
            yield f"{hold.mode} on {short(hold.relation)}"


def _note(message: str, cases: Sequence[str], *, noun: str, remedy: str) -> QualityNote | None:
    unique = list(dict.fromkeys(cases))
    if not unique:
        return None
    number = f"{len(cases)} {noun}{'s' if len(cases) > 1 else ''}"
    shown = ", ".join(unique[:_MOST_NAMED]) + (", …" if len(unique) > _MOST_NAMED else "")
    text = message.format(n=number, cases=shown)
    return QualityNote(subject=SUBJECT, message=text, inconclusive=True, remedy=remedy)
