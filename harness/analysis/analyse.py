"""From the history of a run to its facts."""

from dataclasses import dataclass

from harness.analysis.blocking import blocked_by, hull_of
from harness.analysis.chains import chains_of, tree_of
from harness.analysis.deadlocks import deadlocks_of
from harness.analysis.errors import errors_of
from harness.analysis.facts import (
    AntagonistFacts,
    EnvironmentFacts,
    Facts,
    OperationFacts,
    PhaseFacts,
    RollbackFacts,
    StatementFacts,
    Timeline,
)
from harness.analysis.latency import Responses, responses_of
from harness.analysis.left_behind import left_of
from harness.analysis.locking import LockBook, lock_book, relations_used
from harness.analysis.operations import operations_of
from harness.analysis.phases import Windows, paused_within, phases_of, windows_of
from harness.analysis.probed import deadlock_probe_of, queue_probes_of
from harness.analysis.production_size import at_production
from harness.analysis.quality import observer_cost, quality_of
from harness.analysis.residue import did_go_down, invariants_of, rollback_of, state_of
from harness.analysis.room import with_room
from harness.analysis.runs import Run, runs_of
from harness.analysis.sessions import OperationFinder, Sessions, sessions_of
from harness.analysis.sizes import small_tables_of
from harness.analysis.statements import StatementSources, statements_of
from harness.analysis.throughput import traffic_of
from harness.analysis.timeline import timeline_of
from harness.analysis.version_probe import effect_of, session_of, versions_of
from harness.analysis.versions import mix_of
from harness.analysis.wait_graph import WaitGraph, wait_graph
from harness.analysis.wal import growth_of, samples_of, wal_of
from harness.analysis.witnesses import contradictions, merged_waits
from harness.events.history import History
from harness.events.migration import ToolEnded
from harness.events.opinion import OpinionGiven
from harness.events.run import CloneMade, EngineChosen, MixChanged, RunEnded, RunInterrupted, SnapshotReady
from harness.events.tables import TableSeen
from harness.events.traffic import AntagonistActed, OperationDeclared, OperationFailed, OperationMissed, WorkloadDerived
from harness.model.spans import Span
from harness.model.units import parse_duration
from harness.model.words import Direction, Pass, PhaseKind


@dataclass(frozen=True, slots=True, kw_only=True)
class _Joined:
    """What several facts are made from: runs, windows, and the lock waits as a graph."""

    traced: tuple[Run, ...]
    loaded: tuple[Run, ...]
    phases: tuple[PhaseFacts, ...]
    windows: Windows
    declared: tuple[OperationDeclared, ...]
    responses: Responses
    sessions: Sessions
    book: LockBook
    graph: WaitGraph
    finder: OperationFinder | None


def analyse(history: History) -> Facts:
    """Everything that is known about a run; reads nothing but `history`."""
    joined = _join(history)
    windows, responses, loaded = joined.windows, joined.responses, joined.loaded
    statements, operations = _statements(history, joined), _operations(history, joined)
    errors = errors_of(responses, declared=joined.declared, errors=history.of(OperationFailed), windows=windows)
    before, growth = growth_of(samples_of(history), windows)
    return Facts(
        environment=_environment(history),
        phases=joined.phases,
        statements=statements,
        operations=operations,
        traffic=traffic_of(history, responses=responses, operations=operations, windows=windows, phases=joined.phases),
        errors=errors,
        timeline=_timeline(history, responses=responses, statements=statements, windows=windows),
        antagonists=_antagonists(history),
        rollback=_rollback(history, joined),
        invariants=invariants_of(history),
        state=state_of(history),
        quality=(*quality_of(history), *contradictions(history, book=joined.book, runs=loaded)),
        migrate_span=windows.migrate,
        rollback_span=windows.rollback,
        settle_span=windows.settle,
        baseline_span=windows.baseline,
        wal_bytes=wal_of(statements),
        disk_growth_bytes=growth,
        observer_cost_ratio=observer_cost(history),
        deadlock_timeout_ns=parse_duration(history.info.scenario.postgres.deadlock_timeout),
        complete=any(event.complete for event in history.of(RunEnded)),
        interrupted=next((event.reason for event in history.of(RunInterrupted)), ""),
        deadlocks=deadlocks_of(history, sessions=joined.sessions, runs=loaded, finder=joined.finder),
        chains=chains_of(statements, tree=tree_of(history, graph=joined.graph, finder=joined.finder)),
        database_bytes_before=before,
        up_failed_tool=_tool_failure(history),
        rollback_ran=did_go_down(history),
        workload=history.of(WorkloadDerived),
        queue_probes=queue_probes_of(history),
        deadlock_probe=deadlock_probe_of(history),
        versions=versions_of(history),
        session=session_of(history),
        effect=effect_of(history),
        left=left_of(history, statements),
        small_tables=small_tables_of(history),
        tables=history.of(TableSeen),
        opinion=next(iter(history.of(OpinionGiven)), None),
    )


def _join(history: History) -> _Joined:
    traced, loaded = runs_of(history, pass_=Pass.TRACE), runs_of(history, pass_=Pass.LOAD)
    phases = phases_of(history)
    declared = history.of(OperationDeclared)
    sessions, book = sessions_of(history), lock_book(history, waits=merged_waits(history))
    graph = wait_graph(history, sessions=sessions, runs=loaded, book=book)
    return _Joined(
        traced=traced,
        loaded=loaded,
        phases=phases,
        windows=windows_of(phases, statements=_spans(loaded)),
        declared=declared,
        responses=responses_of(history.operations, expected={d.index: d.expected for d in declared}),
        sessions=sessions,
        book=book,
        graph=graph,
        finder=_finder(history, graph, declared),
    )


def _statements(history: History, joined: _Joined) -> tuple[StatementFacts, ...]:
    sources = StatementSources(
        traced=joined.traced,
        loaded=joined.loaded,
        book=joined.book,
        graph=joined.graph,
        blocked=blocked_by(joined.graph, finder=joined.finder),
        used=relations_used(joined.declared),
    )
    return at_production(with_room(statements_of(history, sources=sources), history), history)


def _operations(history: History, joined: _Joined) -> tuple[OperationFacts, ...]:
    return operations_of(
        joined.responses,
        declared=joined.declared,
        errors=history.of(OperationFailed),
        windows=joined.windows,
        mix=mix_of(history.of(MixChanged)),
        missed=history.of(OperationMissed),
    )


def _rollback(history: History, joined: _Joined) -> RollbackFacts:
    return rollback_of(
        history,
        runs=(*joined.traced, *runs_of(history, pass_=Pass.PROBE), *joined.loaded),
        rollback=joined.windows.rollback,
        paused_ns=paused_within(joined.phases, PhaseKind.ROLLBACK),
    )


def _spans(runs: tuple[Run, ...]) -> dict[Direction, Span]:
    found: dict[Direction, Span] = {}
    for run in runs:
        old, new = found.get(run.started.direction), run.transaction_span
        found[run.started.direction] = (
            Span(min(old.start_ns, new.start_ns), max(old.end_ns, new.end_ns)) if old else new
        )
    return found


def _finder(history: History, graph: WaitGraph, declared: tuple[OperationDeclared, ...]) -> OperationFinder | None:
    window = hull_of(graph)
    if window is None or not len(history.operations):
        return None
    return OperationFinder(history.operations, {operation.index: operation for operation in declared}, window)


def _timeline(
    history: History, *, responses: Responses, statements: tuple[StatementFacts, ...], windows: Windows
) -> Timeline | None:
    spans = [windows.load] if windows.load else []
    if len(responses.due):
        spans.append(Span(int(responses.due.min()), int(responses.end.max()) + 1))
    if not spans or not len(responses.due):
        return None
    span = Span(min(s.start_ns for s in spans), max(s.end_ns for s in spans))
    waits = [wait for statement in statements for wait in statement.blocked]
    return timeline_of(responses, span=span, blocked=waits, samples=samples_of(history))


def _antagonists(history: History) -> tuple[AntagonistFacts, ...]:
    return tuple(
        AntagonistFacts(
            kind=e.kind,
            table=e.table,
            pid=e.pid,
            span=Span(e.in_place_ns or e.start_ns, max(e.in_place_ns or e.start_ns, e.end_ns)),
            aimed_at=e.aimed_at,
            sqlstate=e.sqlstate,
            detail=e.detail,
        )
        for e in history.of(AntagonistActed)
    )


def _environment(history: History) -> EnvironmentFacts | None:
    engine = next(iter(history.of(EngineChosen)), None)
    if engine is None:
        return None
    snapshot = next(iter(history.of(SnapshotReady)), None)
    clones = history.of(CloneMade)
    clone = next((c for c in clones if c.pass_ is Pass.LOAD), clones[0] if clones else None)
    return EnvironmentFacts(
        engine=engine.engine,
        engine_reason=engine.reason,
        description=engine.description,
        server_version=engine.version,
        snapshot_source=snapshot.source if snapshot else "",
        snapshot_digest=snapshot.digest if snapshot else "",
        snapshot_bytes=snapshot.size_bytes if snapshot else 0,
        snapshot_rows=snapshot.rows if snapshot else 0,
        snapshot_cached=snapshot.cached if snapshot else False,
        restore_ns=snapshot.duration_ns if snapshot else None,
        clone_method=clone.method if clone else "",
        clone_ns=clone.duration_ns if clone else None,
    )


def _tool_failure(history: History) -> str:
    for event in history.of(ToolEnded):
        if event.direction is Direction.UP and event.exit_code:
            return event.output or f"exit code {event.exit_code}"
    return ""
