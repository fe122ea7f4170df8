"""Who is who: the role of every backend, by its application_name or by when it appeared."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass

from psycopg.pq.abc import PGresult

from harness.events.observation import SessionSeen
from harness.events.run import QualityNoted
from harness.model.words import Pass, Role
from harness.rehearsal.observer.link import Link

CLIENT = "client backend"
"""pg_stat_activity.backend_type of a session that a program opened (manual, section 27.2.3)."""

# pg_stat_activity.state is null until the session is ready; 18 says "starting" (release notes 18).
_STARTING = frozenset({"", "starting"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """A row of pg_stat_activity; `started_us` is its backend_start, `here` whether it is in the rehearsed database."""

    pid: int
    application_name: str
    backend_type: str
    state: str
    wait_event_type: str
    started_us: int
    here: bool

    @property
    def is_starting(self) -> bool:
        """Whether it is a session that has not got as far as its application_name yet."""
        return self.backend_type == CLIENT and self.state in _STARTING


@dataclass(frozen=True, slots=True)
class ActorCounts:
    """Actors running a statement, and those of them that wait for a lock."""

    active: int
    waiting: int


def read_backends(link: Link) -> list[Backend]:
    """Every backend there is now; psycopg.OperationalError where the server is away or cancels."""
    result = link.prepared("sessions", [])
    return [_backend(result, number) for number in range(result.ntuples)]


def count_actors(backends: Iterable[Backend]) -> ActorCounts:
    """How many sessions of the traffic run a statement, and how many of them wait for a lock."""
    active = [b for b in backends if b.state == "active" and Role.of(b.application_name) is Role.TRAFFIC]
    return ActorCounts(active=len(active), waiting=sum(b.wait_event_type == "Lock" for b in active))


def _backend(result: PGresult, number: int) -> Backend:
    """Row `number` of sessions.sql."""
    pid, name, kind, state, wait_event_type, started_us, here = (result.get_value(number, i) or b"" for i in range(7))
    return Backend(
        pid=int(pid),
        application_name=name.decode(errors="replace"),
        backend_type=kind.decode(),
        state=state.decode(),
        wait_event_type=wait_event_type.decode(),
        started_us=int(started_us),
        here=here == b"t",
    )


class Sessions:
    """The backends of a pass, shared by the observer's threads.

    While a tool runs, client backends of unknown name that were not there before are taken for the tool's: a driver
    that ignores PGAPPNAME (JDBC, Prisma's engine) cannot say who it is.
    """

    def __init__(self, *, pass_: Pass) -> None:
        self._pass = pass_
        self._lock = threading.Lock()
        self._seen: dict[int, tuple[Backend, Role]] = {}
        self._before_tool: frozenset[int] | None = None
        self._adopted: set[int] = set()
        self._not_migration = b"{}"

    def begin_tool(self, backends: Iterable[Backend]) -> None:
        """From now on unknown client backends that are not among `backends` are the migration tool's."""
        with self._lock:
            self._before_tool = frozenset(b.pid for b in backends)

    def end_tool(self) -> None:
        """No more backends are taken for the tool's; those that were stay so."""
        with self._lock:
            self._before_tool = None

    def adopt(self, pid: int) -> None:
        """Take a backend for the tool's that was seen to do its work."""
        with self._lock:
            self._adopted.add(pid)

    def update(self, backends: Iterable[Backend], *, at_ns: int) -> list[SessionSeen | QualityNoted]:
        """Take in what pg_stat_activity shows; the events of backends that are new or have a new name."""
        with self._lock:
            current = {b.pid: (b, self._role(b)) for b in backends if not b.is_starting}
            events: list[SessionSeen | QualityNoted] = []
            for pid, (backend, role) in current.items():
                known = self._seen.get(pid)
                same = known is not None and known[0].started_us == backend.started_us and known[1] is role
                if same and known is not None and known[0].application_name == backend.application_name:
                    continue
                events += self._new(backend, role, at_ns=at_ns)
            # A backend that is gone keeps its entry: its last locks are still to be told.
            self._seen.update(current)
            others = (b"%d" % pid for pid, (_, role) in current.items() if role is not Role.MIGRATION)
            self._not_migration = b"{" + b",".join(others) + b"}"
        return events

    def role_of(self, pid: int) -> Role | None:
        """The role of a backend, None where it was not seen yet."""
        known = self._seen.get(pid)
        return known[1] if known else None

    def name_of(self, pid: int) -> str:
        """The application_name of a backend, "" where not seen."""
        known = self._seen.get(pid)
        return known[0].application_name if known else ""

    @property
    def not_migration(self) -> bytes:
        """The pids that are known not to be the migration's, as an array's text."""
        return self._not_migration

    def role_in_log(self, pid: int, *, application_name: str, backend_type: str) -> Role:
        """The role of the backend that wrote a log entry, by the entry's own application_name first."""
        role = Role.of(application_name)
        if role is not Role.OTHER:
            return role
        with self._lock:
            if pid in self._adopted:
                return Role.MIGRATION
            if self._is_tools(pid, backend_type):
                self._adopted.add(pid)
                return Role.MIGRATION
        return Role.OTHER

    def _role(self, backend: Backend) -> Role:
        role = Role.of(backend.application_name)
        if role is Role.OTHER and backend.here and self._is_tools(backend.pid, backend.backend_type):
            self._adopted.add(backend.pid)
        return Role.MIGRATION if role is Role.OTHER and backend.pid in self._adopted else role

    def _is_tools(self, pid: int, backend_type: str) -> bool:
        return self._before_tool is not None and backend_type == CLIENT and pid not in self._before_tool

    def _new(self, backend: Backend, role: Role, *, at_ns: int) -> list[SessionSeen | QualityNoted]:
        own = Role.of(backend.application_name)
        name = backend.application_name or backend.backend_type
        if own is not Role.OTHER:
            name = backend.application_name.removeprefix(own.application_name).strip()
        events: list[SessionSeen | QualityNoted] = [
            SessionSeen(at_ns=at_ns, pass_=self._pass, pid=backend.pid, role=role, name=name)
        ]
        if role is not own:
            events.append(
                QualityNoted(
                    at_ns=at_ns,
                    subject="migration tool's sessions",
                    message=f"backend {backend.pid} ({name}) appeared while the tool ran and is taken for the tool's",
                    inconclusive=False,
                )
            )
        return events
