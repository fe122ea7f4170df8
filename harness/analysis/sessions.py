"""Who is who: pids to roles, actors and labels, and the operation an actor was running at an instant."""

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from harness.events.history import History
from harness.events.migration import StatementStarted
from harness.events.observation import LockHeld, LockWaited, SessionSeen
from harness.events.operations import NO_ACTOR, OperationRecords
from harness.events.traffic import ActorConnected, AntagonistActed, OperationDeclared
from harness.model.spans import Span
from harness.model.words import Pass, Role

UNKNOWN_ACTOR = -1
"""The actor number of a traffic session whose connection was not recorded."""


@dataclass(frozen=True, slots=True)
class Sessions:
    """The sessions of the load pass by pid."""

    roles: dict[int, Role]
    names: dict[int, str]
    actors: dict[int, list[tuple[int, int]]]
    """Connections by pid: (from ns, actor), in order of time."""

    def role(self, pid: int) -> Role:
        """The role of a pid; OTHER where nothing said it."""
        return self.roles.get(pid, Role.OTHER)

    def actor(self, pid: int, *, at_ns: int) -> int:
        """The actor that used the connection at `at_ns`, UNKNOWN_ACTOR where not recorded."""
        connections = self.actors.get(pid)
        if not connections:
            name = self.names.get(pid, "")
            return int(name) if self.role(pid) is Role.TRAFFIC and name.isdigit() else UNKNOWN_ACTOR
        return connections[max(0, bisect_right(connections, (at_ns, NO_ACTOR)) - 1)][1]

    def label(self, pid: int, *, at_ns: int) -> str:
        """A session for people: "actor 3", "long_reader (pid 812)", "autovacuum worker (pid 77)"."""
        if self.role(pid) is Role.TRAFFIC:
            actor = self.actor(pid, at_ns=at_ns)
            return f"actor {actor}" if actor != UNKNOWN_ACTOR else f"an actor (pid {pid})"
        if self.role(pid) is Role.MIGRATION:
            return f"migration (pid {pid})"
        return f"{self.names.get(pid) or self._role_text(pid)} (pid {pid})"

    def _role_text(self, pid: int) -> str:
        role = self.role(pid)
        return "another session" if role is Role.OTHER else role.value


def sessions_of(history: History) -> Sessions:
    """The sessions that any event of the load pass names."""
    roles: dict[int, Role] = {}
    names: dict[int, str] = {}
    actors: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for event in history.events:
        match event:
            case LockWaited(pass_=Pass.LOAD) | LockHeld(pass_=Pass.LOAD):
                roles.setdefault(event.pid, event.role)
            case SessionSeen(pass_=Pass.LOAD):
                roles[event.pid] = event.role
                names[event.pid] = event.name
            case StatementStarted(pass_=Pass.LOAD):
                roles[event.pid] = Role.MIGRATION
            case ActorConnected():
                roles[event.pid] = Role.TRAFFIC
                actors[event.pid].append((event.at_ns, event.actor))
            case AntagonistActed():
                roles[event.pid] = Role.ANTAGONIST
                names[event.pid] = event.kind
    return Sessions(roles, names, {pid: sorted(found) for pid, found in actors.items()})


@dataclass(slots=True)
class OperationFinder:
    """Looks up which operation an actor ran; sorts the records of the time in question once."""

    records: OperationRecords
    declared: dict[int, OperationDeclared]
    window: Span
    _by_actor: dict[int, OperationRecords] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        start, end = self.records["start_ns"], self.records["end_ns"]
        near = (start <= self.window.end_ns) & (end >= self.window.start_ns) & (start > 0)
        rows = self.records[np.flatnonzero(near)]
        rows = rows[np.lexsort((rows["start_ns"], rows["actor"]))]
        numbers, first = np.unique(rows["actor"], return_index=True)
        edges = [*first.tolist(), len(rows)]
        self._by_actor = {n: rows[edges[i] : edges[i + 1]] for i, n in enumerate(numbers.tolist())}

    def name(self, actor: int, span: Span) -> str:
        """The name of the operation the actor ran when `span` began, or ran into it; "" where not known."""
        rows = self._by_actor.get(actor)
        if rows is None:
            return ""
        # Actors have one operation at a time: the last one that started before the wait's middle is the one waiting.
        middle = (span.start_ns + span.end_ns) // 2
        at = int(np.searchsorted(rows["start_ns"], middle, side="right")) - 1
        if at < 0 or int(rows["end_ns"][at]) < span.start_ns:
            return ""
        declared = self.declared.get(int(rows["operation"][at]))
        return declared.name if declared else ""
