"""Setting what can be set on a server that is not ours, and saying what cannot."""

import psycopg
from psycopg import sql

from harness.model.errors import SandboxError
from harness.postgres.connect import Connection
from harness.postgres.ports import ServerSettings

# What only the server's own configuration can give, and what is lost without it.
_SERVER_WIDE = {
    "logging_collector": ("on", "the server keeps no log file: lock waits are polled, not exact"),
    "log_destination": ("json", "the server's log is not jsonlog or csvlog: lock waits are polled, not exact"),
}
# Only these of the observation settings make a difference that a report must tell.
_TOLD = {
    "log_lock_waits": "log_lock_waits cannot be turned on: lock waits are polled, not exact",
    "deadlock_timeout": "deadlock_timeout stays the server's: shorter lock waits are not in the log",
    "track_io_timing": "track_io_timing stays the server's",
}


def apply_settings(connection: Connection, database: str, settings: ServerSettings) -> tuple[str, ...]:
    """Set per database what can be (ALTER DATABASE … SET); what stays as the server has it, one clause each.

    SandboxError for a production setting the server does not know.
    """
    limits = _server_limits(connection)
    contexts = {
        str(name): str(context) for name, context in connection.execute("SELECT name, context FROM pg_settings")
    }
    for name, value in settings.production.items():
        if name not in contexts and "." not in name:
            raise SandboxError(f"[postgres] settings: the external server knows no setting {name!r}")
        if not _set(connection, database, name, value, context=contexts.get(name, "user")):
            limits.append(f"{name} stays the server's")
    for name, told in _TOLD.items():
        if not _set(connection, database, name, settings.observation[name], context=contexts.get(name, "user")):
            limits.append(told)
    return tuple(limits)


def _server_limits(connection: Connection) -> list[str]:
    limits = []
    for name, (wanted, lost) in _SERVER_WIDE.items():
        row = connection.execute("SELECT current_setting(%s)", (name,)).fetchone()
        value = str(row[0]) if row else ""
        if wanted not in value and not (name == "log_destination" and "csvlog" in value):
            limits.append(lost)
    return limits


def _set(connection: Connection, database: str, name: str, value: str, *, context: str) -> bool:
    if context not in ("user", "superuser"):
        return False
    statement = sql.SQL("ALTER DATABASE {} SET {} = {}").format(
        sql.Identifier(database), sql.SQL(".").join(map(sql.Identifier, name.split("."))), sql.Literal(value)
    )
    try:
        connection.execute(statement)
    except psycopg.errors.InsufficientPrivilege:
        return False
    except psycopg.errors.InvalidParameterValue as error:
        raise SandboxError(
            f"[postgres] settings: the external server refuses {name}: {error.diag.message_primary}"
        ) from error
    return True
