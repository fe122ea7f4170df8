"""The journal's lines: whole ones come back as they were, a cut one is left out, a wrong one is named."""

import pytest

from harness.events.codec import SCHEMA_VERSION, Header, decode_events, decode_header, encode_line
from harness.events.operations import OPERATION_DTYPE, Outcome, decode_records, empty_records
from harness.events.run import MixChanged, PhaseStarted, RunEnded
from harness.model.errors import JournalError
from harness.model.words import Pass, PhaseKind

EVENTS = [
    PhaseStarted(at_ns=1, pass_=Pass.LOAD, phase=PhaseKind.BASELINE),
    MixChanged(at_ns=2, shares={"old": 0.5, "new": 0.5}),
    RunEnded(at_ns=3, complete=True),
]


def test_events_come_back_as_they_were() -> None:
    assert list(decode_events([encode_line(event) for event in EVENTS], path="x")) == EVENTS


def test_a_cut_last_line_is_left_out() -> None:
    lines = [encode_line(event) for event in EVENTS]
    assert list(decode_events([*lines[:2], lines[2][:10]], path="x")) == EVENTS[:2]


def test_a_damaged_line_is_named() -> None:
    with pytest.raises(JournalError, match=r"events\.ndjson: line 3"):
        list(decode_events([encode_line(EVENTS[0]), b'{"event":"nonsense"}\n'], path="events.ndjson"))


def test_a_newer_format_is_refused() -> None:
    newer = Header(schema_version="2.0", run_id="r", tool="9.9")
    with pytest.raises(JournalError, match=r"written in format 2\.0"):
        decode_header(encode_line(newer), path="x")
    with pytest.raises(JournalError, match="not the header"):
        decode_header(b"{}\n", path="x")
    ours = Header(schema_version=SCHEMA_VERSION, run_id="r", tool="0.1.0")
    assert decode_header(encode_line(ours), path="x") == ours


def test_records_are_48_bytes_and_a_cut_one_is_left_out() -> None:
    assert OPERATION_DTYPE.itemsize == 48
    records = empty_records()
    assert len(records) == 0
    assert len(decode_records(bytes(48 * 3 + 17))) == 3
    assert [outcome.value for outcome in Outcome] == [0, 1, 2, 3]
