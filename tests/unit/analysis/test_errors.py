"""Errors by who felt them, and the parts of the response time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis.analyse import analyse
from harness.analysis.errors import by_state
from harness.analysis.facts import ErrorFacts, Facts
from harness.analysis.latency import latency_of, responses_of
from harness.events.operations import OPERATION_DTYPE, Outcome
from harness.events.traffic import OperationFailed, OperationMissed
from tests.unit.analysis.histories import MS, Builder, busy


def only(facts: Facts, state: str) -> ErrorFacts:
    (found,) = [one for one in facts.errors if one.sqlstate == state]
    return found


def retried(builder: Builder, count: int, *, state: str = "40001", outcome: Outcome = Outcome.OK) -> Builder:
    for at in range(count):
        builder.one(10_500 + at, 10_530 + at, attempts=2, sqlstate=state, outcome=outcome)
    return builder


class TestWhoFeltThem:
    def test_a_retry_that_succeeds_absorbs_its_error(self) -> None:
        facts = analyse(retried(busy(), 7).history())
        found = only(facts, "40001")
        assert (found.seen, found.absorbed, found.expected, found.error_class) == (0, 7, 0, "serialization")
        assert facts.operations[0].failed == {}
        assert (facts.operations[0].absorbed, facts.operations[0].retried) == ({"40001": 7}, 7)
        assert facts.traffic is not None
        assert (facts.traffic.retried, facts.traffic.absorbed, facts.traffic.failed) == (7, 7, 0)

    def test_a_retry_that_fails_for_good_was_seen(self) -> None:
        facts = analyse(retried(retried(busy(), 3), 2, outcome=Outcome.ERROR).history())
        found = only(facts, "40001")
        assert (found.seen, found.absorbed, found.seen_in) == (2, 3, {"migrate": 2})
        assert (facts.operations[0].retried, facts.operations[0].failed) == (5, {"40001": 2})

    def test_a_second_execution_without_an_error_absorbed_nothing(self) -> None:
        facts = analyse(retried(busy(), 3, state="").history())
        assert facts.errors == ()
        assert facts.operations[0].retried == 3

    def test_expected_errors_stand_apart_and_phases_are_told(self) -> None:
        builder = busy().operation(1, "pay", expected=("23505",))
        for at in (5_000, 10_500, 13_000, 15_500, 17_000):
            builder.one(at, at + 1, operation=1, outcome=Outcome.ERROR, sqlstate="42703")
        builder.one(11_000, 11_001, operation=1, outcome=Outcome.ERROR, sqlstate="23505")
        builder.add(OperationFailed(at_ns=1, operation=1, statement=0, sqlstate="42703", message="no column"))
        facts = analyse(builder.history())
        seen, expected = only(facts, "42703"), only(facts, "23505")
        assert seen.seen_in == {"baseline": 1, "migrate": 1, "settle": 1, "rollback": 2}
        assert (seen.seen, seen.message, seen.first_ns) == (5, "no column", 5_001 * MS)
        assert (expected.seen, expected.expected, expected.error_class) == (0, 1, "constraint")
        assert facts.errors[0] is seen  # what users saw comes first

    def test_operations_that_nobody_served_have_states_of_our_own(self) -> None:
        builder = busy().one(10_500, 15_500, outcome=Outcome.POOL_TIMEOUT, checkout=-1, start=-1, sqlstate="POOLT")
        builder.one(10_500, 10_501, outcome=Outcome.POOL_TIMEOUT, checkout=-1, start=-1, sqlstate="POOLF")
        builder.one(10_500, 18_000, outcome=Outcome.ABANDONED)
        builder.one(10_500, 10_501, outcome=Outcome.ERROR)
        found = {one.sqlstate: one.error_class for one in analyse(builder.history()).errors}
        assert found == {"POOLT": "capacity", "POOLF": "capacity", "ABAND": "timeout", "XX000": "other"}

    @given(st.lists(st.tuples(st.sampled_from(list(Outcome)), st.sampled_from([b"", b"40001", b"42P01"])), max_size=40))
    def test_every_row_has_one_state(self, kinds: list[tuple[Outcome, bytes]]) -> None:
        rows = np.zeros(len(kinds), dtype=OPERATION_DTYPE)
        rows["outcome"], rows["sqlstate"] = [k for k, _ in kinds], [state for _, state in kinds]
        found = list(by_state(responses_of(rows, expected={}), np.arange(len(rows))))
        assert len({state for state, _ in found}) == len(found)
        assert sorted(row for _, mine in found for row in mine.tolist()) == list(range(len(rows)))


class TestParts:
    def test_response_pool_wait_and_service_are_told_apart(self) -> None:
        rows = np.zeros(3, dtype=OPERATION_DTYPE)
        rows["due_ns"] = 100 * MS
        rows["checkout_ns"] = [100 * MS, 600 * MS, 0]
        rows["start_ns"] = [101 * MS, 601 * MS, 0]
        rows["end_ns"] = [111 * MS, 611 * MS, 1_100 * MS]
        rows["outcome"] = [Outcome.OK, Outcome.OK, Outcome.POOL_TIMEOUT]
        found = latency_of(responses_of(rows, expected={}), np.arange(3))
        assert (found.p50_ns, found.max_ns, found.failed) == (511 * MS, 1_000 * MS, 1)
        assert found.pool_wait is not None
        assert found.service is not None
        # Who got no connection waited to its end; who was never sent has no service time.
        assert (found.pool_wait.count, found.pool_wait.p50_ns, found.pool_wait.max_ns) == (3, 500 * MS, 1_000 * MS)
        assert (found.service.count, found.service.max_ns) == (2, 10 * MS)

    def test_of_nothing_are_nothing(self) -> None:
        rows = np.zeros(0, dtype=OPERATION_DTYPE)
        found = latency_of(responses_of(rows, expected={}), np.arange(0))
        assert (found.count, found.pool_wait, found.service) == (0, None, None)

    def test_a_stall_is_in_the_response_and_not_in_the_service(self) -> None:
        """One operation stands in the server's queue, the others in the pool's: the closed-loop figure sees one."""
        builder = busy()
        builder.one(10_000, 11_000)
        for at in range(10_001, 11_000):
            builder.one(at, 11_000.4, checkout=11_000, start=11_000)
        traffic = analyse(builder.history()).traffic
        assert traffic is not None
        assert (traffic.migrate.p99_ns or 0) > 900 * MS
        assert traffic.migrate.service is not None
        assert traffic.migrate.pool_wait is not None
        assert (traffic.migrate.service.p99_ns or 0) <= MS
        assert (traffic.migrate.pool_wait.p99_ns or 0) > 900 * MS
        assert traffic.slow == pytest.approx(990, abs=2)
        assert traffic.slow_from_ns == 10 * MS


def test_parameters_that_met_no_row_are_counted() -> None:
    builder = busy().add(OperationMissed(at_ns=1, operation=0, executions=3_600, misses=400))
    view = analyse(builder.history()).operations[0]
    assert (view.executions, view.misses) == (3_600, 400)
