"""The traffic in rehearsal.json: operations, errors, the whole, its course and its noise, where it came from."""

from collections.abc import Iterator

from harness.analysis.facts import CourseFacts, Facts, LatencyFacts, NoiseFacts, OperationFacts, TimesFacts
from harness.model.spans import Span
from harness.model.units import NS_PER_MS
from harness.report.traffic_shapes import (
    Course,
    Error,
    Latency,
    Noise,
    Operation,
    Realism,
    Source,
    Times,
    Traffic,
    Uncovered,
)
from harness.report.words import milliseconds


def latency(window: LatencyFacts) -> Latency:
    """One window in milliseconds."""
    return Latency(
        count=window.count,
        failed=window.failed,
        p50_ms=milliseconds(window.p50_ns),
        p95_ms=milliseconds(window.p95_ns),
        p99_ms=milliseconds(window.p99_ns),
        max_ms=milliseconds(window.max_ns),
        pool_wait=_times(window.pool_wait),
        service=_times(window.service),
    )


def _times(part: TimesFacts | None) -> Times | None:
    if part is None:
        return None
    return Times(
        count=part.count,
        p50_ms=milliseconds(part.p50_ns),
        p95_ms=milliseconds(part.p95_ns),
        p99_ms=milliseconds(part.p99_ns),
        max_ms=milliseconds(part.max_ns),
    )


def operation(one: OperationFacts) -> Operation:
    """One operation with its windows."""
    return Operation(
        name=one.name,
        version=one.version,
        offered=one.offered,
        completed=one.completed,
        failed=dict(sorted(one.failed.items())),
        expected=dict(sorted(one.expected.items())),
        failed_in_baseline=dict(sorted(one.failed_in_baseline.items())),
        baseline=latency(one.baseline),
        migrate=latency(one.migrate),
        rollback=latency(one.rollback),
        settle=latency(one.settle) if one.settle else None,
        calibrate=latency(one.calibrate) if one.calibrate else None,
        absorbed=dict(sorted(one.absorbed.items())),
        retried=one.retried,
        executions=one.executions,
        misses=one.misses,
    )


def errors(facts: Facts) -> tuple[Error, ...]:
    """Errors of operations, what users saw first."""
    return tuple(
        Error(
            operation=one.operation,
            version=one.version,
            sqlstate=one.sqlstate,
            error_class=one.error_class,
            seen=one.seen,
            absorbed=one.absorbed,
            expected=one.expected,
            seen_in=one.seen_in,
            message=one.message,
        )
        for one in facts.errors
    )


def traffic(facts: Facts) -> Traffic | None:
    """The traffic, None where there was none. An outage is null where there was none."""
    whole = facts.traffic
    if whole is None:
        return None
    return Traffic(
        rate=whole.rate,
        actors=whole.actors,
        offered=whole.offered,
        completed=whole.completed,
        failed=whole.failed,
        pool_timeouts=whole.pool_timeouts,
        abandoned=whole.abandoned,
        baseline=latency(whole.baseline),
        migrate=latency(whole.migrate),
        settle=latency(whole.settle),
        rollback=latency(whole.rollback),
        outage_ms=_length(whole.outage),
        outage_rollback_ms=_length(whole.outage_rollback),
        outage_baseline_ms=milliseconds(whole.outage_baseline_ns),
        calibrate=latency(whole.calibrate) if whole.calibrate else None,
        noise=_noise(whole.noise),
        course=tuple(_course(one) for one in whole.course),
        slow=whole.slow,
        slow_from_ms=milliseconds(whole.slow_from_ns),
        retried=whole.retried,
        absorbed=whole.absorbed,
        expected=whole.expected,
        dispatch_lag_p99_ms=milliseconds(whole.lag_p99_ns),
        dispatch_lag_max_ms=milliseconds(whole.lag_max_ns),
        late=whole.late,
        generator_cpu_ratio=whole.cpu_ratio,
        connect_failures=whole.connect_failures,
    )


def _length(span: Span | None) -> float | None:
    return span.duration_ns / NS_PER_MS if span else None


def _noise(noise: NoiseFacts | None) -> Noise | None:
    if noise is None:
        return None
    return Noise(
        window_ms=noise.window_ns / NS_PER_MS,
        blocks=noise.blocks,
        p50_ms=noise.p50_ns / NS_PER_MS,
        p99_ms=noise.p99_ns / NS_PER_MS,
        outage_ms=noise.outage_ns / NS_PER_MS,
        calibrated=noise.calibrated,
    )


def _course(one: CourseFacts) -> Course:
    return Course(
        phase=one.phase,
        start_ms=one.span.start_ns / NS_PER_MS,
        end_ms=one.span.end_ns / NS_PER_MS,
        offered=one.offered,
        scheduled=None if one.scheduled is None else round(one.scheduled, 1),
        peak_per_second=round(one.peak_rate, 1),
        completed=one.completed,
        retried=one.retried,
        versions=one.mix,
    )


def sources(facts: Facts) -> Iterator[Source]:
    """Where operations came from that the scenario does not write out."""
    for one in facts.workload:
        yield Source(
            source=one.source,
            name=one.name,
            operations=one.operations,
            rate=one.rate,
            calls=one.calls,
            covered_calls=one.covered_calls,
            time_ms=one.time_ns / NS_PER_MS,
            covered_time_ms=one.covered_time_ns / NS_PER_MS,
            uncovered=tuple(
                Uncovered(statement=u.statement, calls=u.calls, time_ms=u.time_ns / NS_PER_MS, reason=u.reason)
                for u in one.uncovered
            ),
            realism=tuple(
                Realism(
                    operation=r.operation,
                    statement=r.statement,
                    calls=r.calls,
                    rows_source=r.rows_source,
                    rows_here=r.rows_here,
                    time_source_ms=None if r.time_source_ns is None else r.time_source_ns / NS_PER_MS,
                    time_here_ms=None if r.time_here_ns is None else r.time_here_ns / NS_PER_MS,
                    ok=r.ok,
                    error=r.error,
                )
                for r in one.realism
            ),
            notes=one.notes,
        )
