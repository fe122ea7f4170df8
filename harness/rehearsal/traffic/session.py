"""One connection to the server: non-blocking, on psycopg.pq; it never waits, the event loop does."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Self

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
# Plain ints: the C implementation of psycopg.pq answers with ints, and comparing those with enum members is slow.
_COPYING: Final = frozenset(
    map(int, (pq.ExecStatus.COPY_IN, pq.ExecStatus.COPY_OUT, pq.ExecStatus.COPY_BOTH)),
)
GOOD: Final = frozenset(
    map(
        int,
        (
            pq.ExecStatus.COMMAND_OK,
            pq.ExecStatus.TUPLES_OK,
            pq.ExecStatus.EMPTY_QUERY,
            pq.ExecStatus.PIPELINE_SYNC,
        ),
    )
)
"""Statuses of a result that is no error."""
_SYNC: Final = int(pq.ExecStatus.PIPELINE_SYNC)
IDLE: Final = int(pq.TransactionStatus.IDLE)
"""Status of a session without an open transaction."""
_BAD: Final = int(pq.ConnStatus.BAD)


@dataclass(frozen=True, slots=True)
class ServerError:
    """What the server, or its silence, said: SQLSTATE and message without data."""

    sqlstate: str
    message: str


def actor_conninfo(
    conninfo: str, *, actor: int, statement_timeout_ns: int, settings: Mapping[str, str | int | float | bool]
) -> bytes:
    """The connection string of an actor: its application_name and its role's settings.

    A statement_timeout of 0 leaves the server's own; `settings` may name it too, and then counts.
    """
    given = psycopg.conninfo.conninfo_to_dict(conninfo)
    options = [str(given["options"])] if given.get("options") else []
    if statement_timeout_ns:
        options.append(f"-c statement_timeout={max(1, statement_timeout_ns // NS_PER_MS)}")
    options += [f"-c {name}={_option(value)}" for name, value in settings.items()]
    return make_conninfo(
        conninfo,
        application_name=f"{Role.TRAFFIC.application_name} {actor}",
        options=" ".join(options),
        connect_timeout=CONNECT_TIMEOUT_NS // NS_PER_S,
    ).encode()


def _option(value: str | float) -> str:
    """A setting's value as the server's command line wants it: blanks and backslashes escaped."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text.replace("\\", "\\\\").replace(" ", "\\ ")


def error_of(results: list[PGresult]) -> ServerError | None:
    """The first error among a statement's results; None where all is well."""
    for result in results:
        if result.status not in GOOD:
            return server_error(result)
    return None if results else ServerError(CONNECTION_FAILURE, "the connection was lost")


def server_error(result: PGresult) -> ServerError:
    """What a result that is an error says."""
    state = result.error_field(pq.DiagnosticField.SQLSTATE)
    message = result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY)
    if state is None:
        return ServerError(CONNECTION_FAILURE, "the connection was lost")
    sqlstate = state.decode(errors="replace")
    return ServerError(sqlstate, redact_message((message or b"").decode(errors="replace"), sqlstate=sqlstate))


class Session:
    """A connection, the names prepared on it, and how often it failed to connect.

    Methods of the connection that every statement calls are kept bound: looking them up costs as much as calling them,
    and so does calling them as attributes (`reads` and `writes` are to be unpacked).
    `watched` is the file descriptor that the loop watches (−1: none).
    """

    __slots__ = (
        "_names",
        "_syncs",
        "backoff_ns",
        "began_ns",
        "connecting",
        "conninfo",
        "consume",
        "flush_out",
        "get_result",
        "is_busy",
        "number",
        "pgconn",
        "prepared",
        "reads",
        "results",
        "send_prepared",
        "turn",
        "wants_write",
        "watched",
        "writes",
        "writing",
    )

    def __init__(self, number: int, conninfo: bytes, pgconn: PGconn) -> None:
        self.number = number
        self.conninfo = conninfo
        self.prepared: dict[bytes, bytes] = {}
        self.watched = -1
        self.writing = False
        self.turn = 0
        self.began_ns = 0
        self.backoff_ns = FIRST_BACKOFF_NS
        self.results: list[PGresult] = []
        self._syncs = 0
        self._names = 0
        self._use(pgconn)
        self.ready()

    @classmethod
    def connect(cls, conninfo: bytes, *, number: int) -> Self:
        """Connect and wait for it; OperationalError where the server refuses."""
        pgconn = pq.PGconn.connect(conninfo)
        if pgconn.status != pq.ConnStatus.OK:
            raise psycopg.OperationalError(pgconn.get_error_message())
        return cls(number, conninfo, pgconn)

    def _use(self, pgconn: PGconn) -> None:
        self.pgconn = pgconn
        self.send_prepared = pgconn.send_query_prepared
        self.flush_out = pgconn.flush
        self.consume = pgconn.consume_input
        self.is_busy = pgconn.is_busy
        self.get_result = pgconn.get_result
        self.reads = (self.consume, self.is_busy, self.get_result)
        self.writes = (self.send_prepared, self.flush_out)

    def ready(self) -> None:
        """The connection stands: nothing is prepared yet."""
        self.pgconn.nonblocking = 1
        self.pgconn.notice_handler = None
        self.prepared.clear()
        self.results = []
        self._syncs = 0
        self.connecting = self.wants_write = False
        self.backoff_ns = FIRST_BACKOFF_NS

    def reconnect(self) -> None:
        """Begin to connect again; `advance` goes on."""
        self.connecting = True
        self._use(pq.PGconn.connect_start(self.conninfo))

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
        return self.pgconn.transaction_status == IDLE

    @property
    def broken(self) -> bool:
        """Whether the connection is lost."""
        return self.pgconn.status == _BAD

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
        self.send_prepared(name, values)
        self.wants_write = self.flush_out() != 0

    def flush(self) -> None:
        """Push what libpq holds to the socket; `wants_write` says that some is left."""
        self.wants_write = self.flush_out() != 0

    def sync(self) -> None:
        """In a pipeline: the point up to which an error skips what was sent."""
        self.pgconn.pipeline_sync()
        self._syncs += 1
        self.flush()

    def receive(self) -> list[PGresult] | None:
        """Read what has come: the results of what was sent when they are complete, else None.

        In a pipeline they are complete when every sync is answered; PIPELINE_SYNC results are among them. An empty
        list says that nothing was under way, or that the connection is lost.
        """
        results, is_busy, get_result = self.results, self.is_busy, self.get_result
        try:
            self.consume()
        except psycopg.OperationalError:
            return self._salvage()
        while not is_busy():
            result = get_result()
            if result is None:
                if self._syncs and not self.broken:
                    continue  # the end of one statement of a pipeline
                self.results = []
                return results
            results.append(result)
            status = result.status
            if status == _SYNC:
                self._syncs -= 1
                if self._syncs == 0:
                    self.results = []
                    return results
            elif status in _COPYING:
                self.close()
                self.results = []
                return results
        return None

    def unread(self, results: list[PGresult]) -> None:
        """Keep answers of a pipeline that is still open; they come with the rest."""
        self.results = results

    def _salvage(self) -> list[PGresult]:
        """The server's last words (a FATAL with its SQLSTATE) of a connection that is gone."""
        results, self.results = self.results, []
        while (result := self.get_result()) is not None:
            results.append(result)
        return results

    def cancel(self) -> None:
        """Ask the server to cancel the statement under way; may wait for a server that does not answer."""
        with suppress(psycopg.OperationalError):  # there is nothing to cancel where the server is gone
            self.pgconn.get_cancel().cancel()

    def close(self) -> None:
        """Close the connection."""
        self.pgconn.finish()
