"""Following the server's log over SQL, so that it works wherever the server runs."""

import secrets
import time
from datetime import datetime
from typing import Any

from psycopg import sql

from harness.model.errors import SandboxError
from harness.postgres.connect import Connection
from harness.postgres.log_lines import LogDecoder, LogLine
from harness.rehearsal.observer.queries import text

# jsonlog came with 15 (release notes 15, E.19.3.1.8).
_JSONLOG_SINCE = 150000
# Large enough that a busy second of log is a few round trips; decoding one keeps the poller waiting for 6 ms.
_CHUNK_BYTES = 1 << 18
# The log collector writes within milliseconds; one that has not in this time is not writing at all.
MARKER_TIMEOUT_S = 5.0
_MARKER_POLL_S = 0.005
_ROTATION_EVERY_S = 0.5


class LogTail:
    """Reads what the server appends to its log, from `begin` on; survives rotation and restarts.

    It holds no connection: each call is given one that may read server files (a superuser's).
    """

    def __init__(self, *, version_num: int) -> None:
        self.form = "jsonlog" if version_num >= _JSONLOG_SINCE else "csvlog"
        self._suffix = ".json" if self.form == "jsonlog" else ".csv"
        self._decoder = LogDecoder(self.form)
        self._path = ""
        self._offset = 0
        self._pending: list[LogLine] = []
        self._modification: datetime | None = None
        self._read_before: set[str] = set()
        self._asked_s = 0.0
        self.lost = ""
        self.is_behind = False
        """Whether the last read left entries for the next one."""

    @property
    def lines(self) -> int:
        """Entries read so far."""
        return self._decoder.lines

    @property
    def undecodable(self) -> int:
        """Pieces that were not entries."""
        return self._decoder.undecodable

    def begin(self, connection: Connection) -> None:
        """Start at the end of what is there; SandboxError where the server writes no such log."""
        current = self._current(connection)
        if current is None:
            raise SandboxError(
                f"the server writes no {self.form}",
                hint=f"it needs logging_collector = on and log_destination = {self.form}",
            )
        self._path, self._offset, self._modification = current
        # An entry may be half written; what follows a marker of our own begins with a whole one.
        marker = write_marker(connection)
        seen = b""
        deadline = time.monotonic() + MARKER_TIMEOUT_S
        while (at := seen.rfind(marker.encode())) < 0 or (end := seen.find(b"\n", at)) < 0:
            if time.monotonic() > deadline:
                raise SandboxError(f"the server's log {self._path} does not show what the server did")
            time.sleep(_MARKER_POLL_S)
            seen = self._piece(connection, self._path, self._offset)
        self._offset += end + 1

    def read(self, connection: Connection, *, everything: bool = True) -> list[LogLine]:
        """The entries that came since the last call, across rotations; nothing is lost where a call fails.

        Without `everything` at most one piece of 256 kB. Whether the log was rotated is only asked now and then: until
        then the old file just has no news.
        """
        self.is_behind = not everything and self._read_piece(connection) == _CHUNK_BYTES
        if self.is_behind:
            found, self._pending = self._pending, []
            return found
        self._read_file(connection)
        if time.monotonic() - self._asked_s >= _ROTATION_EVERY_S:
            self._follow_rotation(connection)
        found, self._pending = self._pending, []
        return found

    def _follow_rotation(self, connection: Connection) -> None:
        current = self._current(connection)
        self._asked_s = time.monotonic()
        if current is not None and current[0] == self._path:
            self._modification = current[2]
        elif current is not None:
            # Rotated: the old file may have got its last entries after our read; then whole files may lie between.
            self._read_file(connection)
            for path in [*self._between(connection, current[0]), current[0]]:
                self._open(path)
                self._read_file(connection)
            self._modification = current[2]

    def read_to_marker(
        self, connection: Connection, *, timeout_s: float = MARKER_TIMEOUT_S
    ) -> tuple[list[LogLine], bool]:
        """Everything logged before this call, and whether that is certain (our own marker was seen in time)."""
        marker = write_marker(connection)
        deadline = time.monotonic() + timeout_s
        found: list[LogLine] = []
        while True:
            self._asked_s = 0.0
            lines = self.read(connection)
            found += lines
            if any(marker in line.message for line in lines):
                return found, not self.lost
            if time.monotonic() > deadline:
                return found, False
            time.sleep(_MARKER_POLL_S)

    def _read_file(self, connection: Connection) -> None:
        while self._read_piece(connection):
            pass

    def _read_piece(self, connection: Connection) -> int:
        """Bytes that were read, 0 where there is no news."""
        if data := self._piece(connection, self._path, self._offset):
            self._offset += len(data)
            self._pending += self._decoder.feed(data)
        return len(data)

    def _piece(self, connection: Connection, path: str, offset: int) -> bytes:
        bind: dict[str, Any] = {"path": path, "offset": offset, "length": _CHUNK_BYTES}
        row = connection.execute(text("log_bytes"), bind, binary=True).fetchone()
        if row is None or row[0] is None:
            self.lost = f"{path} was removed while it was read"
            return b""
        return bytes(row[0])

    def _current(self, connection: Connection) -> tuple[str, int, datetime] | None:
        row = connection.execute(text("log_file"), {"form": self.form}).fetchone()
        return (row[0], row[1], row[2]) if row and row[1] is not None else None

    def _between(self, connection: Connection, current: str) -> list[str]:
        bind = {
            "path": self._path,
            "suffix": self._suffix,
            "modification": self._modification,
            "known": [self._path, current, *self._read_before],
        }
        return [row[0] for row in connection.execute(text("log_files_between"), bind).fetchall()]

    def _open(self, path: str) -> None:
        self._read_before.add(self._path)
        self._path, self._offset = path, 0
        self._decoder.reset()


def write_marker(connection: Connection) -> str:
    """Make the server log a unique text, and return it; what was logged before stands before it in the log.

    Needs an autocommit connection of a superuser. Only log_statement is used: no extension, function or object.
    """
    marker = f"rehearse marker {secrets.token_hex(8)}"
    with connection.transaction():
        connection.execute("SET LOCAL log_statement = 'all'")
        connection.execute(sql.SQL("SELECT {}").format(sql.Literal(marker)))
    return marker
