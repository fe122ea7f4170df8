"""Deadlocks that the server resolved, in the migration or in the application."""

from collections.abc import Sequence

from harness.analysis.facts import DeadlockFacts, DeadlockSideFacts
from harness.analysis.runs import Run
from harness.analysis.sessions import OperationFinder, Sessions
from harness.analysis.wait_words import wanted
from harness.events.history import History
from harness.events.observation import DeadlockReported, DeadlockSide, LockWaited, ServerErrorLogged
from harness.model.spans import Span
from harness.model.units import NS_PER_MS, NS_PER_S
from harness.model.words import Pass, Role

DEADLOCK = "40P01"

_APART_NS = NS_PER_S
"""A victim is one within a second: a session can hardly deadlock twice in it, sources differ by milliseconds."""


def deadlocks_of(
    history: History, *, sessions: Sessions, runs: Sequence[Run], finder: OperationFinder | None = None
) -> tuple[DeadlockFacts, ...]:
    """One entry a victim: from the server's errors, from waits that ended in a deadlock, from failed statements."""
    victims = [(event.at_ns, pid) for event in history.events if (pid := _victim(event)) is not None]
    victims += [
        (run.ended.at_ns, run.started.pid) for run in runs if run.ended is not None and run.ended.sqlstate == DEADLOCK
    ]
    reports = [event for event in history.of(DeadlockReported) if event.pass_ is Pass.LOAD]
    seen: list[tuple[int, int]] = []
    for at_ns, pid in sorted(victims):
        if not any(pid == other and at_ns - earlier < _APART_NS for earlier, other in seen):
            seen.append((at_ns, pid))
    return tuple(
        _facts(at_ns, pid, sessions, runs, report=_report(reports, at_ns, pid), finder=finder) for at_ns, pid in seen
    )


def _victim(event: object) -> int | None:
    match event:
        case ServerErrorLogged(pass_=Pass.LOAD, sqlstate="40P01", pid=pid):
            return pid
        case LockWaited(pass_=Pass.LOAD, outcome="deadlock", pid=pid):
            return pid
    return None


def _report(reports: Sequence[DeadlockReported], at_ns: int, pid: int) -> DeadlockReported | None:
    near = [report for report in reports if report.pid == pid and abs(report.at_ns - at_ns) < _APART_NS]
    return min(near, key=lambda report: abs(report.at_ns - at_ns), default=None)


def _facts(
    at_ns: int,
    pid: int,
    sessions: Sessions,
    runs: Sequence[Run],
    *,
    report: DeadlockReported | None,
    finder: OperationFinder | None,
) -> DeadlockFacts:
    sides = tuple(_side(side, at_ns, sessions, runs, finder) for side in report.sides) if report else ()
    active = [run for run in runs if run.span.start_ns <= at_ns and run.transaction_span.end_ns >= run.span.start_ns]
    near = [run for run in active if run.transaction_span.end_ns + _APART_NS >= at_ns]
    # The report knows whether the migration took part; without one, its being under way has to do.
    mine = next((side.what for side in sides if side.role == Role.MIGRATION.value), "")
    return DeadlockFacts(
        at_ns=at_ns,
        victim=sessions.label(pid, at_ns=at_ns),
        role=sessions.role(pid).value if sessions.role(pid) is not Role.OTHER else "other",
        statement=mine if sides else (near[-1].started.statement if near else ""),
        sides=sides,
    )


def _side(
    side: DeadlockSide, at_ns: int, sessions: Sessions, runs: Sequence[Run], finder: OperationFinder | None
) -> DeadlockSideFacts:
    role = sessions.role(side.pid)
    return DeadlockSideFacts(
        pid=side.pid,
        who=sessions.label(side.pid, at_ns=at_ns),
        role=role.value,
        what=_what(side, role, at_ns, sessions, runs, finder),
        wanted=wanted(side),
        blocked_by=sessions.label(side.blocked_by, at_ns=at_ns),
        query=side.query,
    )


def _what(
    side: DeadlockSide,
    role: Role,
    at_ns: int,
    sessions: Sessions,
    runs: Sequence[Run],
    finder: OperationFinder | None,
) -> str:
    if role is Role.MIGRATION:
        begun = [run for run in runs if run.started.pid == side.pid and run.span.start_ns <= at_ns]
        return begun[-1].started.statement if begun else ""
    if role is Role.TRAFFIC and finder is not None:
        return finder.name(sessions.actor(side.pid, at_ns=at_ns), Span(at_ns - NS_PER_MS, at_ns))
    return ""
