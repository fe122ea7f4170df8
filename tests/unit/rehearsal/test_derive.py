"""Derived operations among those written by hand, and as an event."""

from harness.events.codec import decode_events, encode_line
from harness.rehearsal.derive import _of_the_old_version, derives, told
from harness.spec.scenario import OperationSpec, TrafficSpec
from harness.workload.derived import Coverage, Derived, Uncovered

DERIVED = Derived(
    (OperationSpec(name="read t", sql="SELECT 1"),),
    12.0,
    Coverage("x", 100, 60, 1_000, 500, tuple(Uncovered(f"s{n}", n, n, "why") for n in range(80))),
    notes=("a note",),
)


def test_where_the_new_version_is_written_out_the_derived_is_the_old_one() -> None:
    new = OperationSpec(name="n", sql="SELECT 1", version="new")
    every = OperationSpec(name="e", sql="SELECT 1")
    assert [o.version for o in _of_the_old_version(DERIVED, TrafficSpec(operation=(new,))).operations] == ["old"]
    assert _of_the_old_version(DERIVED, TrafficSpec(operation=(every,))) is DERIVED


def test_the_event_keeps_what_weighs_most() -> None:
    event = told(DERIVED, source="auto", name="", realism=(), at_ns=5)
    assert (event.operations, event.rate, event.calls, event.covered_calls) == (1, 12.0, 100, 60)
    assert [one.statement for one in event.uncovered] == [f"s{n}" for n in range(79, 29, -1)]
    assert list(decode_events([encode_line(event)], path="x")) == [event]


def test_what_derives() -> None:
    assert not derives(TrafficSpec())
    assert all(map(derives, (TrafficSpec(auto=True), TrafficSpec(from_log="a"), TrafficSpec(from_statements="b"))))
