"""The observer's connection: made again after the server went away."""

from harness.model.words import Role
from harness.postgres.connect import Connection, connect
from harness.postgres.ports import Server
from harness.rehearsal.observer.queries import text


class Link:
    """One thread's connection to the server, opened when it is first needed and again when it broke."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._connection: Connection | None = None

    def get(self) -> Connection:
        """The open connection; psycopg.OperationalError while the server is away."""
        if self._connection is None or self._connection.closed:
            self._connection = connect(self._server.conninfo(application_name=Role.OBSERVER.application_name))
            self._connection.execute(text("observer_session"))
        return self._connection

    @property
    def is_lost(self) -> bool:
        """Whether the connection broke since it was last got."""
        return self._connection is not None and self._connection.closed

    def close(self) -> None:
        """Close it; nothing happens where it is not open."""
        if self._connection is not None:
            self._connection.close()


def observer_connection(server: Server) -> Connection:
    """A short-lived connection that may change settings; the caller closes it."""
    return connect(server.conninfo(application_name=Role.OBSERVER.application_name))
