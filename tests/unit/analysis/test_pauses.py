"""What the harness makes the migration wait for an aimed antagonist is none of the migration's time."""

from typing import Any

from harness.analysis.analyse import analyse
from harness.analysis.budget_checks import migrating_ns
from harness.events.migration import MigrationPaused, StepEnded, StepStarted
from harness.events.traffic import AntagonistActed
from harness.model.spans import Span
from harness.model.words import Direction, Pass, PhaseKind
from harness.report.view.bars import statement_rows
from tests.unit.analysis.histories import ANTAGONIST_PID, MS, Builder, busy


def paused(direction: Direction, start: float, end: float, *, pass_: Pass = Pass.LOAD) -> MigrationPaused:
    return MigrationPaused(
        at_ns=round(end * MS), pass_=pass_, direction=direction, start_ns=round(start * MS), before=("S1",)
    )


def gone_down(builder: Builder) -> Builder:
    step: dict[str, Any] = {"at_ns": 0, "pass_": Pass.LOAD, "direction": Direction.DOWN, "step": "a", "attempt": 1}
    return builder.add(StepStarted(**step)).add(StepEnded(**step, sqlstate=""))


def test_phases_say_how_long_they_were_made_to_wait() -> None:
    plain = analyse(gone_down(busy()).history())
    up = next(p for p in plain.phases if p.phase is PhaseKind.MIGRATE)
    down = next(p for p in plain.phases if p.phase is PhaseKind.ROLLBACK)
    up_ms, down_ms = up.span.start_ns / MS, down.span.start_ns / MS
    builder = gone_down(busy()).add(paused(Direction.UP, up_ms, up_ms + 200))
    builder.add(paused(Direction.UP, up_ms, up_ms + 900, pass_=Pass.TRACE))
    builder.add(paused(Direction.DOWN, down_ms + 10, down_ms + 60))

    facts = analyse(builder.history())

    assert {p.phase: p.paused_ns // MS for p in facts.phases if p.paused_ns} == {
        PhaseKind.MIGRATE: 200,
        PhaseKind.ROLLBACK: 50,
    }
    assert migrating_ns(facts) == migrating_ns(plain) - 200 * MS
    assert plain.rollback.duration_ns is not None
    assert facts.rollback.duration_ns == plain.rollback.duration_ns - 50 * MS


def test_an_act_is_told_from_the_instant_it_was_in_place() -> None:
    act: dict[str, Any] = {"kind": "pg_dump", "table": "orders", "pid": ANTAGONIST_PID}
    act |= {"start_ns": 9_000 * MS, "end_ns": 11_000 * MS}
    builder = busy().add(
        AntagonistActed(
            at_ns=11_000 * MS, in_place_ns=9_400 * MS, placement="aimed", aimed_at="S1", detail="one table", **act
        )
    )
    builder.add(AntagonistActed(at_ns=11_000 * MS, sqlstate="55P03", **act))

    facts = analyse(builder.history())

    in_place, failed = facts.antagonists
    assert (in_place.span, in_place.aimed_at) == (Span(9_400 * MS, 11_000 * MS), "S1")
    assert (failed.span, failed.sqlstate) == (Span(9_000 * MS, 11_000 * MS), "55P03")
    rows, _ = statement_rows(facts, Span(0, 20_000 * MS))
    assert [bar.tip for bar in rows[0].bars] == [
        f"pg_dump orders (pid {ANTAGONIST_PID}) 1,600 ms, one table, before S1",
        f"pg_dump orders (pid {ANTAGONIST_PID}) 2,000 ms, failed (55P03)",
    ]
