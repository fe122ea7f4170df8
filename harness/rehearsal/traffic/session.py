"""One actor's connection: non-blocking, on psycopg.pq; it never waits, the event loop does."""

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import psycopg
from psycopg import pq
from psycopg.conninfo import make_conninfo
from psycopg.pq.abc import PGconn, PGresult

from harness.model.redaction import redact_message
from harness.model.units import NS_PER_MS, NS_PER_S
from harness.model.words import Role

CONNECTION_FAILURE: Final = "08006"
"""SQLSTATE of an operation whose connection broke without the server saying why."""
CONNECT_TIMEOUT_NS: Final = 10 * NS_PER_S
"""Longest time of one attempt to connect, as elsewhere in the harness (`postgres.connect`)."""
FIRST_BACKOFF_NS: Final = 50 * NS_PER_MS
"""Pause before the first attempt to reconnect; it doubles with each failure up to `LONGEST_BACKOFF_NS`."""
LONGEST_BACKOFF_NS: Final = 2 * NS_PER_S
"""Longest pause between attempts: an application's pool is back within seconds of its server."""
_BROKEN: Final = (pq.ExecStatus.COPY_IN, pq.ExecStatus.COPY_OUT, pq.ExecStatus.COPY_BOTH)
_GOOD: Final = (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK, pq.ExecStatus.EMPTY_QUERY)


@dataclass(frozen=True, slots=True)
class ServerError:
    """What the server, or its silence, said: SQLSTATE and message without data."""

    sqlstate: str
    message: str


def actor_conninfo(conninfo: str, *, actor: int, statement_timeout_ns: int) -> bytes:
    """The connection string of an actor: its application_name, its statement_timeout (0 leaves the server's own)."""
    given = psycopg.conninfo.conninfo_to_dict(conninfo)
    options = [str(given["options"])] if given.get("options") else []
    if statement_timeout_ns:
        options.append(f"-c statement_timeout={max(1, statement_timeout_ns // NS_PER_MS)}")
    return make_conninfo(
        conninfo,
        application_name=f"{Role.TRAFFIC.application_name} {actor}",
        options=" ".join(options),
        connect_timeout=CONNECT_TIMEOUT_NS // NS_PER_S,
    ).encode()


def error_of(results: list[PGresult]) -> ServerError | None:
    """The first error among a statement's results; None where all is well."""
    for result in results:
        if result.status not in _GOOD:
            return _server_error(result)
    return None if results else ServerError(CONNECTION_FAILURE, "the connection was lost")


def _server_error(result: PGresult) -> ServerError:
    state = result.error_field(pq.DiagnosticField.SQLSTATE)
    message = result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY)
    if state is None:
        return ServerError(CONNECTION_FAILURE, "the connection was lost")
    sqlstate = state.decode(errors="replace")
    return ServerError(sqlstate, redact_message((message or b"").decode(errors="replace"), sqlstate=sqlstate))


@dataclass(slots=True)
class Session:
    """A connection and what it remembers: prepared statements by key, results of the statement under way."""

    actor: int
    conninfo: bytes
    pgconn: PGconn
    prepared: dict[bytes, bytes] = field(default_factory=dict)
    results: list[PGresult] = field(default_factory=list)
    backoff_ns: int = FIRST_BACKOFF_NS
    connecting: bool = False
    wants_write: bool = False
    _names: int = 0

    @classmethod
    def connect(cls, conninfo: bytes, *, actor: int) -> "Session":
        """A connected session; psycopg.OperationalError where the server refuses. The only call here that waits."""
        pgconn = pq.PGconn.connect(conninfo)
        if pgconn.status != pq.ConnStatus.OK:
            raise psycopg.OperationalError(pgconn.get_error_message())
        session = cls(actor, conninfo, pgconn)
        session.ready()
        return session

    def ready(self) -> None:
        """The connection stands: nothing is prepared yet."""
        self.pgconn.nonblocking = 1
        self.pgconn.notice_handler = None
        self.prepared.clear()
        self.results = []
        self.connecting = self.wants_write = False
        self.backoff_ns = FIRST_BACKOFF_NS

    def reconnect(self) -> None:
        """Begin to connect again; `advance` goes on."""
        self.pgconn = pq.PGconn.connect_start(self.conninfo)
        self.connecting = True

    def advance(self) -> pq.PollingStatus:
        """One step of connecting: what to wait for, OK or FAILED."""
        return pq.PollingStatus(self.pgconn.connect_poll())

    def next_backoff(self) -> int:
        """The pause before the next attempt, in nanoseconds; doubles."""
        pause = self.backoff_ns
        self.backoff_ns = min(pause * 2, LONGEST_BACKOFF_NS)
        return pause

    @property
    def idle(self) -> bool:
        """Whether no transaction is open."""
        return self.pgconn.transaction_status == pq.TransactionStatus.IDLE

    @property
    def broken(self) -> bool:
        """Whether the connection is lost."""
        return self.pgconn.status == pq.ConnStatus.BAD

    def query(self, text: bytes) -> None:
        """Send by the simple protocol."""
        self.pgconn.send_query(text)
        self.flush()

    def query_params(self, text: bytes, values: list[bytes | None]) -> None:
        """Send by the extended protocol, unnamed."""
        self.pgconn.send_query_params(text, values)
        self.flush()

    def prepare(self, text: bytes) -> bytes:
        """Send a PREPARE under a new name, which is returned."""
        self._names += 1
        name = b"s%d" % self._names
        self.pgconn.send_prepare(name, text)
        self.flush()
        return name

    def query_prepared(self, name: bytes, values: list[bytes | None]) -> None:
        """Send the execution of a prepared statement."""
        self.pgconn.send_query_prepared(name, values)
        self.flush()

    def flush(self) -> None:
        """Push what libpq holds to the socket; `wants_write` says that some is left."""
        self.wants_write = self.pgconn.flush() != 0

    def receive(self) -> bool:
        """Read what has come; True when the statement under way is complete (its results are in `results`)."""
        pgconn = self.pgconn
        try:
            pgconn.consume_input()
        except psycopg.OperationalError:
            self._salvage()
            return True
        while not pgconn.is_busy():
            result = pgconn.get_result()
            if result is None:
                return True
            self.results.append(result)
            if result.status in _BROKEN:
                self.close()
                return True
        return False

    def _salvage(self) -> None:
        """Keep the server's last words (a FATAL with its SQLSTATE) of a connection that is gone."""
        while (result := self.pgconn.get_result()) is not None:
            self.results.append(result)

    def take(self) -> list[PGresult]:
        """The results of the statement, once."""
        results, self.results = self.results, []
        return results

    def cancel(self) -> None:
        """Ask the server to cancel the statement under way; may wait for a server that does not answer."""
        with suppress(psycopg.OperationalError):  # there is nothing to cancel where the server is gone
            self.pgconn.get_cancel().cancel()

    def close(self) -> None:
        """Close the connection."""
        self.pgconn.finish()
