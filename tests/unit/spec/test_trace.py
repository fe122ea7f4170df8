"""Recorded arrivals: read in whatever shape they come, repeated without a seam, each told where it is wrong."""

from pathlib import Path

import numpy as np
import pytest

from harness.model.errors import SpecError
from harness.model.units import NS_PER_MS, NS_PER_S
from harness.spec.load import load_scenario
from harness.spec.schedule import DRAWN, Trace, TraceSchedule, due_between, load_trace

NAMES = ["view", "pay, then ship"]


def read(tmp_path: Path, text: str, names: list[str] | None = NAMES) -> Trace:
    file = tmp_path / "trace.csv"
    file.write_text(text, encoding="utf-8")
    return load_trace(file, operations=names)


@pytest.mark.parametrize(
    "text",
    [
        "seconds,operation\n10.5,view\n10.0,\n12.0,view\n",
        "10\n10.5,view\n12,view",
        "\ufefft\toperation\r\n12\tview\r\n\r\n10.5\tview\r\n10\t\r\n",
        'seconds,operation\n10,""\n10.5,"view"\n12, view\n',
    ],
)
def test_header_order_separator_and_origin_do_not_matter(tmp_path: Path, text: str) -> None:
    trace = read(tmp_path, text)
    assert trace.at_ns.tolist() == [0, 500 * NS_PER_MS, 2 * NS_PER_S]
    assert trace.named.tolist() == [DRAWN, 0, 0]
    assert trace.period_ns == 3 * NS_PER_S  # the mean distance of two is one second
    assert trace.rate == 1
    assert [part for part, count in enumerate(trace.counts) if count] == [0, 166, 666]


def test_a_name_with_a_comma_is_quoted_and_names_may_stay_unresolved(tmp_path: Path) -> None:
    text = '0,"pay, then ship"\n1,view\n'
    assert read(tmp_path, text).named.tolist() == [1, 0]
    assert read(tmp_path, text, None).named.tolist() == [DRAWN, DRAWN]


@pytest.mark.parametrize(
    ("text", "key", "message", "hint"),
    [
        ("", "", "two instants", "one line per arrival"),
        ("1\n1\n", "", "two instants", ""),
        ("seconds\n1\nsoon\n", "line 3", "'soon' is not a time", "12.345"),
        ("1\n2\nnan\n", "line 3", "'nan' is not a time", ""),
        ("1,view,x\n", "line 1", "has 3 columns", "operation's name"),
        ("1,veiw\n2\n", "line 1", "no operation 'veiw'", "did you mean 'view'?"),
        ("1,zzz\n2\n", "line 1", "no operation 'zzz'", "the operations are: view"),
        ("0\n1700000000000\n", "", "lasts 1.7e+12 s", "in seconds"),
        ("0\n0.0000000001\n", "", "lasts 1e-10 s", "in seconds"),
    ],
)
def test_a_mistake_names_the_line(tmp_path: Path, text: str, key: str, message: str, hint: str) -> None:
    with pytest.raises(SpecError) as caught:
        read(tmp_path, text)
    assert (caught.value.key or "") == key
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert "trace.csv" in str(caught.value)


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "trace.csv").write_bytes(b"\xff\xfe1")
    with pytest.raises(SpecError, match="cannot be read"):
        load_trace(tmp_path / "trace.csv", operations=None)


def test_a_trace_repeats_itself_without_a_seam(tmp_path: Path) -> None:
    trace = read(tmp_path, "0\n0.5\n2\n")
    due = due_between(TraceSchedule(trace, seed=1), NS_PER_S, 9 * NS_PER_S)
    assert (due / NS_PER_S).tolist() == [2, 3, 3.5, 5, 6, 6.5, 8]


def test_processes_share_a_trace_and_keep_names_and_draws(tmp_path: Path) -> None:
    trace = read(tmp_path, "0,view\n1\n3,view\n")
    whole = TraceSchedule(trace, seed=1).next_block()
    parts = [TraceSchedule(trace, seed=1, part=part, parts=3).next_block() for part in range(3)]
    assert whole is not None
    assert whole.named is not None
    for part, block in enumerate(parts):
        assert block is not None
        assert block.named is not None
        assert np.array_equal(block.due_ns, whole.due_ns[part::3])
        assert np.array_equal(block.version_draw, whole.version_draw[part::3])
        assert np.array_equal(block.named, whole.named[part::3])


def test_a_recorded_rate_cannot_change(tmp_path: Path) -> None:
    schedule = TraceSchedule(read(tmp_path, "0\n1\n"), seed=1)
    with pytest.raises(ValueError, match="keep their rate"):
        schedule.change_rate(5, 3.0, left=0)


def test_a_scenario_whose_trace_names_an_unknown_operation_does_not_load(tmp_path: Path) -> None:
    (tmp_path / "up.sql").touch()
    (tmp_path / "trace.csv").write_text("0,view\n1,pay\n")
    text = '[migration]\nup = "up.sql"\n[traffic]\narrival = "trace"\ntrace = "trace.csv"\n'
    (tmp_path / "scenario.toml").write_text(text + '[[traffic.operation]]\nname = "view"\nsql = "SELECT 1"\n')
    with pytest.raises(SpecError, match=r"trace\.csv: line 2: there is no operation 'pay'"):
        load_scenario(tmp_path)
