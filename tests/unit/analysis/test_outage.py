"""Outages: due and unfinished, and nobody answered."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis.latency import responses_of
from harness.analysis.outage import gaps_of, longest
from harness.events.operations import OPERATION_DTYPE, OperationRecords, Outcome
from harness.model.spans import Span

MS = 1_000_000
WINDOW = Span(0, 100_000 * MS)


def records(*operations: tuple[int, int] | tuple[int, int, str]) -> OperationRecords:
    rows = np.zeros(len(operations), dtype=OPERATION_DTYPE)
    for row, operation in zip(rows, operations, strict=True):
        row["due_ns"], row["start_ns"], row["end_ns"] = operation[0] * MS, operation[0] * MS, operation[1] * MS
        if len(operation) == 3:
            row["outcome"], row["sqlstate"] = Outcome.ERROR, operation[2].encode()
    return rows


def outage(*operations: tuple[int, int] | tuple[int, int, str]) -> int:
    found = longest(gaps_of(responses_of(records(*operations), expected={})), WINDOW)
    return found.duration_ns // MS if found else 0


def test_a_low_rate_is_no_outage() -> None:
    assert outage((0, 1), (5000, 5001), (9000, 9600)) == 0


def test_the_time_from_the_last_answer_to_the_next_while_operations_wait() -> None:
    assert outage((0, 1), (10, 1500), (20, 1501), (30, 1502)) == 1490


def test_the_last_answer_counts_where_the_oldest_is_older() -> None:
    assert outage((0, 1000), (10, 400), (20, 1000)) == 600


def test_one_slow_operation_alone_is_its_own_latency() -> None:
    assert outage((0, 300), (400, 700)) == 0
    assert outage((0, 300), (100, 301)) == 300


def test_a_timeout_ends_an_operation_and_not_the_outage() -> None:
    assert outage((0, 100, "57014"), (50, 150, "57014"), (120, 220, "57014"), (200, 300)) == 300


def test_an_error_that_the_server_answers_is_an_answer() -> None:
    assert outage((0, 100, "42703"), (50, 300), (60, 301)) == 200


def test_nothing_due_is_nothing() -> None:
    assert outage() == 0
    assert longest(gaps_of(responses_of(records((0, 5)), expected={})), None) is None


def test_outside_the_window_is_nothing() -> None:
    gaps = gaps_of(responses_of(records((0, 500), (1, 501)), expected={}))
    assert longest(gaps, Span(600 * MS, 900 * MS)) is None
    assert longest(gaps, Span(100 * MS, 300 * MS)) == Span(100 * MS, 300 * MS)


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(1, 60)), min_size=1, max_size=30))
def test_agrees_with_a_walk_over_every_millisecond(operations: list[tuple[int, int]]) -> None:
    spans = [(due, due + length) for due, length in operations]
    ends = {end for _, end in spans}
    worst = run = 0
    for at in range(400):
        if at in ends:
            several = sum(due < at and end > at - run for due, end in spans) >= 2
            worst, run = max(worst, run if several else 0), 0
        run = run + 1 if any(due <= at < end for due, end in spans) else 0
    assert outage(*spans) == worst
