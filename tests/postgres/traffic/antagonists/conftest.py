"""Antagonists on the shop, and somebody who looks at what they hold and whom they make wait."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

from harness.model.clock import RunClock
from harness.postgres.connect import Connection, connect
from harness.postgres.ports import Server
from harness.rehearsal.traffic.antagonists.plan import plan_antagonists
from harness.rehearsal.traffic.antagonists.process import AntagonistProcess
from harness.spec.scenario import AntagonistSpec, TrafficSpec

HELD = (
    "SELECT l.mode FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
    " WHERE a.application_name = %s AND l.relation = %s::regclass AND l.granted ORDER BY 1"
)
STATE = "SELECT state, backend_xid IS NOT NULL FROM pg_stat_activity WHERE application_name = %s"
SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'rehearse/antagonist%'"
WAITS = "SELECT wait_event, pg_blocking_pids(pid) FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Lock'"
PATIENCE_S = 15.0


@dataclass
class Waiter:
    """A statement of somebody else's, on a connection of its own, that may have to wait."""

    connection: Connection
    statement: str
    sqlstate: str = ""
    took_s: float = 0.0
    thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        started = time.monotonic()
        try:
            self.connection.execute(self.statement.encode())
        except psycopg.Error as error:
            self.sqlstate = error.sqlstate or "?"
        self.took_s = time.monotonic() - started

    @property
    def pid(self) -> int:
        return self.connection.info.backend_pid

    def done(self) -> "Waiter":
        """When its statement has ended."""
        self.thread.join(PATIENCE_S)
        assert not self.thread.is_alive(), "it still waits"
        self.connection.close()
        return self


class Stage:
    """Starts antagonists and ends them whatever happens."""

    def __init__(self, server: Server, conn: Connection) -> None:
        self.server, self.conn = server, conn
        self.clock = RunClock.start()
        self.processes: list[AntagonistProcess] = []

    def start(self, *, plan: Any = None, **spec: Any) -> AntagonistProcess:
        """One antagonist, connected, not begun."""
        traffic = TrafficSpec(antagonist=(AntagonistSpec(**spec),))
        process = AntagonistProcess(
            plan_antagonists(traffic, path=Path("s.toml"), plan=plan),
            conninfo=self.server.conninfo(application_name="rehearse/antagonist"),
            clock=self.clock,
        )
        self.processes.append(process)
        process.start()
        return process

    def begin(self, **spec: Any) -> AntagonistProcess:
        """One antagonist that acts at once."""
        process = self.start(**spec)
        process.begin(at_ns=self.clock.now_ns())
        return process

    def held(self, kind: str, *, table: str = "orders") -> list[str]:
        """The modes that it holds on the table now."""
        return [row[0] for row in self.conn.execute(HELD, [f"rehearse/antagonist {kind}", table])]

    def state(self, kind: str) -> tuple[Any, ...] | None:
        """Its session's state, and whether it has written."""
        return self.conn.execute(STATE, [f"rehearse/antagonist {kind}"]).fetchone()

    def until(self, question: Callable[[], Any]) -> Any:
        """The first answer that is not empty."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if answer := question():
                return answer
            time.sleep(0.01)
        raise AssertionError("it did not come")

    def waiter(self, statement: str) -> Waiter:
        """Somebody else's statement, sent now."""
        return Waiter(connect(self.server.conninfo(application_name="somebody")), statement)

    def blockers(self, waiter: Waiter) -> tuple[str, list[int]]:
        """What a statement waits for, and who makes it wait."""
        event, pids = self.until(lambda: self.conn.execute(WAITS, [waiter.pid]).fetchone())
        return event, pids

    def sessions(self) -> int:
        """How many sessions of antagonists are left, after a moment."""
        count = 1
        for _ in range(100):
            (count,) = self.conn.execute(SESSIONS).fetchone() or (0,)
            if count == 0:
                break
            time.sleep(0.05)
        return int(count)


@pytest.fixture
def stage(module_server: Server, shop: Connection) -> Iterator[Stage]:
    """The shop's stage."""
    yield from staged(module_server, shop)


@pytest.fixture
def make_stage() -> Callable[[Server, Connection], Stage]:
    """A stage on another server; its test ends what it starts."""
    return Stage


def staged(server: Server, conn: Connection) -> Iterator[Stage]:
    """A stage, and the end of all that it started."""
    stage = Stage(server, conn)
    yield stage
    for process in stage.processes:
        process.kill()
