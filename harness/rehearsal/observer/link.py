"""The observer's connection: made again after the server went away."""

from collections.abc import Sequence

import psycopg
from psycopg.pq import ConnStatus, ExecStatus
from psycopg.pq.abc import PGresult

from harness.model.words import Role
from harness.postgres.connect import Connection, connect
from harness.postgres.ports import Server
from harness.rehearsal.observer.queries import text


class Link:
    """One thread's connection to the server, opened when it is first needed and again when it broke."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._connection: Connection | None = None
        self._prepared: set[str] = set()

    def get(self) -> Connection:
        """The open connection; psycopg.OperationalError while the server is away."""
        if self._connection is None or self._connection.closed:
            self._connection = connect(self._server.conninfo(application_name=Role.OBSERVER.application_name))
            self._connection.execute(text("observer_session"))
            self._prepared.clear()
        return self._connection

    def prepared(self, name: str, parameters: Sequence[bytes]) -> PGresult:
        """The rows, as text, of `queries/<name>.sql`, which is prepared once on each connection.

        Straight through libpq: psycopg's conversion costs five times the processor time (0.126 against 0.023 ms).
        psycopg.OperationalError where the server is away or cancels.
        """
        connection = self.get()
        if name not in self._prepared:
            _checked(connection, connection.pgconn.prepare(name.encode(), text(name).encode()))
            self._prepared.add(name)
        return _checked(connection, connection.pgconn.exec_prepared(name.encode(), parameters))

    @property
    def is_lost(self) -> bool:
        """Whether the connection broke since it was last got."""
        return self._connection is not None and self._connection.closed

    def close(self) -> None:
        """Close it; nothing happens where it is not open."""
        if self._connection is not None:
            self._connection.close()


def _checked(connection: Connection, result: PGresult) -> PGresult:
    if result.status in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
        return result
    if connection.pgconn.status == ConnStatus.BAD:
        raise psycopg.OperationalError("the server closed the observer's connection")
    raise psycopg.errors.error_from_result(result)


def observer_connection(server: Server) -> Connection:
    """A short-lived connection that may change settings; the caller closes it."""
    return connect(server.conninfo(application_name=Role.OBSERVER.application_name))
