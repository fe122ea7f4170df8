"""Making the server log every statement of sessions that begin from now on: a migration tool's."""

import psycopg
from psycopg import sql

from harness.postgres.connect import Connection
from harness.postgres.ports import Server
from harness.rehearsal.observer.link import observer_connection
from harness.rehearsal.observer.queries import text

_SETTINGS = {"log_statement": "all", "log_min_duration_statement": "0", "log_duration": "off"}
"""A line when a statement starts and one when it ends (manual, section 19.8.3)."""


class StatementLog:
    """The server's logging of statements, on while a tool runs; `restore` on every path."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._previous: dict[str, str] | None = None

    def enable(self) -> tuple[int | None, int | None]:
        """Log them, and give the lock_timeout and statement_timeout, ms, that a session begins with.

        Set on the database, so that it works for tools that ignore PGOPTIONS. Sessions that are connected already, the
        traffic's, are not affected. psycopg.Error where the server does not answer.
        """
        with observer_connection(self._server) as connection:
            timeouts = connection.execute(text("timeouts")).fetchone() or (None, None)
            present = dict(row[0].split("=", 1) for row in connection.execute(text("database_settings")).fetchall())
            self._previous = {name: present[name] for name in _SETTINGS if name in present}
            for name, value in _SETTINGS.items():
                change = sql.SQL("SET {} = {}").format(sql.Identifier(name), sql.Literal(value))
                connection.execute(_alter(connection, change))
        return timeouts[0], timeouts[1]

    def restore(self) -> str:
        """Put the database's settings back as they were, where they were changed; why that failed, "" where not."""
        previous, self._previous = self._previous, None
        if previous is None:
            return ""
        try:
            with observer_connection(self._server) as connection:
                for name in _SETTINGS:
                    connection.execute(_alter(connection, _back(name, previous.get(name))))
        except psycopg.Error as error:
            return f"the database keeps log_statement as it was set for the tool: {error}"
        return ""


def _back(name: str, value: str | None) -> sql.Composed:
    if value is None:
        return sql.SQL("RESET {}").format(sql.Identifier(name))
    return sql.SQL("SET {} = {}").format(sql.Identifier(name), sql.Literal(value))


def _alter(connection: Connection, change: sql.Composed) -> sql.Composed:
    return sql.SQL("ALTER DATABASE {} {}").format(sql.Identifier(connection.info.dbname), change)
