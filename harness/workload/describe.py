"""What the server makes of a statement's parameters, without running it."""

from collections.abc import Mapping

from psycopg import pq

from harness.model.redaction import redact_message
from harness.postgres.connect import Connection


class RefusedStatementError(ValueError):
    """The server does not take the statement: what it names is not there, or a parameter has no type."""


def describe_parameters(connection: Connection, sql: str) -> Mapping[int, str]:
    """The type of each `$n` of one statement, as SQL writes it; RefusedStatementError where it cannot be prepared."""
    pgconn = connection.pgconn
    _checked(pgconn.prepare(b"", sql.encode()))
    described = _checked(pgconn.describe_prepared(b""))
    oids = [described.param_type(number) for number in range(described.nparams)]
    row = connection.execute("SELECT array(SELECT format_type(o, -1) FROM unnest(%s::oid[]) o)", [oids]).fetchone()
    return dict(enumerate(row[0] if row else (), start=1))


def _checked(result: pq.abc.PGresult) -> pq.abc.PGresult:
    if result.status == pq.ExecStatus.COMMAND_OK:
        return result
    state = (result.error_field(pq.DiagnosticField.SQLSTATE) or b"").decode()
    message = (result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or b"").decode()
    raise RefusedStatementError(f"{redact_message(message, sqlstate=state)} ({state})")
