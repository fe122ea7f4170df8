"""Sessions around a waiting migration: the long transaction that stands in its way, and ordinary users."""

import threading
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from harness.model.clock import Clock
from harness.model.words import Role
from harness.postgres.connect import Connection, connect
from harness.postgres.ports import Server
from harness.rehearsal.probes.targets import Target

# Nothing that a bystander sends may hang a run; an ordinary wait ends long before, with the experiment.
_STATEMENT_TIMEOUT = "30s"
# The table is quiet when a long transaction comes; where it is not, there is nothing to be seen from it.
_STANDING_TIMEOUT = "2s"
_JOIN_S = 35.0


@dataclass(slots=True)
class Antagonist:
    """One idle transaction on a table: `stand`, until `leave`; it changes nothing."""

    server: Server
    target: Target
    pid: int = 0
    _connection: Connection | None = None

    def stand(self) -> None:
        """Open the transaction. psycopg.Error where the table cannot be read or locked."""
        role = f"{Role.ANTAGONIST.application_name} {self.target.antagonist}"
        connection = connect(self.server.conninfo(application_name=role))
        self._connection = connection
        connection.execute("SELECT set_config('lock_timeout', %s, false)", (_STANDING_TIMEOUT,))
        connection.execute("SELECT set_config('statement_timeout', %s, false)", (_STATEMENT_TIMEOUT,))
        if self.target.antagonist == "reader":
            self._read(connection)
        else:
            self._write(connection)
        self.pid = connection.info.backend_pid

    def leave(self) -> None:
        """End the transaction."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _read(self, connection: Connection) -> None:
        """Read a row and keep the snapshot; where no row can be read (an unfilled materialized view), only look."""
        table = _name(self.target)
        try:
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            connection.execute(sql.SQL("SELECT 1 FROM {} LIMIT 1").format(table))
        except psycopg.Error:
            connection.execute("ROLLBACK")
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            connection.execute(sql.SQL("EXPLAIN SELECT 1 FROM {} LIMIT 1").format(table))

    def _write(self, connection: Connection) -> None:
        """What an INSERT leaves behind for others: the table's lock and a transaction id; no row is locked."""
        connection.execute("BEGIN")
        connection.execute(sql.SQL("LOCK TABLE {} IN ROW EXCLUSIVE MODE").format(_name(self.target)))
        connection.execute("SELECT pg_current_xact_id()")


@dataclass(slots=True)
class Bystander:
    """An ordinary read or write of a table, sent in a thread of its own: how long it took, whom it waited for.

    EXPLAIN takes the locks of the statement that it explains, and touches no row.
    """

    target: Target
    writes: bool
    clock: Clock
    connection: Connection
    queued: bool = False
    """Whether it was seen waiting behind the migration."""
    took_ns: int | None = None
    error: str = ""
    _thread: threading.Thread | None = field(default=None)

    @classmethod
    def connect(cls, server: Server, target: Target, *, writes: bool, clock: Clock) -> "Bystander":
        """A session that is ready to send."""
        name = f"{Role.HARNESS.application_name} {'write' if writes else 'read'}"
        connection = connect(server.conninfo(application_name=name))
        connection.execute("SELECT set_config('statement_timeout', %s, false)", (_STATEMENT_TIMEOUT,))
        return cls(target=target, writes=writes, clock=clock, connection=connection)

    @property
    def pid(self) -> int:
        """Its backend's process id."""
        return self.connection.info.backend_pid

    @property
    def was_sent(self) -> bool:
        """Whether it was asked for."""
        return self._thread is not None

    def send(self) -> None:
        """Send it; returns at once."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="bystander", daemon=True)
            self._thread.start()

    def end(self) -> None:
        """Wait for the answer, and close."""
        if self._thread is not None:
            self._thread.join(timeout=_JOIN_S)
        self.connection.close()

    def _run(self) -> None:
        text = "EXPLAIN DELETE FROM ONLY {}" if self.writes else "EXPLAIN SELECT 1 FROM {} LIMIT 1"
        started_ns = self.clock.now_ns()
        try:
            self.connection.execute(sql.SQL(text).format(_name(self.target)))
        except psycopg.Error as error:
            self.error = error.sqlstate or "08006"
        self.took_ns = self.clock.now_ns() - started_ns


def _name(target: Target) -> sql.Identifier:
    return sql.Identifier(target.schema, target.name)
