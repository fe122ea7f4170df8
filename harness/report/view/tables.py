"""The tables of statements and operations."""

from harness.analysis.facts import ExpectedFacts, Facts, NoiseFacts, OperationFacts, StatementFacts
from harness.analysis.judgement import Judgement, Level
from harness.model.units import format_bytes
from harness.report.view.model import StatementRow
from harness.report.view.status import Status
from harness.report.view.traffic_model import OperationRow
from harness.report.words import DASH, count, duration, factor, mode, one_line, relation, strength


def statement_rows(facts: Facts, judgement: Judgement) -> tuple[StatementRow, ...]:
    """Every statement in order: up, then down."""
    worst: dict[str, Status] = {}
    for finding in judgement.findings:
        if finding.accepted is None and finding.level is not Level.NOTE:
            status = Status.FAIL if finding.level is Level.ERROR else Status.WARN
            if worst.get(finding.statement) is not Status.FAIL:
                worst[finding.statement] = status
    return tuple(_statement(s, worst.get(s.id, Status.OK), facts) for s in facts.statements)


def _statement(statement: StatementFacts, status: Status, facts: Facts) -> StatementRow:
    actors = f" of {facts.traffic.actors}" if facts.traffic else ""
    measured = facts.traffic is not None and statement.span is not None
    if not statement.span and not statement.trace_sqlstate:
        status = Status.UNKNOWN
    elif statement.sqlstate or statement.trace_sqlstate:
        status = Status.FAIL
    return StatementRow(
        id=statement.id,
        direction=statement.direction.value,
        where=f"{statement.file}:{statement.line}" if statement.file else statement.step,
        sql=statement.sql.strip(),
        work=statement.work,
        locks=_locks(statement),
        duration=duration(statement.duration_ns),
        held=duration(statement.held_ns, error_ns=statement.held_error_ns),
        waited=_wait(statement.waited_ns, statement.waited_error_ns, facts) if measured else DASH,
        blocked=_wait(statement.blocked_max_ns, statement.blocked_error_ns, facts) if measured else DASH,
        blocked_actors=f"{statement.blocked_actors}{actors}" if measured else DASH,
        wal=DASH if statement.wal_bytes is None else format_bytes(statement.wal_bytes),
        status=status,
        outcome=_outcome(statement),
        at_production=expected_text(statement.at_production),
    )


def expected_text(expected: ExpectedFacts | None) -> str:
    """The estimate with its interval: "held ≈ 12 s (8 s to 18 s)", or why there is none; "" without sizes."""
    if expected is None:
        return ""
    for word, likely, low, high in (
        ("held", expected.held_ns, expected.held_low_ns, expected.held_high_ns),
        ("takes", expected.duration_ns, expected.duration_low_ns, expected.duration_high_ns),
    ):
        if likely is not None and not (word == "takes" and expected.reason):
            if low == high:
                return f"{word} as here"
            return f"{word} ≈ {duration(likely)} ({duration(low)} to {duration(high)})"
    return f"not estimated: {expected.reason}"


def _wait(ns: int, error_ns: int, facts: Facts) -> str:
    """A wait as the server logs it: none means none longer than deadlock_timeout, which is a bound and not zero."""
    return duration(ns, error_ns=error_ns) if ns else f"< {duration(facts.deadlock_timeout_ns)}"


def _locks(statement: StatementFacts) -> str:
    """The strongest mode per existing table that it locked, strongest first."""
    strongest: dict[str, str] = {}
    for lock in statement.locks:
        if lock.existed and strength(lock.mode) > strength(strongest.get(lock.relation, "")):
            strongest[lock.relation] = lock.mode
    ranked = sorted(strongest.items(), key=lambda item: (-strength(item[1]), item[0]))
    shown = [f"{mode(name)} {relation(where)}" for where, name in ranked[:3]]
    return ", ".join(shown) + (f", {len(ranked) - 3} more" if len(ranked) > 3 else "") or DASH


def _outcome(statement: StatementFacts) -> str:
    if statement.sqlstate:
        return f"{statement.sqlstate} {statement.message}".strip()
    if statement.trace_sqlstate:
        return f"{statement.trace_sqlstate} in the quiet pass"
    if statement.span is None:
        return "not run"
    return "ok" if statement.attempts <= 1 else f"ok at attempt {statement.attempts}"


def operation_rows(facts: Facts) -> tuple[OperationRow, ...]:
    """Every operation in the scenario's order."""
    noise = facts.traffic.noise if facts.traffic else None
    return tuple(_operation(operation, noise) for operation in facts.operations)


def _operation(operation: OperationFacts, noise: NoiseFacts | None) -> OperationRow:
    failed = sum(operation.failed.values())
    worse = _worse(operation, noise)
    return OperationRow(
        name=operation.name,
        version=operation.version or "every",
        sql=one_line("; ".join(operation.sql), limit=160),
        offered=count(operation.offered),
        completed=count(operation.completed),
        failed=count(failed),
        errors=", ".join(_error(operation, state, number) for state, number in sorted(operation.failed.items())),
        baseline_p50=duration(operation.baseline.p50_ns),
        baseline_p99=duration(operation.baseline.p99_ns),
        migrate_p50=duration(operation.migrate.p50_ns),
        migrate_p99=duration(operation.migrate.p99_ns),
        rollback_p99=duration(operation.rollback.p99_ns),
        factor=factor(operation.migrate.p99_ns, operation.baseline.p99_ns),
        status=Status.FAIL if failed else Status.WARN if worse else Status.OK if operation.offered else Status.UNKNOWN,
    )


def _worse(operation: OperationFacts, noise: NoiseFacts | None) -> bool:
    """Whether p99 rose over ten times its baseline (the default budget), and by more than the noise floor."""
    found, base = operation.migrate.p99_ns, operation.baseline.p99_ns
    return found is not None and bool(base) and found > 10 * (base or 0) + (noise.p99_ns if noise else 0)


def _error(operation: OperationFacts, state: str, number: int) -> str:
    message = operation.messages.get(state, "")
    return f"{state} ×{number:,}" + (f" {message}" if message else "")
