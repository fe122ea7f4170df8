"""A watched server: what the observer tells is collected, and sessions of every role are a call away."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import psycopg
import pytest

from harness.events.codec import AnyEvent
from harness.events.observation import LockHeld, LockWaited, SessionSeen
from harness.model.clock import RunClock
from harness.model.words import Pass, Role
from harness.postgres.ports import Server
from harness.rehearsal.observer.observer import Observer

E = TypeVar("E")
Connection = psycopg.Connection[tuple[Any, ...]]


class Watch:
    """A started observer on a server, the events it told, and the sessions and threads that a test opened."""

    def __init__(self, server: Server, **options: Any) -> None:
        self.server = server
        self.clock = RunClock.start()
        self.events: list[AnyEvent] = []
        options = {"sink": self.events.append, "pass_": Pass.LOAD, **options}
        self.observer = Observer(server, clock=self.clock, **options)
        self._connections: list[Connection] = []
        self._threads: list[threading.Thread] = []

    def session(self, role: Role, name: str = "") -> Connection:
        """An autocommit connection of a role."""
        application_name = f"{role.application_name} {name}".strip()
        connection = psycopg.connect(self.server.conninfo(application_name=application_name), autocommit=True)
        self._connections.append(connection)
        return connection

    def background(self, connection: Connection, *statements: str) -> threading.Thread:
        """Run statements in a thread; an error of the server ends it."""

        def run() -> None:
            try:
                for statement in statements:
                    connection.execute(statement.encode())
            except psycopg.Error:
                return

        thread = threading.Thread(target=run, daemon=True)
        self._threads.append(thread)
        thread.start()
        return thread

    def stop(self) -> None:
        """Stop the observer and everything the test started."""
        self.observer.stop()
        for connection in self._connections:
            connection.close()
        for thread in self._threads:
            thread.join(10)

    def of(self, kind: type[E]) -> list[E]:
        """The events of one type."""
        return [event for event in self.events if isinstance(event, kind)]

    def waits(self, role: Role | None = None) -> list[LockWaited]:
        """The waits of a role's sessions, by start."""
        waits = [wait for wait in self.of(LockWaited) if role is None or wait.role is role]
        return sorted(waits, key=lambda wait: wait.start_ns)

    def holds(self, mode: str, relation: str) -> list[LockHeld]:
        """The holds of one mode on one relation."""
        return [hold for hold in self.of(LockHeld) if (hold.mode, hold.relation) == (mode, relation)]

    def pid_of(self, role: Role, name: str) -> int:
        """The pid of the only backend told with this role and name."""
        (pid,) = {seen.pid for seen in self.of(SessionSeen) if (seen.role, seen.name) == (role, name)}
        return pid


def until(condition: Callable[[], bool], *, timeout_s: float = 5.0) -> None:
    """Wait until a condition of the test's own making holds."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "the test's own condition did not come about"
        time.sleep(0.002)


@pytest.fixture
def prepared(empty_server: Server) -> Server:
    """A server with a table `orders` of 1,000 rows."""
    with psycopg.connect(empty_server.conninfo(application_name="rehearse/harness"), autocommit=True) as connection:
        connection.execute("CREATE TABLE orders (id int PRIMARY KEY, status text)")
        connection.execute("INSERT INTO orders SELECT i, 'new' FROM generate_series(1, 1000) AS i")
        connection.execute("ANALYZE orders")
    return empty_server


@pytest.fixture
def make_watch() -> Iterator[Callable[..., Watch]]:
    """Make observers, not yet started, that are stopped at the end; options are the observer's."""
    made: list[Watch] = []

    def make(server: Server, **options: Any) -> Watch:
        made.append(Watch(server, **options))
        return made[-1]

    yield make
    for watch in made:
        watch.stop()


@pytest.fixture
def watch(prepared: Server, make_watch: Callable[..., Watch]) -> Watch:
    """An observer that watches `prepared`, started."""
    watch = make_watch(prepared)
    watch.observer.start()
    return watch
