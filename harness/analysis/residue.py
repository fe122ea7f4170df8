"""The way back: what it restored, what it lost, and what became of acknowledged writes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.analysis.facts import InvariantFacts, RollbackFacts, StateFacts
from harness.analysis.runs import Run
from harness.analysis.version_probe import versions_span
from harness.events.history import History
from harness.events.migration import StepEnded, StepStarted, ToolEnded
from harness.events.observation import StateSeen, TableCount
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
    residue = _residue(history)
    ledger = next((e for e in reversed(history.of(LedgerChecked))), None)
    missing = dict(ledger.missing) if ledger else {}
    failure, traced = _failure(history, runs), _failure(history, runs, pass_=Pass.TRACE)
    lost = tuple(_facts_lost(history))
    ran = did_go_down(history)
    compared = ran and not failure.seen_in and residue.quiet is not None
    return RollbackFacts(
        result=_result(
            ran=ran,
            failed=bool(failure.seen_in),
            differences=(*residue.differences, *residue.loaded),
            lost=bool(residue.loses_rows or missing or lost),
        ),
        differences=residue.differences,
        load_differences=residue.loaded,
        changed_tables=residue.changed,
        tables_compared=len(residue.tables),
        rows_compared=sum(table.rows_before for table in residue.tables),
        sequences_backwards=residue.backwards,
        duration_ns=rollback.duration_ns - paused_ns if rollback and ran else None,
        failed_statement=failure.statement,
        fails_in=failure.seen_in,
        failed_sqlstate=failure.sqlstate,
        failed_message=failure.message,
        facts_lost=lost,
        at_once=_result(
            ran=residue.quiet is not None or bool(traced.seen_in),
            failed=bool(traced.seen_in),
            differences=residue.differences,
            lost=residue.loses_rows,
        ),
        after_new_writes=_after_new_writes(history, runs),
        ledger_acknowledged=ledger.acknowledged if ledger else None,
        ledger_kept=ledger.kept if ledger else None,
        ledger_missing=missing,
        ledger_not_followed=ledger.not_followed if ledger else (),
        schema_compared=compared,
        verified=compared and residue.rows is not None and not residue.rows.error_note,
    )


@dataclass(frozen=True, slots=True)
class _Residue:
    """What is not as it was: the schema after the quiet pass, None where not compared, and after load; quiet rows."""

    quiet: tuple[Difference, ...] | None
    loaded: tuple[Difference, ...]
    rows: RowsCompared | None

    @property
    def differences(self) -> tuple[Difference, ...]:
        """Of the schema, after the quiet pass."""
        return self.quiet or ()

    @property
    def tables(self) -> tuple[TableCount, ...]:
        """The tables whose rows were compared."""
        return self.rows.tables if self.rows else ()

    @property
    def changed(self) -> tuple[tuple[str, int, int | None], ...]:
        """Tables with other rows, and how many they were before and are now."""
        return tuple((t.relation, t.rows_before, t.rows_after) for t in self.tables if not t.identical)

    @property
    def backwards(self) -> tuple[str, ...]:
        """Sequences that would give a number again."""
        return self.rows.sequences_backwards if self.rows else ()

    @property
    def loses_rows(self) -> bool:
        """Whether rows or numbers are not as before."""
        return bool(self.changed or self.backwards)


def _residue(history: History) -> _Residue:
    schema = {event.pass_: event.differences for event in history.of(SchemaCompared)}
    rows = {event.pass_: event for event in history.of(RowsCompared)}
    return _Residue(schema.get(Pass.TRACE), schema.get(Pass.LOAD, ()), rows.get(Pass.TRACE))


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


def _after_new_writes(history: History, runs: Sequence[Run]) -> str:
    """The way back of the versions probe, which goes it with rows of both versions written."""
    if _failure(history, runs, pass_=Pass.PROBE).seen_in:
        return "fails"
    if not any(event.name == "down" for event in history.of(StateReached)):
        return "none"
    # Each pass by itself: the load pass, with more rows written, loses more of them.
    lost = any(one.of_rollback and one.violations and one.seen_in is Pass.PROBE for one in invariants_of(history))
    return "data_loss" if lost else "ok"


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
        invalid_indexes_before_and_after_up=_stayed_invalid(history),
        changed_by_up=tuple(name for event in history.of(DestroyedByUp) for name in event.changed),
        relation_bytes_before=_relation_bytes(history, "before"),
        relation_bytes_after_up=_relation_bytes(history, "after_up"),
    )


def _stayed_invalid(history: History) -> tuple[str, ...]:
    moments = {e.moment: e.invalid_indexes for e in history.of(StateSeen) if e.pass_ is Pass.TRACE}
    return tuple(name for name in moments.get("after_up", ()) if name in moments.get("before", ()))


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
