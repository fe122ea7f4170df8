"""Blocking chains: which waits of the application a statement of the migration caused, directly or through others."""

from collections import defaultdict
from collections.abc import Iterable

from harness.analysis.facts import BlockedFacts
from harness.analysis.sessions import OperationFinder, Sessions
from harness.analysis.wait_graph import Cause, WaitGraph
from harness.events.observation import LockWaited
from harness.model.spans import Span
from harness.model.words import Direction, Role


def blocked_by(
    graph: WaitGraph, *, finder: OperationFinder | None
) -> dict[tuple[Direction, str], tuple[BlockedFacts, ...]]:
    """The waits of actors that each statement caused, in order of time; the migration's own are never among them."""
    found: defaultdict[tuple[Direction, str], list[BlockedFacts]] = defaultdict(list)
    for wait in _traffic_waits(graph):
        cause = graph.cause(wait)
        if cause is not None and cause.run is not None:
            found[cause.run.key].append(_blocked(wait, cause, sessions=graph.sessions, finder=finder))
    return {key: tuple(sorted(waits, key=lambda w: w.span)) for key, waits in found.items()}


def hull_of(graph: WaitGraph) -> Span | None:
    """From the first to the last wait of the application, None where it never waited."""
    waits = list(_traffic_waits(graph))
    if not waits:
        return None
    return Span(min(w.start_ns for w in waits), max(w.end_ns for w in waits))


def actors_of(blocked: Iterable[BlockedFacts]) -> int:
    """Distinct actors; a session whose actor is not known counts by its pid."""
    return len({wait.actor if wait.actor >= 0 else -wait.pid for wait in blocked})


def _traffic_waits(graph: WaitGraph) -> Iterable[LockWaited]:
    for pid, waits in graph.waits.items():
        if graph.sessions.role(pid) is Role.TRAFFIC:
            yield from waits


def _blocked(wait: LockWaited, cause: Cause, *, sessions: Sessions, finder: OperationFinder | None) -> BlockedFacts:
    span = Span(wait.start_ns, max(wait.start_ns, wait.end_ns))
    actor = sessions.actor(wait.pid, at_ns=wait.start_ns)
    operation = finder.name(actor, span) if finder else ""
    who = sessions.label(wait.pid, at_ns=wait.start_ns)
    return BlockedFacts(
        actor=actor,
        pid=wait.pid,
        operation=operation,
        relation=wait.relation,
        mode=wait.mode,
        span=span,
        waited_ns=wait.waited_ns,
        error_ns=wait.error_ns,
        behind=cause.behind,
        chain=(f"{who} ({operation})" if operation else who, *cause.links),
        lock=cause.lock,
    )
