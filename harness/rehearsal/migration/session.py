"""The migrator's session: statements sent as they are written, transactions numbered, settings known."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
from psycopg.pq import TransactionStatus

from harness.postgres.connect import Connection

# SHOW prints a timeout in the largest unit that divides it (manual, section 20.1.1); milliseconds in each.
_SHOWN = {"us": 0.001, "ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
# Enough to meet a quiet moment; the smallest is the path's own time.
_ROUND_TRIPS = 5


@dataclass(frozen=True, slots=True)
class Result:
    """How a statement ended: `sqlstate` "" is success; `tag` the server's, `rows` what it counted."""

    sqlstate: str = ""
    message: str = ""
    position: int = 0
    tag: str = ""
    rows: int | None = None


@dataclass(slots=True)
class MigrationSession:
    """One connection of the migration.

    Every statement goes by the simple query protocol, with nothing prepared and no parameters, exactly as written.
    The server's transaction status, not the text, says whether a transaction is open.
    """

    connection: Connection
    lock_timeout_ms: int = 0
    statement_timeout_ms: int = 0
    _sent: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        # A server-side prepared statement would change the protocol of its later executions.
        self.connection.prepare_threshold = None
        self.learn_timeouts()

    @property
    def pid(self) -> int:
        """The backend's process id."""
        return self.connection.info.backend_pid

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction block is open, failed ones included."""
        return self.connection.info.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR)

    @property
    def alive(self) -> bool:
        """Whether the connection still stands."""
        return self.connection.info.transaction_status is not TransactionStatus.UNKNOWN

    @property
    def sent_in_transaction(self) -> tuple[str, ...]:
        """The texts sent in the open transaction, BEGIN first."""
        return tuple(self._sent)

    def send(self, text: str) -> Result:
        """Execute one statement; a failure is a result. A lost connection is 08006."""
        result = self._send(text)
        if self.in_transaction:
            self._sent.append(text)
        else:
            self._sent.clear()
        return result

    def learn_timeouts(self) -> None:
        """Ask for lock_timeout and statement_timeout in force; SHOW takes no lock and no snapshot."""
        if self.connection.info.transaction_status is TransactionStatus.INERROR or not self.alive:
            return
        self.lock_timeout_ms = self._timeout("lock_timeout")
        self.statement_timeout_ms = self._timeout("statement_timeout")

    def round_trip_ns(self, *, now_ns: Callable[[], int]) -> int:
        """The shortest of a few empty round trips: how far a time taken here is from the server's."""
        shortest: list[int] = []
        for _ in range(_ROUND_TRIPS):
            start = now_ns()
            self.connection.execute("")
            shortest.append(now_ns() - start)
        return min(shortest)

    def cancel(self) -> None:
        """Cancel what runs now; from any thread, harmless when nothing runs."""
        try:
            self.connection.cancel_safe(timeout=5)
        except psycopg.Error:
            # The connection is gone, and with it what there was to cancel.
            return

    def _send(self, text: str) -> Result:
        try:
            cursor = self.connection.execute(text.encode())
        except psycopg.Error as error:
            diagnosis = error.diag
            sqlstate = error.sqlstate or ("08006" if not self.alive or self.connection.closed else "XX000")
            message = diagnosis.message_primary or str(error).splitlines()[0]
            return Result(sqlstate, message, int(diagnosis.statement_position or 0))
        rows = cursor.rowcount if cursor.rowcount >= 0 else None
        return Result(tag=cursor.statusmessage or "", rows=rows)

    def _timeout(self, name: str) -> int:
        row = self.connection.execute(f"SHOW {name}".encode()).fetchone()
        return parse_timeout(str(row[0]) if row else "0")


@contextmanager
def unhurried(connection: Connection) -> Iterator[str]:
    """Questions of ours on the migrator's session, free of the statement_timeout that the migration set.

    Gives that timeout, as the server shows it.
    """
    row = connection.execute("SELECT current_setting('statement_timeout')").fetchone()
    timeout = str(row[0]) if row else "0"
    if timeout == "0":
        yield timeout
        return
    local = connection.info.transaction_status is TransactionStatus.INTRANS
    connection.execute("SELECT set_config('statement_timeout', '0', %s)", (local,))
    try:
        yield timeout
    finally:
        connection.execute("SELECT set_config('statement_timeout', %s, %s)", (timeout, local))


def parse_timeout(shown: str) -> int:
    """Milliseconds of a timeout as SHOW prints it, 0 for none.

    >>> parse_timeout("2s"), parse_timeout("0"), parse_timeout("1500ms")
    (2000, 0, 1500)
    """
    match = re.fullmatch(r"(\d+)([a-z]*)", shown)
    if match is None:
        raise ValueError(f"not a timeout: {shown!r}")
    return round(int(match[1]) * _SHOWN[match[2] or "ms"])
