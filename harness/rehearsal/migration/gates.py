"""What a statement asks for, seen without luck: every table it names has a closed door before it.

A session of ours holds a lock on each; the statement waits at the first, pg_locks tells the mode it asks for, that door
is opened, and so on. For statements whose locks nobody can read afterwards: those outside any transaction, and those
that fail, which are run again for this.
"""

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from harness.model.locks import LockMode
from harness.model.words import Role
from harness.postgres.connect import Connection, connect
from harness.postgres.ports import Server
from harness.rehearsal.migration.locks import Held, merged, strongest
from harness.rehearsal.migration.queries import text

# One connection each; more tables than this in one failing statement are left to the sampler.
_MOST_GATES = 16
# A door that cannot be closed at once is one the migration itself has already passed in this transaction.
_CLOSING_TIMEOUT = "100ms"
_LOOK_EVERY_S = 0.0005


@dataclass(frozen=True, slots=True)
class Door:
    """A table, and the mode it is held in: what conflicts with it is seen."""

    oid: int
    schema: str
    name: str
    mode: LockMode = LockMode.ACCESS_EXCLUSIVE


@dataclass(slots=True)
class Gates:
    """Closed doors before tables, opened one by one as a backend knocks."""

    server: Server
    pid: int
    _closed: dict[int, Connection] = field(default_factory=dict)
    _asked: Held = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def close(self, doors: Iterable[Door]) -> None:
        """Lock these tables, then watch for the backend's requests."""
        for door in list(doors)[:_MOST_GATES]:
            gate = self._connect("gate")
            try:
                gate.execute("SELECT set_config('lock_timeout', %s, false)", (_CLOSING_TIMEOUT,))
                gate.execute("BEGIN")
                gate.execute(_closing(door))
            except psycopg.Error:
                gate.close()
                continue
            self._closed[door.oid] = gate
        self._thread = threading.Thread(target=self._watch, name="gates", daemon=True)
        self._thread.start()

    def open(self) -> Held:
        """Open all doors; what the backend asked for, the strongest mode of each relation."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self._open_all()
        return self._asked

    def _watch(self) -> None:
        with self._connect("gatekeeper") as watcher:
            while not self._stop.is_set():
                for target, oid, mode in watcher.execute(text("waiting"), {"pid": self.pid}).fetchall():
                    if target != "relation":
                        # CONCURRENTLY waits for sessions that hold any lock on its table: for ours too.
                        self._open_all()
                    elif oid in self._closed:
                        self._asked = merged(self._asked, strongest([(oid, mode)]))
                        self._closed.pop(oid).close()
                time.sleep(_LOOK_EVERY_S)

    def _open_all(self) -> None:
        for gate in self._closed.values():
            gate.close()
        self._closed.clear()

    def _connect(self, name: str) -> Connection:
        return connect(self.server.conninfo(application_name=f"{Role.OBSERVER.application_name} {name}"))


def _closing(door: Door) -> sql.Composed:
    return sql.SQL("LOCK TABLE ONLY {} IN {} MODE").format(
        sql.Identifier(door.schema, door.name), sql.SQL(door.mode.name.replace("_", " "))
    )
