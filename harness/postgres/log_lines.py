"""The server's machine-readable log, jsonlog (15 and newer) or csvlog, decoded as it grows."""

import csv
import io
from datetime import UTC, datetime, timedelta

import msgspec

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UTC_NAMES = frozenset({"UTC", "GMT", "UCT", "Etc/UTC"})
# Manual, section 19.8.4 (csvlog): 23 columns up to application_name; 13 added backend_type, 14 leader_pid and query_id.
_CSV_COLUMNS_MIN = 23
_CSV_BACKEND_TYPE = 23
# "no error" is written in csvlog and left out of jsonlog.
_SUCCESS = "00000"


class LogLine(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the server's log.

    `wall_ns` is the server's wall clock in nanoseconds since 1970, cut down to whole milliseconds. `session` is the
    server's session id (start time and pid), which tells two backends with one pid apart. Absent fields are "" or 0.
    `position` is the 1-based character of `statement` that an error points at. `ps` is the command tag.
    """

    wall_ns: int
    pid: int
    severity: str
    message: str
    sqlstate: str = ""
    detail: str = ""
    context: str = ""
    statement: str = ""
    position: int = 0
    application_name: str = ""
    user: str = ""
    database: str = ""
    backend_type: str = ""
    session: str = ""
    vxid: str = ""
    txid: int = 0
    ps: str = ""


class _JsonLine(msgspec.Struct, kw_only=True):
    timestamp: str
    error_severity: str
    pid: int = 0
    message: str = ""
    state_code: str = ""
    detail: str = ""
    context: str = ""
    statement: str = ""
    cursor_position: int = 0
    application_name: str = ""
    user: str = ""
    dbname: str = ""
    backend_type: str = ""
    session_id: str = ""
    vxid: str = ""
    txid: int = 0
    ps: str = ""


_json = msgspec.json.Decoder(_JsonLine)


class LogDecoder:
    """Bytes of one log file, in any pieces, to entries; keeps a cut-off last entry for the next piece.

    `form` is "jsonlog" or "csvlog". `lines` counts entries, `undecodable` what could not be read as one. `any_zone`:
    the clock may be any zone's (somebody else's log); times are then that zone's, only good for differences.
    `max_entry`: bytes after which an entry without an end is dropped; 0: never.
    """

    def __init__(self, form: str, *, any_zone: bool = False, max_entry: int = 0) -> None:
        self._decode = decode_json_line if form == "jsonlog" else decode_csv_line
        self._any_zone = any_zone
        self._max_entry = max_entry
        self._quoted = form == "csvlog"
        self._rest = b""
        self.lines = 0
        self.undecodable = 0

    def feed(self, data: bytes) -> list[LogLine]:
        """The entries that `data` completes, in order."""
        *whole, self._rest = self._records(self._rest + data)
        if 0 < self._max_entry < len(self._rest):  # an open quote that nothing closes would collect the whole file
            self._rest = b""
            self.undecodable += 1
        found = []
        for record in whole:
            if not record.strip():
                continue
            try:
                found.append(self._decode(record, any_zone=self._any_zone))
            except ValueError:
                self.undecodable += 1
        self.lines += len(found)
        return found

    def reset(self) -> None:
        """Forget a cut-off entry: another file begins."""
        self._rest = b""

    def _records(self, data: bytes) -> list[bytes]:
        pieces = data.split(b"\n")
        if not self._quoted:
            return pieces
        # A line break inside quotes belongs to the entry: quotes are doubled, so an odd count is an open quote.
        records: list[bytes] = []
        open_pieces: list[bytes] = []
        is_open = False
        for piece in pieces:
            open_pieces.append(piece)
            is_open ^= piece.count(b'"') % 2 == 1
            if not is_open:
                records.append(b"\n".join(open_pieces))
                open_pieces = []
        return [*records, b"\n".join(open_pieces)] if open_pieces else records


def decode_json_line(record: bytes, *, any_zone: bool = False) -> LogLine:
    """One line of jsonlog; ValueError where it is none or, unless `any_zone`, its time zone is not UTC."""
    try:
        raw = _json.decode(record.decode(errors="replace"))
    except msgspec.MsgspecError as error:
        raise ValueError(f"not a line of jsonlog: {error}") from None
    return LogLine(
        wall_ns=parse_timestamp(raw.timestamp, any_zone=any_zone),
        pid=raw.pid,
        severity=raw.error_severity,
        message=raw.message,
        sqlstate=raw.state_code if raw.state_code != _SUCCESS else "",
        detail=raw.detail,
        context=raw.context,
        statement=raw.statement,
        position=raw.cursor_position,
        application_name=raw.application_name,
        user=raw.user,
        database=raw.dbname,
        backend_type=raw.backend_type,
        session=raw.session_id,
        vxid=raw.vxid,
        txid=raw.txid,
        ps=raw.ps,
    )


def decode_csv_line(record: bytes, *, any_zone: bool = False) -> LogLine:
    """One entry of csvlog, line breaks inside quotes included; ValueError where it is none."""
    try:
        rows = list(csv.reader(io.StringIO(record.decode(errors="replace"), newline=""), strict=True))
    except csv.Error as error:
        raise ValueError(f"not an entry of csvlog: {error}") from None
    if len(rows) != 1 or len(rows[0]) < _CSV_COLUMNS_MIN:
        raise ValueError("not an entry of csvlog: too few columns")
    row = rows[0]
    return LogLine(
        wall_ns=parse_timestamp(row[0], any_zone=any_zone),
        user=row[1],
        database=row[2],
        pid=int(row[3] or 0),
        session=row[5],
        ps=row[7],
        vxid=row[9],
        txid=int(row[10] or 0),
        severity=row[11],
        sqlstate=row[12] if row[12] != _SUCCESS else "",
        message=row[13],
        detail=row[14],
        context=row[18],
        statement=row[19],
        position=int(row[20] or 0),
        application_name=row[22],
        backend_type=row[_CSV_BACKEND_TYPE] if len(row) > _CSV_BACKEND_TYPE else "",
    )


def parse_timestamp(text: str, *, any_zone: bool = False) -> int:
    """Nanoseconds since 1970 of "2026-11-22 09:45:09.334 UTC"; ValueError for any other zone, unless `any_zone`.

    >>> parse_timestamp("1970-01-01 00:00:01.500 UTC")
    1500000000
    """
    moment, _, zone = text.rpartition(" ")
    if zone not in _UTC_NAMES and not any_zone:
        raise ValueError(f"the log's time zone is {zone!r}; log_timezone must be UTC")
    return (datetime.fromisoformat(moment).replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1) * 1000
