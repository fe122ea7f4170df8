"""Statements: trace and load joined into held, waited, blocked others and class of work; the three are never added."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from harness.analysis.blocking import actors_of
from harness.analysis.facts import AcceptedFacts, BlockedFacts, StatementFacts, WaitFacts, WorkFacts
from harness.analysis.locking import ROUND_TRIP_NS, LockBook, locks_of, longest_hold
from harness.analysis.runs import Run, first_runs, runs_by_statement
from harness.analysis.tool_work import run_of, share_out
from harness.analysis.wait_graph import WaitGraph
from harness.analysis.work import class_of_work
from harness.events.history import History
from harness.events.migration import WalWritten, WorkDone
from harness.events.observation import DdlLogged, LockWaited
from harness.model.spans import Span
from harness.model.words import Direction, Pass

Key = tuple[Direction, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementSources:
    """What the statements are joined from."""

    traced: Sequence[Run]
    loaded: Sequence[Run]
    book: LockBook
    graph: WaitGraph
    blocked: dict[Key, tuple[BlockedFacts, ...]]
    used: frozenset[str]


def statements_of(history: History, *, sources: StatementSources) -> tuple[StatementFacts, ...]:
    """Every statement once: going up in order, then going down."""
    first, loads = first_runs(sources.traced), runs_by_statement(sources.loaded)
    works = _works(history, book=sources.book, traced=first.values())
    wal = _wal(history)
    commands = _commands(history, runs=(*sources.traced, *sources.loaded))
    return tuple(
        _statement(
            _Parts(
                key=key,
                traced=first.get(key),
                runs=loads.get(key, []),
                works=works.get(key, ()),
                wal=wal.get(key),
                commands=commands.get(key, ()),
            ),
            sources=sources,
        )
        for key in sorted({*first, *loads}, key=_order)
    )


def _order(key: Key) -> tuple[bool, int, str]:
    direction, name = key
    digits = "".join(c for c in name if c.isdigit())
    return direction is Direction.DOWN, int(digits or 0), name


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """What is known of one statement alone: its first run in the quiet pass, its attempts under load."""

    key: Key
    traced: Run | None
    runs: list[Run]
    works: tuple[WorkFacts, ...]
    wal: int | None
    commands: tuple[str, ...]

    @property
    def shown(self) -> Run:
        """The run that the facts are of: the last attempt under load, else the quiet one."""
        shown = self.runs[-1] if self.runs else self.traced
        if shown is None:
            raise ValueError(f"{self.key[1]} has no run")
        return shown


def _statement(parts: _Parts, *, sources: StatementSources) -> StatementFacts:
    shown, traced, runs = parts.shown, parts.traced, parts.runs
    start, end, before = shown.started, shown.ended, traced.ended if traced else None
    locks = locks_of(
        parts.key, book=sources.book, polled=sources.graph.polled, runs=runs, works=parts.works, used=sources.used
    )
    waits = tuple(_wait(wait, sources.graph) for run in runs for wait in waits_in(run, sources.book))
    blocked = sources.blocked.get(parts.key, ())
    hold, worst = longest_hold(locks), max(blocked, key=lambda b: b.waited_ns, default=None)
    return StatementFacts(
        id=start.statement,
        direction=start.direction,
        step=start.step,
        file=start.file,
        line=start.line,
        column=start.column,
        sql=start.sql,
        tag=start.tag,
        fingerprint=start.fingerprint,
        work=class_of_work(start.tag, start.sql, parts.works, locks=locks),
        transaction=start.transaction,
        autocommit=start.autocommit,
        attempts=max((run.started.attempt for run in runs), default=start.attempt),
        span=shown.span,
        transaction_span=shown.transaction_span,
        duration_ns=shown.span.duration_ns if runs else None,
        trace_duration_ns=traced.span.duration_ns if traced else None,
        held_ns=hold.held_ns if hold else None,
        held_error_ns=hold.error_ns if hold else ROUND_TRIP_NS,
        waited_ns=sum(wait.waited_ns for wait in waits),
        waited_error_ns=sum(wait.error_ns for wait in waits),
        blocked_max_ns=worst.waited_ns if worst else 0,
        blocked_total_ns=sum(wait.waited_ns for wait in blocked),
        blocked_actors=actors_of(blocked),
        blocked_error_ns=worst.error_ns if worst else 0,
        locks=locks,
        waits=waits,
        blocked=blocked,
        relations=parts.works,
        wal_bytes=parts.wal,
        lock_timeout_ms=start.lock_timeout_ms,
        statement_timeout_ms=start.statement_timeout_ms,
        sqlstate=end.sqlstate if end else "",
        message=end.message if end else "",
        position=end.position if end else 0,
        left_behind=_left_behind(traced, runs),
        trace_sqlstate=before.sqlstate if before else "",
        accepts=tuple(AcceptedFacts(hazard=a.hazard, reason=a.reason) for a in start.accepts),
        trace_message=before.message if before else "",
        commands=parts.commands,
        failed_attempts=sum(1 for run in runs if run.ended is not None and run.ended.sqlstate),
    )


def waits_in(run: Run, book: LockBook) -> list[LockWaited]:
    """The waits of the migration's session that began while the statement ran, give or take what the clocks allow."""
    slack = run.error_ns + ROUND_TRIP_NS
    return [
        wait for wait in book.waits
        if wait.pid == run.started.pid
        and run.span.start_ns - slack - wait.error_ns <= wait.start_ns <= run.span.end_ns + slack + wait.error_ns
    ]  # fmt: skip


def _wait(wait: LockWaited, graph: WaitGraph) -> WaitFacts:
    pids = graph.waited_for(wait)
    return WaitFacts(
        relation=wait.relation,
        mode=wait.mode,
        target=wait.target,
        span=Span(wait.start_ns, max(wait.start_ns, wait.end_ns)),
        waited_ns=wait.waited_ns,
        error_ns=wait.error_ns,
        outcome=wait.outcome,
        blockers=tuple(graph.sessions.label(pid, at_ns=wait.start_ns) for pid in pids),
        blocker_roles=tuple(graph.sessions.role(pid).value for pid in pids),
    )


def _left_behind(traced: Run | None, runs: list[Run]) -> tuple[str, ...]:
    ends = [run.ended for run in (*([traced] if traced else []), *runs) if run.ended]
    return tuple(dict.fromkeys(item for end in ends for item in end.left_behind))


def _works(history: History, *, book: LockBook, traced: Iterable[Run]) -> dict[Key, tuple[WorkFacts, ...]]:
    """Work on relations that existed before the migration; one that it made itself has no users yet."""
    found: defaultdict[Key, dict[str, WorkFacts]] = defaultdict(dict)
    firsts = tuple(traced)
    by_key = {run.key: run for run in firsts}
    emptied: dict[tuple[Direction, int, str], int] = {}
    logged = [event for event in history.of(DdlLogged) if event.pass_ is Pass.TRACE]
    for event in history.of(WorkDone):
        if event.pass_ is not Pass.TRACE or not book.beginning.existed(event.relation):
            continue
        if event.statement:
            run = by_key.get((event.direction, event.statement))
            work = _refilled(_work(event), run, emptied) if run else _work(event)
            found[event.direction, event.statement].setdefault(event.relation, work)
            continue
        runs = [run for run in firsts if run.started.direction is event.direction]
        for run, part in share_out(_work(event), runs, book=book, logged=logged):
            found[run.key].setdefault(event.relation, part)
    return {key: tuple(works.values()) for key, works in found.items()}


def _refilled(work: WorkFacts, run: Run, emptied: dict[tuple[Direction, int, str], int]) -> WorkFacts:
    """What is done to a table that TRUNCATE emptied in the same transaction is measured by what it held before that."""
    key = run.started.direction, run.started.transaction, work.relation
    if work.truncated:
        emptied.setdefault(key, work.rows_before or 0)
    elif key in emptied and not run.started.autocommit:
        return replace(work, rows_before=max(emptied[key], work.rows_before or 0))
    return work


def _work(event: WorkDone) -> WorkFacts:
    changed = [n for n in (event.rows_inserted, event.rows_updated, event.rows_deleted) if n is not None]
    return WorkFacts(
        relation=event.relation,
        kind=event.kind,
        rewritten=event.rewritten,
        truncated=event.truncated,
        dropped=event.dropped,
        rows_before=event.rows_before,
        bytes_before=event.bytes_before,
        rows_scanned=event.rows_scanned,
        rows_fetched_by_index=event.rows_fetched_by_index,
        rows_changed=sum(changed) if changed else None,
        rows_inserted=event.rows_inserted,
        transactions=event.transactions,
    )


def _commands(history: History, *, runs: Sequence[Run]) -> dict[Key, tuple[str, ...]]:
    """What event triggers told of each statement, in order, each once."""
    found: defaultdict[Key, dict[str, None]] = defaultdict(dict)
    for event in history.of(DdlLogged):
        run = run_of(event, [run for run in runs if run.started.pass_ is event.pass_])
        if run is not None and event.trigger == "ddl_command_end":
            found[run.key].update(dict.fromkeys(f"{event.command} {name}" for name in event.objects or ("",)))
    return {key: tuple(names) for key, names in found.items()}


def _wal(history: History) -> dict[Key, int]:
    found: dict[Key, int] = {}
    for event in history.of(WalWritten):
        if event.pass_ is Pass.TRACE:
            found.setdefault((event.direction, event.statement), event.wal_bytes)
    return found
