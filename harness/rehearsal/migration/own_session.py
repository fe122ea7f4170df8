"""The migration's own session, which its tool goes on using: what it was before, and whether it still works after."""

from dataclasses import dataclass
from typing import Final

import psycopg
from psycopg import sql

from harness.events.versions import SessionCompared, SettingChanged
from harness.model.clock import Clock
from harness.model.redaction import redact_message
from harness.model.words import Pass
from harness.postgres.connect import Connection, without_event_triggers
from harness.rehearsal.migration.session import MigrationSession

TABLE: Final = "schema_migrations"
"""The table in which most tools note, unqualified and in the same session, that a migration is applied."""
# Read by SHOW, which takes no snapshot and works under any search path. Timeouts are a migration's to set.
_SETTINGS: Final = (
    "search_path", "role", "session_authorization", "session_replication_role", "default_transaction_read_only",
    "default_transaction_isolation", "row_security", "standard_conforming_strings", "check_function_bodies",
    "default_table_access_method", "default_tablespace", "client_encoding", "TimeZone", "synchronous_commit",
)  # fmt: skip
# Not found, not allowed, read only, a role that is gone: everything else comes from the table itself, which was found.
_LEAKS: Final = frozenset({"42P01", "3F000", "42501", "25006", "42704"})


@dataclass(frozen=True, slots=True)
class OwnSession:
    """The session as it was before the first step; `schema` is where an unqualified table of it would be made."""

    settings: dict[str, str]
    schema: str


def read_session(session: MigrationSession) -> OwnSession:
    """The session now."""
    row = session.connection.execute("SELECT current_schema()").fetchone()
    return OwnSession(_settings(session), str(row[0]) if row and row[0] else "")


def compare_session(
    session: MigrationSession, before: OwnSession, *, harness: Connection, pass_: Pass, clock: Clock
) -> SessionCompared | None:
    """The session after the last step; None where it is gone, or there was no schema to begin with.

    An INSERT into `schema_migrations` is tried and rolled back. Where there is no such table, `harness` makes one where
    the session would have made it before, and removes it.
    """
    if not session.alive or not before.schema:
        return None
    made = _make_table(harness, before.schema)
    if made is None:
        return None
    try:
        refused = _insert(session)
    finally:
        if made:
            with without_event_triggers(harness):
                harness.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(before.schema, TABLE)))
    now = _settings(session)
    changed = [SettingChanged(name=n, before=v, after=now[n]) for n, v in before.settings.items() if now[n] != v]
    sqlstate, message = refused or ("", "")
    return SessionCompared(
        at_ns=clock.now_ns(),
        pass_=pass_,
        changed=tuple(changed),
        table=TABLE,
        sqlstate=sqlstate,
        message=redact_message(message, sqlstate=sqlstate) if sqlstate else "",
    )


def _settings(session: MigrationSession) -> dict[str, str]:
    found = {}
    for name in _SETTINGS:
        row = session.connection.execute(f"SHOW {name}".encode()).fetchone()
        found[name] = str(row[0]) if row else ""
    return found


def _make_table(harness: Connection, schema: str) -> bool | None:
    """Whether the table had to be made; None where it cannot be."""
    name = sql.Identifier(schema, TABLE)
    row = harness.execute("SELECT to_regclass(%s)", [name.as_string(harness)]).fetchone()
    if row is not None and row[0] is not None:
        return False
    try:
        with without_event_triggers(harness):
            harness.execute(sql.SQL("CREATE TABLE {} (version text PRIMARY KEY)").format(name))
    except psycopg.Error:
        return None
    return True


def _insert(session: MigrationSession) -> tuple[str, str] | None:
    """SQLSTATE and message of the attempt, None where it succeeded or met a constraint or trigger of the table."""
    try:
        result = session.send("BEGIN")
        if not result.sqlstate:
            result = session.send(f"INSERT INTO {TABLE} DEFAULT VALUES")
    finally:
        session.send("ROLLBACK")
    return (result.sqlstate, result.message) if result.sqlstate in _LEAKS else None
