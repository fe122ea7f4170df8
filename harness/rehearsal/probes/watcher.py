"""Who waits behind whom, seen from a session that waits for nobody."""

from collections.abc import Collection
from dataclasses import dataclass, field

from harness.model.clock import Clock
from harness.model.words import Role
from harness.postgres.connect import Connection, connect
from harness.postgres.ports import Server
from harness.rehearsal.probes.queries import text

_STATEMENT_TIMEOUT = "5s"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A backend that waits: for what, behind whom; `waited_ns` until the look, None where it has just begun."""

    pid: int
    waits_for: str
    mode: str
    behind: frozenset[int]
    since: str
    waited_ns: int | None


@dataclass(slots=True)
class Wait:
    """One wait: it began at `start_ns` of the run's clock, ± `error_ns`, and was last seen at `seen_ns`."""

    since: str
    waits_for: str
    start_ns: int
    seen_ns: int
    error_ns: int

    @property
    def lasted_ns(self) -> int:
        """From its beginning until it was last seen."""
        return self.seen_ns - self.start_ns


@dataclass(slots=True)
class Watcher:
    """A session that looks; `waits` are those behind the antagonist, in order."""

    connection: Connection
    clock: Clock
    waits: list[Wait] = field(default_factory=list)
    waiter: int = 0

    @classmethod
    def connect(cls, server: Server, *, clock: Clock) -> "Watcher":
        """A session that looks at locks only."""
        connection = connect(server.conninfo(application_name=f"{Role.OBSERVER.application_name} queue"))
        connection.execute("SELECT set_config('statement_timeout', %s, false)", (_STATEMENT_TIMEOUT,))
        return cls(connection=connection, clock=clock)

    def look(self, *, behind: int, apart_from: Collection[int]) -> dict[int, Waiting]:
        """Everybody who waits now, by pid; keeps the waits of whoever waits for `behind` and is not one of ours."""
        asked_ns = self.clock.now_ns()
        rows = self.connection.execute(text("queued"), prepare=True).fetchall()
        answered_ns = self.clock.now_ns()
        at_ns, error_ns = (asked_ns + answered_ns) // 2, (answered_ns - asked_ns) // 2
        seen = {r[0]: Waiting(r[0], r[1], r[2], frozenset(r[3]), r[4] or "", r[5]) for r in rows}
        for one in seen.values():
            if behind in one.behind and one.pid not in apart_from:
                self.waiter = one.pid
                self._keep(one, at_ns=at_ns, error_ns=error_ns)
        return seen

    def close(self) -> None:
        """End the session."""
        self.connection.close()

    def _keep(self, one: Waiting, *, at_ns: int, error_ns: int) -> None:
        last = self.waits[-1] if self.waits else None
        if last is not None and one.since in ("", last.since):
            last.seen_ns = at_ns
        elif one.since:
            start_ns = at_ns - (one.waited_ns or 0)
            self.waits.append(Wait(one.since, one.waits_for, start_ns, at_ns, error_ns))
