"""Facts of synthetic runs: state, quality, environment, deadlocks."""

import pytest

from harness.analysis.analyse import analyse
from harness.events.migration import ToolEnded
from harness.events.observation import (
    ObserverMeasured,
    ServerErrorLogged,
    StateSeen,
)
from harness.events.run import CloneMade, EngineChosen, PhaseStarted, QualityNoted, RunInterrupted, SnapshotReady
from harness.events.verification import DestroyedByUp, InvariantChecked
from harness.model.words import Direction, Pass, PhaseKind, Role
from tests.unit.analysis.histories import ALTER, MIGRATION_PID, MS, Builder, S, busy


def test_state_is_what_was_not_there_before() -> None:
    builder = Builder()
    for moment, invalid in (
        ("before", ("public.old",)),
        ("after_up", ("public.old", "public.i")),
        ("after_down", ("public.i",)),
    ):
        builder.add(
            StateSeen(
                at_ns=1, pass_=Pass.TRACE, moment=moment, invalid_indexes=invalid, unvalidated_constraints=(),
                unindexed_foreign_keys=(),
            )
        )  # fmt: skip
    builder.add(DestroyedByUp(at_ns=2, pass_=Pass.TRACE, items=("column public.orders.note",)))
    state = analyse(builder.history()).state
    assert state.invalid_indexes_after_up == ("public.i",)
    assert state.invalid_indexes_after_down == ("public.i",)
    assert state.destroyed_by_up == ("column public.orders.note",)


def test_quality_environment_and_the_rest() -> None:
    builder = busy().add(QualityNoted(at_ns=1, subject="x", message="m", inconclusive=False))
    builder.add(
        ObserverMeasured(
            at_ns=1, pass_=Pass.LOAD, polls=100, poll_ns_total=10 * MS, poll_ns_max=MS, interval_ns=10 * MS,
            gap_ns_max=3 * S, log_lines=5, log_complete=False,
        )
    )  # fmt: skip
    builder.add(
        EngineChosen(
            at_ns=0,
            requested="auto",
            engine="embedded",
            reason="r",
            description="d",
            version="18.4",
            version_num=180004,
        )
    )
    builder.add(
        SnapshotReady(at_ns=0, source="s", digest="d", cached=True, size_bytes=1, duration_ns=2, tables=3, rows=4)
    )
    builder.add(CloneMade(at_ns=0, pass_=Pass.LOAD, method="reflink", size_bytes=1, duration_ns=2))
    builder.add(RunInterrupted(at_ns=1, reason="Ctrl-C"))
    builder.add(InvariantChecked(at_ns=1, pass_=Pass.LOAD, name="i", moment="end", violations=0))
    builder.add(ToolEnded(at_ns=1, pass_=Pass.LOAD, direction=Direction.UP, command="x", exit_code=2, output=""))
    builder.add(PhaseStarted(at_ns=18 * S, pass_=Pass.LOAD, phase=PhaseKind.VERIFY))
    facts = analyse(builder.history())
    assert [note.subject for note in facts.quality] == ["x", "observer", "observer"]
    assert facts.environment is not None
    assert (facts.environment.clone_method, facts.environment.snapshot_rows) == ("reflink", 4)
    assert (facts.interrupted, facts.complete) == ("Ctrl-C", True)
    assert facts.observer_cost_ratio == pytest.approx(0.01)
    assert facts.up_failed_tool == "exit code 2"
    assert not facts.phases[-1].ok


def test_deadlocks_are_counted_once() -> None:
    builder = busy().statement("S1", ALTER, end=11_000)
    builder.wait(100, 10_100, 10_300, outcome="deadlock", holders=(MIGRATION_PID,), queue=(100,))
    builder.add(
        ServerErrorLogged(
            at_ns=10_301 * MS,
            pass_=Pass.LOAD,
            pid=100,
            role=Role.TRAFFIC,
            severity="ERROR",
            sqlstate="40P01",
            message="d",
        )
    )
    facts = analyse(builder.history())
    assert [(d.victim, d.role, d.statement) for d in facts.deadlocks] == [("actor 0", "traffic", "S1")]


def test_a_deadlock_of_the_migration_itself() -> None:
    facts = analyse(busy().statement("S1", ALTER, end=11_000, sqlstate="40P01").history())
    assert facts.deadlocks[0].role == "migration"
