"""What a failing statement asked for: its locks are gone with its error, so it is run again against closed doors.

Every table it names is locked by a session of ours; the statement waits at the first, pg_locks tells the mode it asks
for, that door is opened, and so on to its error. Only for statements that leave nothing behind.
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


@dataclass(slots=True)
class Gates:
    """Closed doors before tables, opened one by one as a backend knocks."""

    server: Server
    pid: int
    _closed: dict[int, Connection] = field(default_factory=dict)
    _asked: dict[int, LockMode] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def close(self, tables: Iterable[tuple[int, str, str]]) -> None:
        """Lock these tables (OID, schema, name), then watch for the backend's requests."""
        for oid, schema, name in list(tables)[:_MOST_GATES]:
            gate = self._connect("gate")
            try:
                gate.execute(sql.SQL("SET lock_timeout = {}").format(sql.Literal(_CLOSING_TIMEOUT)))
                gate.execute("BEGIN")
                gate.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(sql.Identifier(schema, name)))
            except psycopg.Error:
                gate.close()
                continue
            self._closed[oid] = gate
        self._thread = threading.Thread(target=self._watch, name="gates", daemon=True)
        self._thread.start()

    def open(self) -> Held:
        """Open all doors; what the backend asked for, the strongest mode of each relation."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        for gate in self._closed.values():
            gate.close()
        self._closed.clear()
        return self._asked

    def _watch(self) -> None:
        with self._connect("gatekeeper") as watcher:
            while not self._stop.is_set():
                rows = watcher.execute(text("waiting"), {"pid": self.pid}).fetchall()
                self._asked = dict(merged(self._asked, strongest(rows)))
                for oid, _ in rows:
                    gate = self._closed.pop(oid, None)
                    if gate is not None:
                        gate.close()
                time.sleep(_LOOK_EVERY_S)

    def _connect(self, name: str) -> Connection:
        return connect(self.server.conninfo(application_name=f"{Role.OBSERVER.application_name} {name}"))
