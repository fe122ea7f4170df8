"""The way back: what it restored, what it lost, and what became of acknowledged writes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.analysis.facts import InvariantFacts, RollbackFacts, StateFacts
from harness.analysis.runs import Run
from harness.analysis.version_probe import versions_span
from harness.events.history import History
from harness.events.migration import StepEnded, StepStarted, ToolEnded
from harness.events.observation import StateSeen
from harness.events.verification import DestroyedByUp, InvariantChecked, LedgerChecked, RowsCompared, SchemaCompared
from harness.events.versions import StateReached
from harness.model.catalog import Change, Difference
from harness.model.spans import Span
from harness.model.words import Direction, Pass

LOSING_KINDS = frozenset({"column", "table"})
"""Kinds of object whose absence after the way back means that their data is gone."""


def rollback_of(history: History, *, runs: Sequence[Run], rollback: Span | None, paused_ns: int = 0) -> RollbackFacts:
    """The rollback's facts: quiet says what it restores, load what became of writes made meanwhile.

    `paused_ns` is what of its span the harness itself let it wait.
    """
    schema = {event.pass_: event.differences for event in history.of(SchemaCompared)}
    rows = {event.pass_: event for event in history.of(RowsCompared)}
    ledger = next((e for e in reversed(history.of(LedgerChecked))), None)
    differences = schema.get(Pass.TRACE, ())
    compared = rows.get(Pass.TRACE)
    changed = (
        tuple((t.relation, t.rows_before, t.rows_after) for t in compared.tables if not t.identical) if compared else ()
    )
    backwards = compared.sequences_backwards if compared else ()
    missing = dict(ledger.missing) if ledger else {}
    failure = _failure(history, runs)
    lost = tuple(_facts_lost(history))
    ran = did_go_down(history)
    result = _result(
        ran=ran,
        failed=bool(failure.seen_in),
        differences=(*differences, *schema.get(Pass.LOAD, ())),
        lost=bool(changed or backwards or missing or lost),
    )
    traced = _failure(history, runs, pass_=Pass.TRACE)
    return RollbackFacts(
        result=result,
        differences=differences,
        load_differences=schema.get(Pass.LOAD, ()),
        changed_tables=changed,
        tables_compared=len(compared.tables) if compared else 0,
        rows_compared=sum(table.rows_before for table in compared.tables) if compared else 0,
        sequences_backwards=backwards,
        duration_ns=rollback.duration_ns - paused_ns if rollback and ran else None,
        failed_statement=failure.statement,
        fails_in=failure.seen_in,
        failed_sqlstate=failure.sqlstate,
        failed_message=failure.message,
        facts_lost=lost,
        at_once=_result(
            ran=Pass.TRACE in schema or bool(traced.seen_in),
            failed=bool(traced.seen_in),
            differences=differences,
            lost=bool(changed or backwards),
        ),
        after_new_writes=_after_new_writes(history, runs, lost),
        ledger_acknowledged=ledger.acknowledged if ledger else None,
        ledger_kept=ledger.kept if ledger else None,
        ledger_missing=missing,
        ledger_not_followed=ledger.not_followed if ledger else (),
        schema_compared=ran and not failure.seen_in and Pass.TRACE in schema,
        verified=bool(
            ran and not failure.seen_in and Pass.TRACE in schema and compared is not None and not compared.error_note
        ),
    )


def loses_data(differences: Sequence[Difference]) -> bool:
    """Whether a table or a column that existed is gone."""
    return any(d.change is Change.MISSING and d.kind in LOSING_KINDS for d in differences)


def did_go_down(history: History) -> bool:
    """Whether a way back was started at all."""
    started = any(event.direction is Direction.DOWN for event in history.of(StepStarted))
    return started or any(event.direction is Direction.DOWN for event in history.of(ToolEnded))


def _result(*, ran: bool, failed: bool, differences: Sequence[Difference], lost: bool) -> str:
    if not ran:
        return "none"
    if failed:
        return "fails"
    if lost or loses_data(differences):
        return "data_loss"
    if any(d.change is not Change.MOVED for d in differences):
        return "schema_drift"
    return "column_order" if differences else "ok"


@dataclass(frozen=True, slots=True)
class _Failure:
    """The way back's first failure for good: statement, pass, SQLSTATE and message, "" where there was none."""

    statement: str = ""
    seen_in: str = ""
    sqlstate: str = ""
    message: str = ""


def _failure(history: History, runs: Sequence[Run], *, pass_: Pass | None = None) -> _Failure:
    """The down statement that failed for good, in a pass or in any; of probes only that of the versions goes back."""
    probed = versions_span(history)
    for step in history.of(StepEnded):
        if step.direction is not Direction.DOWN or not step.sqlstate or step.will_retry:
            continue
        if pass_ not in (None, step.pass_):
            continue
        if step.pass_ is Pass.PROBE and not (probed and probed.contains(step.at_ns)):
            continue
        failed = [r for r in runs if r.started.pass_ is step.pass_ and _failed_in(r, step)]
        ended = failed[-1].ended if failed else None
        return _Failure(
            failed[-1].started.statement if failed else "",
            step.pass_.value,
            step.sqlstate,
            ended.message if ended else "",
        )
    for tool in history.of(ToolEnded):
        if tool.direction is Direction.DOWN and tool.exit_code and pass_ in (None, tool.pass_):
            return _Failure(seen_in=tool.pass_.value)
    return _Failure()


def _after_new_writes(history: History, runs: Sequence[Run], lost: Sequence[tuple[str, int, str]]) -> str:
    """The way back of the versions probe, which goes it with rows of both versions written."""
    if _failure(history, runs, pass_=Pass.PROBE).seen_in:
        return "fails"
    if not any(event.name == "down" for event in history.of(StateReached)):
        return "none"
    return "data_loss" if any(seen_in == Pass.PROBE.value for _, _, seen_in in lost) else "ok"


def _facts_lost(history: History) -> Iterator[tuple[str, int, str]]:
    """Of each invariant of the way back the check with the most violations."""
    worst: dict[str, InvariantFacts] = {}
    for one in invariants_of(history):
        if one.of_rollback and (one.violations or 0) > (worst[one.name].violations or 0 if one.name in worst else 0):
            worst[one.name] = one
    for name, one in worst.items():
        yield name, one.violations or 0, one.seen_in.value


def _failed_in(run: Run, step: StepEnded) -> bool:
    mine = run.started.direction is Direction.DOWN and run.started.step == step.step
    return mine and run.ended is not None and bool(run.ended.sqlstate) and run.span.end_ns <= step.at_ns


def invariants_of(history: History) -> tuple[InvariantFacts, ...]:
    """Every check of an invariant, in order of time."""
    of_rollback = {spec.name for spec in history.info.scenario.invariant if spec.when == "rollback"}
    return tuple(
        InvariantFacts(
            name=e.name,
            moment=e.moment,
            violations=e.violations,
            sqlstate=e.sqlstate,
            seen_in=e.pass_,
            of_rollback=e.name in of_rollback,
        )
        for e in history.of(InvariantChecked)
    )


def state_of(history: History) -> StateFacts:
    """What stood there after going up and down and did not before, from any pass."""
    up, down = _appeared(history, "after_up"), _appeared(history, "after_down")
    destroyed = [item for event in history.of(DestroyedByUp) for item in event.items]
    return StateFacts(
        invalid_indexes_after_up=up[0],
        invalid_indexes_after_down=down[0],
        unvalidated_constraints_after_up=up[1],
        unindexed_foreign_keys_after_up=up[2],
        destroyed_by_up=tuple(dict.fromkeys(destroyed)),
        relation_bytes_before=_relation_bytes(history, "before"),
        relation_bytes_after_up=_relation_bytes(history, "after_up"),
    )


def _relation_bytes(history: History, moment: str) -> int | None:
    seen = (e for e in history.of(StateSeen) if e.pass_ is Pass.TRACE and e.moment == moment)
    return next((event.relation_bytes for event in seen), None)


def _appeared(history: History, moment: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    before: dict[Pass, StateSeen] = {}
    found: tuple[dict[str, None], dict[str, None], dict[str, None]] = ({}, {}, {})
    for event in history.of(StateSeen):
        if event.moment == "before":
            before[event.pass_] = event
        elif event.moment == moment:
            old = before.get(event.pass_)
            for seen, known, new in zip(_lists(event), _lists(old), found, strict=True):
                new.update(dict.fromkeys(name for name in seen if name not in known))
    return tuple(found[0]), tuple(found[1]), tuple(found[2])


def _lists(event: StateSeen | None) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    if event is None:
        return (), (), ()
    return event.invalid_indexes, event.unvalidated_constraints, event.unindexed_foreign_keys
