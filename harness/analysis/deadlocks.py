"""Deadlocks that the server resolved, in the migration or in the application."""

from collections.abc import Sequence

from harness.analysis.facts import DeadlockFacts
from harness.analysis.runs import Run
from harness.analysis.sessions import Sessions
from harness.events.history import History
from harness.events.observation import LockWaited, ServerErrorLogged
from harness.model.words import Pass, Role

DEADLOCK = "40P01"


def deadlocks_of(history: History, *, sessions: Sessions, runs: Sequence[Run]) -> tuple[DeadlockFacts, ...]:
    """One entry a victim: from the server's errors, from waits that ended in a deadlock, from failed statements."""
    seen: dict[tuple[int, int], DeadlockFacts] = {}
    for event in history.events:
        pid = _victim(event)
        if pid is not None:
            seen.setdefault((pid, _second(event.at_ns)), _facts(event.at_ns, pid, sessions, runs))
    for run in runs:
        if run.ended is not None and run.ended.sqlstate == DEADLOCK:
            key = (run.started.pid, _second(run.ended.at_ns))
            seen.setdefault(key, _facts(run.ended.at_ns, run.started.pid, sessions, runs))
    return tuple(sorted(seen.values(), key=lambda one: one.at_ns))


def _victim(event: object) -> int | None:
    match event:
        case ServerErrorLogged(pass_=Pass.LOAD, sqlstate="40P01", pid=pid):
            return pid
        case LockWaited(pass_=Pass.LOAD, outcome="deadlock", pid=pid):
            return pid
    return None


def _second(at_ns: int) -> int:
    """A victim is one within a second: a session can hardly deadlock twice in it, sources differ by milliseconds."""
    return round(at_ns / 1e9)


def _facts(at_ns: int, pid: int, sessions: Sessions, runs: Sequence[Run]) -> DeadlockFacts:
    active = [run for run in runs if run.span.start_ns <= at_ns and run.transaction_span.end_ns >= run.span.start_ns]
    near = [run for run in active if run.transaction_span.end_ns + 1_000_000_000 >= at_ns]
    return DeadlockFacts(
        at_ns=at_ns,
        victim=sessions.label(pid, at_ns=at_ns),
        role=sessions.role(pid).value if sessions.role(pid) is not Role.OTHER else "other",
        statement=near[-1].started.statement if near else "",
    )
