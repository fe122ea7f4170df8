"""Whether a database that somebody else provides may be used: nothing that looks like production is touched."""

from typing import LiteralString

from harness.model.errors import SandboxError
from harness.postgres.connect import Connection, query

MARKER = "rehearse: disposable"


def refuse_production(connection: Connection, *, owned: bool, marker_needed: bool = True) -> None:
    """Return only where the server behind `connection` may be used. SandboxError gives every reason against it.

    `owned` says that somebody takes the responsibility, and overrides all but the marker: a comment on the database
    holding `rehearse: disposable`, or a table `rehearse_harness.disposable`. A server that a provider command has
    just made needs no marker (`marker_needed` false): it was made to be thrown away.
    """
    reasons = [] if owned else _signs_of_production(connection)
    marked = _kept("disposable_marker", connection)
    if marker_needed and not _answer(connection, marked, marker=MARKER):
        name = connection.info.dbname
        raise SandboxError(
            "; ".join([*reasons, f"the database {name} carries no marker that says it is disposable"]),
            hint=f"if it may be changed and dropped: COMMENT ON DATABASE \"{name}\" IS '{MARKER}'",
        )
    if reasons:
        raise SandboxError(
            f"this looks like production: {'; '.join(reasons)}",
            hint="use another server; --i-own-this-database overrides this if you are sure",
        )


def _signs_of_production(connection: Connection) -> list[str]:
    reasons = []
    sessions = _answer(connection, _kept("other_sessions", connection))
    if sessions:
        reasons.append(f"{sessions} other session{'s are' if int(str(sessions)) > 1 else ' is'} connected")
    if _answer(connection, "SELECT pg_is_in_recovery()"):
        reasons.append("the server is a standby")
    if _answer(connection, "SELECT count(*) FROM pg_stat_replication"):
        reasons.append("standbys are connected to the server")
    if _answer(connection, "SELECT count(*) FROM pg_replication_slots"):
        reasons.append("the server keeps replication slots for somebody")
    return reasons


def _kept(name: str, connection: Connection) -> LiteralString:
    return query(name, version_num=connection.info.server_version)


def _answer(connection: Connection, question: LiteralString, **values: str) -> object:
    row = connection.execute(question, values or None).fetchone()
    return row[0] if row else None
