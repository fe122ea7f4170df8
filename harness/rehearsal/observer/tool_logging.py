"""Making the server log every statement of sessions that begin from now on: a migration tool's."""

from psycopg import sql

from harness.postgres.connect import Connection
from harness.rehearsal.observer.queries import text

_SETTINGS = {"log_statement": "all", "log_min_duration_statement": "0", "log_duration": "off"}
"""A line when a statement starts and one when it ends (manual, section 19.8.3)."""


def enable_statement_log(connection: Connection) -> dict[str, str]:
    """Set it on the database, so that it works for tools that ignore PGOPTIONS; what to give to `restore` later.

    Sessions that are connected already, the traffic's, are not affected.
    """
    present = dict(row[0].split("=", 1) for row in connection.execute(text("database_settings")).fetchall())
    for name, value in _SETTINGS.items():
        connection.execute(_alter(connection, sql.SQL("SET {} = {}").format(sql.Identifier(name), sql.Literal(value))))
    return {name: present[name] for name in _SETTINGS if name in present}


def restore_statement_log(connection: Connection, previous: dict[str, str]) -> None:
    """Put the database's settings back as they were."""
    for name in _SETTINGS:
        if name in previous:
            change = sql.SQL("SET {} = {}").format(sql.Identifier(name), sql.Literal(previous[name]))
        else:
            change = sql.SQL("RESET {}").format(sql.Identifier(name))
        connection.execute(_alter(connection, change))


def _alter(connection: Connection, change: sql.Composed) -> sql.Composed:
    return sql.SQL("ALTER DATABASE {} {}").format(sql.Identifier(connection.info.dbname), change)
