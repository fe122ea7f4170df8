"""Errors of the server's log as events, without data."""

from harness.events.observation import ServerErrorLogged
from harness.model.redaction import redact_message
from harness.model.words import Pass, Role
from harness.postgres.log_lines import LogLine

SEVERITIES = frozenset({"ERROR", "FATAL", "PANIC"})
"""What ends a statement, a session, or the server (manual, table 19.2)."""


def error_event(line: LogLine, *, pass_: Pass, role: Role, at_ns: int) -> ServerErrorLogged | None:
    """The event of an entry that is an error; None for every other entry."""
    if line.severity not in SEVERITIES:
        return None
    return ServerErrorLogged(
        at_ns=at_ns,
        pass_=pass_,
        pid=line.pid,
        role=role,
        severity=line.severity,
        sqlstate=line.sqlstate,
        message=redact_message(line.message, sqlstate=line.sqlstate),
    )
