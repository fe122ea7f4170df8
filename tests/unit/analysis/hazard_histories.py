"""Histories in which a rule has something to find, each as small as can be, and what a judgement of one has found."""

from typing import Any

from harness.analysis.analyse import analyse
from harness.analysis.judge import judge
from harness.analysis.judgement import Finding, Judgement
from harness.events.migration import StepEnded
from harness.events.observation import StateSeen
from harness.events.operations import Outcome
from harness.events.traffic import OperationFailed
from harness.events.verification import InvariantChecked
from harness.events.versions import (
    CallError,
    ChangeSeen,
    OperationProbed,
    OtherShape,
    PlanCompared,
    SessionCompared,
    SettingChanged,
    StateReached,
)
from harness.model.catalog import Change, Difference
from harness.model.words import Direction, Pass, PhaseKind, Role
from tests.unit.analysis.histories import ANTAGONIST_PID, MIGRATION_PID, MS, Builder, busy

ALTER = "ALTER TABLE orders ADD COLUMN status text"
AE = ("public.orders", "AccessExclusiveLock")
SHARE = ("public.orders", "ShareLock")
SUE = ("public.orders", "ShareUpdateExclusiveLock")


def judged(builder: Builder) -> Judgement:
    history = builder.history()
    return judge(analyse(history), history.info.scenario)


def found(builder: Builder, word: str) -> list[Finding]:
    return [finding for finding in judged(builder).findings if finding.hazard.name == word]


def s1(
    sql: str = ALTER, *, locks: tuple[tuple[str, str], ...] = (AE,), work: dict[str, Any] | None = None, **more: Any
) -> Builder:
    builder = busy().statement("S1", sql, **{"lock_timeout_ms": 200, **more}).locks("S1", *locks)
    return builder.work("S1", **work) if work is not None else builder


def queued(**more: Any) -> Builder:
    builder = s1(end=11_503, **more)
    builder.wait(
        MIGRATION_PID, 10_000, 11_500, role=Role.MIGRATION, mode="AccessExclusiveLock", holders=(ANTAGONIST_PID,),
        queue=(MIGRATION_PID,),
    )  # fmt: skip
    return builder.wait(100, 10_010, 11_503, holders=(ANTAGONIST_PID,), queue=(MIGRATION_PID, 100))


def failing(state: str, *, at: float = 13_000, version: str = "", message: str = "", new: bool = False) -> Builder:
    builder = s1().operation(1, "pay", version="new" if new else version, writes=("public.orders",))
    builder.run(at, at + 50, operation=1, outcome=Outcome.ERROR, sqlstate=state)
    return builder.add(OperationFailed(at_ns=1, operation=1, statement=0, sqlstate=state, message=message))


def state(*, up: tuple[str, ...] = (), down: tuple[str, ...] = (), keys: tuple[str, ...] = ()) -> Builder:
    builder = s1(
        "CREATE INDEX CONCURRENTLY i ON orders (a)", locks=(SUE,), autocommit=True, tag="CREATE INDEX CONCURRENTLY"
    )
    for moment, invalid, fks in (("before", (), ()), ("after_up", up, keys), ("after_down", down, ())):
        builder.add(
            StateSeen(
                at_ns=1, pass_=Pass.TRACE, moment=moment, invalid_indexes=invalid, unvalidated_constraints=(),
                unindexed_foreign_keys=fks,
            )
        )  # fmt: skip
    return builder


def grown(size: int) -> Builder:
    builder = s1()
    for moment, more in (("before", 0), ("after_up", size)):
        builder.add(
            StateSeen(
                at_ns=1, pass_=Pass.TRACE, moment=moment, invalid_indexes=(), unvalidated_constraints=(),
                unindexed_foreign_keys=(), relation_bytes=5 * 1024**2 + more,
            )
        )  # fmt: skip
    return builder


def backfill(rows: int = 6000, **more: Any) -> Builder:
    sql = more.pop("sql", "UPDATE orders SET a = 1")
    values = {"locks": (("public.orders", "RowExclusiveLock"),), "tag": "UPDATE", **more}
    return s1(sql, work={"rows_updated": rows, "rows_scanned": 10_000}, **values)


def invariant(*violations: tuple[str, int | None]) -> Builder:
    builder = s1()
    for moment, count in violations:
        builder.add(
            InvariantChecked(at_ns=1, pass_=Pass.LOAD, name="sums", moment=moment, violations=count, sqlstate="")
        )
    return builder


def probed(*states: tuple[str, dict[str, int]], version: str = "") -> Builder:
    """Operation 1 three times against each state: its name, and the errors by SQLSTATE."""
    builder = s1().operation(1, "pay", version=version, writes=("public.orders",))
    builder.phase(PhaseKind.VERSIONS, 1, 2, pass_=Pass.PROBE)
    for number, (name, errors) in enumerate(states):
        made = ("S1",) if number else ()
        builder.add(StateReached(at_ns=MS, pass_=Pass.PROBE, state=number, statements=made, name=name))
        builder.add(
            OperationProbed(
                at_ns=MS, pass_=Pass.PROBE, state=number, operation="pay", version=version, executions=3,
                errors=tuple(CallError(sqlstate=s, count=n, statement=0, message="") for s, n in errors.items()),
            )
        )  # fmt: skip
    return builder


def quiet(*, sql: str, before: int = 0, after_up: int = 0, end: int = 3) -> Builder:
    builder = s1(sql)
    for pass_, moment, count in (
        (Pass.TRACE, "before", before), (Pass.TRACE, "after_up", after_up), (Pass.PROBE, "end", end)
    ):  # fmt: skip
        builder.add(InvariantChecked(at_ns=1, pass_=pass_, name="sums", moment=moment, violations=count))
    return builder


def planned(before: float, after: float) -> Builder:
    builder = probed(("before", {}), ("up", {}))
    return builder.add(
        PlanCompared(
            at_ns=1, pass_=Pass.PROBE, operation="pay", version="", statement=0, sql="SELECT 1", cost_before=before,
            cost_after=after, plan_before=("Index Scan",), plan_after=("Seq Scan",),
        )
    )  # fmt: skip


def own_session(sqlstate: str) -> Builder:
    changed = (SettingChanged(name="search_path", before='"$user", public', after=""),)
    return s1("SET search_path = ''", tag="SET").add(
        SessionCompared(at_ns=1, pass_=Pass.TRACE, changed=changed, table="schema_migrations", sqlstate=sqlstate)
    )


def effect(
    *, changed: bool | None, shapes: tuple[OtherShape, ...] = (), left_open: bool = False, sql: str = ALTER
) -> Builder:
    builder = s1(sql).add(
        StepEnded(
            at_ns=1, pass_=Pass.TRACE, direction=Direction.UP, step="0042", attempt=1, sqlstate="", left_open=left_open
        )
    )
    return builder.add(ChangeSeen(at_ns=1, pass_=Pass.TRACE, changed=changed, other_shapes=shapes))


def went_down(*differences: Difference, **more: Any) -> Builder:
    return Builder().statement("S1", ALTER, lock_timeout_ms=200, passes=(Pass.TRACE,)).down(*differences, **more)


def differing(change: Change, kind: str = "column") -> Difference:
    return Difference(kind=kind, identity="public.orders.note", change=change, before="text", after="varchar")
