"""Log entries survive writing and reading, in any pieces."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from harness.postgres.log_lines import LogDecoder, LogLine

_TEXT = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=60)
_TEXT_OR_QUOTED = _TEXT | st.text('",\n\r\\ab', max_size=20)
_LINES = st.builds(
    LogLine,
    wall_ns=st.integers(0, 4_000_000_000_000).map(lambda ms: ms * 1_000_000),
    pid=st.integers(1, 4_194_304),
    severity=st.sampled_from(["LOG", "ERROR", "FATAL", "PANIC", "WARNING"]),
    message=_TEXT_OR_QUOTED,
    sqlstate=st.sampled_from(["", "55P03", "42703"]),
    detail=_TEXT_OR_QUOTED,
    context=_TEXT_OR_QUOTED,
    statement=_TEXT_OR_QUOTED,
    position=st.integers(0, 1000),
    application_name=_TEXT_OR_QUOTED,
    user=_TEXT,
    database=_TEXT,
    backend_type=st.sampled_from(["client backend", "autovacuum worker"]),
    session=st.just("6b02b9a5.4d9a"),
    vxid=st.sampled_from(["", "3/12"]),
    txid=st.integers(0, 2**32 - 1),
    ps=st.sampled_from(["ALTER TABLE", "idle"]),
)


def _timestamp(line: LogLine) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=line.wall_ns // 1_000_000)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d} UTC"


def as_json(line: LogLine) -> bytes:
    fields = {
        "timestamp": _timestamp(line), "user": line.user, "dbname": line.database, "pid": line.pid,
        "remote_host": "127.0.0.1", "remote_port": 5, "session_id": line.session, "line_num": 1, "ps": line.ps,
        "vxid": line.vxid, "txid": line.txid, "error_severity": line.severity, "state_code": line.sqlstate,
        "message": line.message, "detail": line.detail, "context": line.context, "statement": line.statement,
        "cursor_position": line.position, "application_name": line.application_name,
        "backend_type": line.backend_type, "query_id": 0,
    }  # fmt: skip
    present = {name: value for name, value in fields.items() if value != ""}
    return json.dumps(present, ensure_ascii=False).encode() + b"\n"


def as_csv(line: LogLine) -> bytes:
    row = [
        _timestamp(line), line.user, line.database, line.pid, "127.0.0.1:5", line.session, 1, line.ps,
        "2026-11-22 09:44:55 UTC", line.vxid, line.txid, line.severity, line.sqlstate or "00000", line.message,
        line.detail, "", "", "", line.context, line.statement, line.position or "", "", line.application_name,
        line.backend_type, "", 0,
    ]  # fmt: skip
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL).writerow(row)
    return out.getvalue().encode()


def decode_in_pieces(form: str, data: bytes, cuts: list[int]) -> tuple[list[LogLine], int]:
    decoder = LogDecoder(form)
    edges = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    found = [line for start, end in pairwise(edges) for line in decoder.feed(data[start:end])]
    assert decoder.lines == len(found)
    return found, decoder.undecodable


@given(lines=st.lists(_LINES, max_size=5), cuts=st.lists(st.integers(0, 3000), max_size=8))
def test_jsonlog_survives_any_cut(lines: list[LogLine], cuts: list[int]) -> None:
    assert decode_in_pieces("jsonlog", b"".join(map(as_json, lines)), cuts) == (lines, 0)


@given(lines=st.lists(_LINES, max_size=5), cuts=st.lists(st.integers(0, 3000), max_size=8))
def test_csvlog_survives_any_cut(lines: list[LogLine], cuts: list[int]) -> None:
    assert decode_in_pieces("csvlog", b"".join(map(as_csv, lines)), cuts) == (lines, 0)


@given(lines=st.lists(_LINES, min_size=1, max_size=3), data=st.data())
def test_a_cut_off_last_entry_is_kept_for_later(lines: list[LogLine], data: st.DataObject) -> None:
    for form, write in (("jsonlog", as_json), ("csvlog", as_csv)):
        whole = b"".join(map(write, lines))
        lost = data.draw(st.integers(1, len(write(lines[-1]))))
        decoder = LogDecoder(form)
        assert decoder.feed(whole[:-lost]) == lines[:-1]
        assert decoder.feed(whole[-lost:]) == lines[-1:]
        assert decoder.undecodable == 0


@given(st.binary(max_size=200))
def test_any_bytes_are_an_entry_or_counted(data: bytes) -> None:
    for form in ("jsonlog", "csvlog"):
        decoder = LogDecoder(form)
        found = decoder.feed(data + b'\n"\n')
        assert len(found) == decoder.lines
