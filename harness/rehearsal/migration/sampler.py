"""Locks of statements that cannot be held in a transaction: seen by looking at the lock table without a pause."""

import threading
import time
from types import TracebackType
from typing import Self

import psycopg
from psycopg.conninfo import make_conninfo

from harness.model.words import Role
from harness.postgres.connect import Connection, connect
from harness.postgres.ports import Server
from harness.rehearsal.migration.locks import Held, strongest
from harness.rehearsal.migration.queries import text

# Any number: the class of the advisory lock that tells the sampler to stop; "rehe" in ASCII.
_STOP_CLASS = 0x72656865
# CREATE INDEX CONCURRENTLY waits for older snapshots of its own database only, so the sampler sits in another one.
_OTHER_DATABASES = ("postgres", "template1")
# Long enough for every statement whose locks come and go; after it nothing changes faster than the 1 ms rest.
_FAST_FOR = "2 seconds"
_START_TIMEOUT_S = 10
_POLL_EVERY_S = 0.001


class LockSampler:
    """A session of its own that watches one backend between `start` and `stop`."""

    def __init__(self, server: Server, *, observer: Connection) -> None:
        self._observer = observer
        elsewhere = _elsewhere(server)
        self._connection = elsewhere or connect(_conninfo(server))
        self._polls = elsewhere is None
        self._stopping = threading.Event()
        if not self._polls:
            self._connection.execute(text("sampler"))
        row = observer.execute("SELECT oid::bigint FROM pg_database WHERE datname = current_database()").fetchone()
        self._database = row[0] if row else 0
        self._thread: threading.Thread | None = None
        self._pid = 0
        self._rows: list[tuple[int, str]] = []
        self._error: psycopg.Error | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._thread is not None:
            self.stop()
        self._connection.close()

    def start(self, *, pid: int) -> None:
        """Watch the backend `pid`; returns when the first look is under way."""
        self._pid, self._rows, self._error = pid, [], None
        self._stopping.clear()
        self._thread = threading.Thread(
            target=self._poll if self._polls else self._sample, name="lock sampler", daemon=True
        )
        self._thread.start()
        deadline = time.monotonic() + _START_TIMEOUT_S
        while not self._polls and not self._is_looking() and time.monotonic() < deadline:
            time.sleep(0)

    def stop(self) -> Held:
        """What the backend held since `start`, the strongest mode of each relation."""
        self._stopping.set()
        key = (_STOP_CLASS, self._pid)
        self._observer.execute("SELECT pg_advisory_lock(%s, %s)", key)
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._observer.execute("SELECT pg_advisory_unlock(%s, %s)", key)
        if self._error is not None:
            raise self._error
        return strongest(self._rows)

    def _sample(self) -> None:
        values = (self._pid, self._database, _STOP_CLASS, _FAST_FOR)
        try:
            rows = self._connection.execute(
                "SELECT relation, mode FROM pg_temp.sample_locks(%s, %s::oid, %s, %s::interval)", values
            ).fetchall()
        except psycopg.Error as error:
            self._error = error
            return
        self._rows = [(oid, mode) for oid, mode in rows]

    def _poll(self) -> None:
        """From the same database every look must be a query of its own, or CONCURRENTLY would wait for this session."""
        try:
            while not self._stopping.is_set():
                self._rows += self._connection.execute(text("locks"), {"pid": self._pid}).fetchall()
                time.sleep(_POLL_EVERY_S)
        except psycopg.Error as error:
            self._error = error

    def _is_looking(self) -> bool:
        values = {"class": _STOP_CLASS + 1, "backend": self._pid, "pid": self._connection.info.backend_pid}
        return self._observer.execute(text("sampler_looks"), values).fetchone() == (True,)


def _elsewhere(server: Server) -> Connection | None:
    """A connection to another database of the server; None where none lets us in."""
    for database in _OTHER_DATABASES:
        try:
            return connect(make_conninfo(_conninfo(server), dbname=database))
        except psycopg.OperationalError:
            continue
    return None


def _conninfo(server: Server) -> str:
    return server.conninfo(application_name=f"{Role.OBSERVER.application_name} sampler")
