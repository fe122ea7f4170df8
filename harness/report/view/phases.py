"""The phase table: what each phase worked on, how it ended, how long it took, what stood out."""

from collections import Counter

from harness.analysis.facts import Facts, PhaseFacts, StatementFacts, TrafficFacts
from harness.analysis.judgement import Finding, Judgement, Level
from harness.analysis.version_failures import new_errors
from harness.model.units import format_bytes, plural
from harness.model.verdict import Verdict
from harness.model.words import Direction, Pass, PhaseKind
from harness.report.view.model import PhaseRow
from harness.report.view.probes import probe_rows
from harness.report.view.rollback import RESULTS
from harness.report.view.status import Status
from harness.report.words import count, duration, mode, seconds, strength

_LOAD = {PhaseKind.CALIBRATE, PhaseKind.BASELINE, PhaseKind.MIGRATE, PhaseKind.ROLLBACK}


def phase_rows(facts: Facts, judgement: Judgement) -> tuple[PhaseRow, ...]:
    """Restore, trace, then the load pass in order, then what was verified; phases that did not run are left out."""
    rows = [*_restore(facts), *_trace(facts), *_versions(facts), *probe_rows(facts)]
    loaded = [phase for phase in facts.phases if phase.pass_ is Pass.LOAD and phase.phase in _LOAD]
    rows += [_load_row(phase, facts, judgement) for phase in loaded]
    return tuple(rows + _drill(facts) + _verify(facts))


def _restore(facts: Facts) -> list[PhaseRow]:
    env = facts.environment
    if env is None:
        return []
    failed = any(p.phase is PhaseKind.RESTORE and not p.ok for p in facts.phases)
    what = f"{env.snapshot_source}, {format_bytes(env.snapshot_bytes)}" if env.snapshot_source else "an empty database"
    note = "cached" if env.snapshot_cached else f"{count(env.snapshot_rows)} rows"
    return [_row("restore", what, Status.FAIL if failed else Status.OK, env.restore_ns, note)]


def _trace(facts: Facts) -> list[PhaseRow]:
    traced = [p for p in facts.phases if p.pass_ is Pass.TRACE and p.phase is not PhaseKind.CLONE]
    if not traced:
        return []
    up, down = (len(_of(facts, direction)) for direction in (Direction.UP, Direction.DOWN))
    what = plural(up, "statement") + " up" + (f", {down} down" if down else ", no way down")
    status = Status.OK if all(p.ok for p in traced) else Status.FAIL
    return [_row("trace", what, status, sum(p.span.duration_ns for p in traced), _trace_note(facts))]


def _versions(facts: Facts) -> list[PhaseRow]:
    """The versions probe: how many states and versions, and what broke first."""
    probe = facts.versions
    if probe is None:
        return []
    states = [state for state in probe.states if not state.is_after_rollback]
    versions = len({call.version for call in probe.calls})
    what = f"{plural(len(states), 'state')} × {plural(versions, 'version')} of the application"
    broken = [
        f"{call.operation} {', '.join(new_errors(probe, call))} in {state.label}"
        for state in states
        for call in probe.calls
        if call.state == state.number and new_errors(probe, call)
    ]
    note = broken[0] if broken else "everything works"
    return [_row("versions", what, Status.FAIL if broken else Status.OK, probe.duration_ns, note)]


def _trace_note(facts: Facts) -> str:
    """Statements by strongest lock that blocks writes, and by class of work that grows with the data."""
    modes: Counter[str] = Counter()
    for statement in facts.statements:
        strong = [x.mode for x in statement.locks if x.existed and strength(x.mode) >= strength("ShareLock")]
        if strong:
            modes[mode(max(strong, key=strength))] += 1
    parts = [f"{name} ×{number}" for name, number in modes.most_common(2)]
    works = Counter(statement.work for statement in facts.statements)
    parts += [plural(works[work], work) for work in ("rewrite", "scan") if works[work]]
    return ", ".join(parts)


def _load_row(phase: PhaseFacts, facts: Facts, judgement: Judgement) -> PhaseRow:
    traffic = facts.traffic
    if phase.phase in (PhaseKind.CALIBRATE, PhaseKind.BASELINE):
        what = f"{plural(traffic.actors, 'actor')}, {traffic.rate:g} ops/s" if traffic else "no traffic"
        note = _percentiles(traffic, phase.phase) if traffic else ""
        return _row(phase.name or phase.phase.value, what, _ended(phase, traffic), phase.span.duration_ns, note)
    direction = Direction.UP if phase.phase is PhaseKind.MIGRATE else Direction.DOWN
    ran = [s for s in _of(facts, direction) if s.span and s.span.overlap(phase.span)] or _of(facts, direction)
    what = plural(len(ran), "statement")
    status = _status_of(direction, judgement) if phase.ok else Status.FAIL
    return _row(phase.name or phase.phase.value, what, status, phase.worked_ns, _stood_out(ran, traffic))


def _ended(phase: PhaseFacts, traffic: TrafficFacts | None) -> Status:
    if not phase.ok:
        return Status.FAIL
    return Status.OK if traffic and traffic.completed else Status.UNKNOWN


def _percentiles(traffic: TrafficFacts, phase: PhaseKind) -> str:
    window = traffic.calibrate if phase is PhaseKind.CALIBRATE and traffic.calibrate else traffic.baseline
    return f"p50 {duration(window.p50_ns)}   p99 {duration(window.p99_ns)}"


def _stood_out(ran: list[StatementFacts], traffic: TrafficFacts | None) -> str:
    failed = next((s for s in ran if s.sqlstate), None)
    if failed:
        return f"{failed.id} failed with {failed.sqlstate}"
    worst = max(ran, key=lambda s: (s.blocked_actors, s.blocked_max_ns), default=None)
    if worst and worst.blocked_actors and traffic:
        return f"{worst.id} blocked {worst.blocked_actors} of {traffic.actors} actors"
    return "blocked nobody" if ran and traffic else ""


def _status_of(direction: Direction, judgement: Judgement) -> Status:
    """The worst that was found in this direction."""
    prefix = "S" if direction is Direction.UP else "R"
    blamed = [c.verdict for c in judgement.checks if c.blame.startswith(prefix)]
    found = [_weight(f) for f in judgement.findings if f.direction is direction]
    return Status.of(Verdict.merge([*blamed, *found]))


def _weight(finding: Finding) -> Verdict:
    if finding.accepted is not None:
        return Verdict.PASS
    return {Level.ERROR: Verdict.FAIL, Level.WARNING: Verdict.WARN, Level.NOTE: Verdict.PASS}[finding.level]


def _verify(facts: Facts) -> list[PhaseRow]:
    back = facts.rollback
    phases = [p for p in facts.phases if p.phase is PhaseKind.VERIFY]
    if not phases and back.result == "none":
        return []
    _, sentence, status = RESULTS.get(back.result, (back.result, back.result, Status.UNKNOWN))
    if back.verified and status is Status.OK:
        sentence = f"schema and {count(back.rows_compared)} rows identical"
    if back.ledger_acknowledged is not None and back.ledger_kept is not None:
        lost = back.ledger_acknowledged - back.ledger_kept
        sentence += f", {count(lost)} writes lost" if lost else ", ledger kept"
        status = Status.FAIL if lost else status
    note = plural(len(back.differences), "difference") if back.differences else ""
    return [_row("verify", sentence, status, sum(p.span.duration_ns for p in phases) or None, note)]


def _drill(facts: Facts) -> list[PhaseRow]:
    drilled = [p for p in facts.phases if p.pass_ is Pass.DRILL and p.phase is not PhaseKind.CLONE]
    if not drilled:
        return []
    status = Status.OK if all(p.ok for p in drilled) else Status.FAIL
    return [_row("drill", plural(len(drilled), "phase"), status, sum(p.span.duration_ns for p in drilled), "")]


def _of(facts: Facts, direction: Direction) -> list[StatementFacts]:
    return [s for s in facts.statements if s.direction is direction]


def _row(name: str, what: str, status: Status, duration_ns: int | None, note: str) -> PhaseRow:
    return PhaseRow(name=name, what=what, status=status, duration=seconds(duration_ns), note=note)
