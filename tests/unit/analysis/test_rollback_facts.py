"""The way back as facts."""

import pytest

from harness.analysis.analyse import analyse
from harness.analysis.facts import StatementFacts
from harness.events.migration import StepEnded, StepStarted, ToolEnded
from harness.events.observation import (
    TableCount,
)
from harness.events.verification import InvariantChecked, LedgerChecked
from harness.events.versions import StateReached
from harness.model.catalog import Change, Difference
from harness.model.words import Direction, Pass
from harness.spec.scenario import InvariantSpec, Scenario
from tests.unit.analysis.histories import Builder, busy


def first(builder: Builder) -> StatementFacts:
    return analyse(builder.history()).statements[0]


class TestRollback:
    def moved(self) -> Difference:
        return Difference(kind="column", identity="public.orders.note", change=Change.MOVED, before="#3", after="#5")

    def test_everything_is_back(self) -> None:
        rollback = analyse(busy().history()).rollback
        assert (rollback.result, rollback.verified, rollback.rows_compared) == ("ok", True, 10_000)

    @pytest.mark.parametrize(
        ("change", "kind", "result"),
        [
            (Change.MOVED, "column", "column_order"),
            (Change.EXTRA, "index", "schema_drift"),
            (Change.CHANGED, "column", "schema_drift"),
            (Change.MISSING, "index", "schema_drift"),
            (Change.MISSING, "column", "data_loss"),
        ],
    )
    def test_differences_of_the_schema(self, change: Change, kind: str, result: str) -> None:
        difference = Difference(kind=kind, identity="public.orders.x", change=change)
        assert analyse(Builder().down(difference).history()).rollback.result == result

    @pytest.mark.parametrize("after", [None, 9_999, 10_000])
    def test_rows_that_are_not_what_they_were(self, after: int | None) -> None:
        counts = (TableCount(relation="public.orders", rows_before=10_000, rows_after=after, identical=False),)
        assert analyse(Builder().down(tables=counts).history()).rollback.result == "data_loss"

    def test_sequences_and_acknowledged_writes(self) -> None:
        assert analyse(Builder().down(sequences=("public.orders_id_seq",)).history()).rollback.result == "data_loss"
        ledger = LedgerChecked(
            at_ns=1,
            acknowledged=10,
            kept=7,
            missing={"public.orders": 3},
            not_followed=("public.x",),
            after_rollback=True,
        )
        rollback = analyse(Builder().down().add(ledger).history()).rollback
        assert (rollback.result, rollback.ledger_kept, rollback.ledger_not_followed) == ("data_loss", 7, ("public.x",))

    @pytest.mark.parametrize(("probed", "loaded", "after"), [(3, 27, "data_loss"), (3, 0, "data_loss"), (0, 27, "ok")])
    def test_facts_lost_after_new_writes_are_those_of_the_probe(self, probed: int, loaded: int, after: str) -> None:
        kept = InvariantSpec(name="kept", sql="SELECT 0", when="rollback")
        builder = Builder(Scenario(name="back", invariant=(kept,))).down()
        builder.add(StateReached(at_ns=1, pass_=Pass.PROBE, state=1, statements=(), name="down"))
        for pass_, violations in ((Pass.PROBE, probed), (Pass.LOAD, loaded)):
            builder.add(
                InvariantChecked(at_ns=2, pass_=pass_, name="kept", moment="after rollback", violations=violations)
            )
        rollback = analyse(builder.history()).rollback
        assert (rollback.after_new_writes, rollback.result) == (after, "data_loss")

    def test_a_failure_is_worst(self) -> None:
        builder = Builder().statement(
            "R1", "ALTER …", direction=Direction.DOWN, sqlstate="23502", start=15_000, end=15_100
        )
        rollback = analyse(builder.down(self.moved(), sqlstate="23502").history()).rollback
        assert (rollback.result, rollback.failed_statement, rollback.fails_in) == ("fails", "R1", "trace")
        assert not rollback.verified

    def test_a_tool_that_fails_going_down(self) -> None:
        tool = ToolEnded(at_ns=1, pass_=Pass.LOAD, direction=Direction.DOWN, command="x", exit_code=1, output="no")
        assert analyse(Builder().add(tool).history()).rollback.result == "fails"

    def test_not_run_is_none(self) -> None:
        assert analyse(Builder().history()).rollback.result == "none"

    def test_a_step_that_is_retried_has_not_failed(self) -> None:
        builder = Builder().add(StepStarted(at_ns=1, pass_=Pass.TRACE, direction=Direction.DOWN, step="a", attempt=1))
        builder.add(
            StepEnded(
                at_ns=2,
                pass_=Pass.TRACE,
                direction=Direction.DOWN,
                step="a",
                attempt=1,
                sqlstate="55P03",
                will_retry=True,
            )
        )
        assert analyse(builder.history()).rollback.fails_in == ""
