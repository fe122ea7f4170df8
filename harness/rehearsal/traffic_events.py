"""What the traffic says of itself, before and after, as events."""

from collections.abc import Iterator, Mapping

from harness.events.codec import AnyEvent
from harness.events.traffic import OperationDeclared, OperationFailed, OperationMissed, TrafficEnded, TrafficPlanned
from harness.model.units import parse_duration
from harness.rehearsal.traffic.plan import TrafficPlan
from harness.rehearsal.traffic.process import TrafficSummary
from harness.spec.scenario import TrafficSpec
from harness.spec.workload import Workload


def planned(plan: TrafficPlan, *, traffic: TrafficSpec, versions: tuple[str, ...], at_ns: int) -> TrafficPlanned:
    """The traffic as it is about to begin; `versions` are the workload's."""
    return TrafficPlanned(
        at_ns=at_ns,
        rate=plan.course.rate,
        actors=traffic.actors,
        arrival=traffic.arrival.value,
        protocol=traffic.protocol.value,
        pool_timeout_ns=parse_duration(traffic.pool_timeout),
        versions=versions,
        trace_period_ns=plan.trace.period_ns if plan.trace else 0,
        trace_counts=plan.trace.counts if plan.trace else (),
    )


def declared(workload: Workload, *, qualified: Mapping[str, str], at_ns: int) -> Iterator[OperationDeclared]:
    """The operations, with the relations they use as `qualified` names them in full."""
    for operation in workload.operations:
        yield OperationDeclared(
            at_ns=at_ns,
            index=operation.index,
            name=operation.name,
            version=operation.version,
            weight=operation.weight,
            sql=tuple(statement.source for statement in operation.statements),
            reads=tuple(qualified[name] for name in operation.reads),
            writes=tuple(qualified[name] for name in operation.writes),
            expected=operation.expected,
        )


def summed_up(summary: TrafficSummary, *, at_ns: int) -> Iterator[AnyEvent]:
    """The account of a traffic that has ended; its ledger is not among the events."""
    for missed in summary.missed:
        yield OperationMissed(
            at_ns=at_ns, operation=missed.operation, executions=missed.executions, misses=missed.misses
        )
    for error in summary.errors:
        yield OperationFailed(
            at_ns=at_ns,
            operation=error.operation,
            statement=error.statement,
            sqlstate=error.sqlstate,
            message=error.message,
        )
    yield TrafficEnded(
        at_ns=at_ns,
        offered=summary.offered,
        completed=summary.completed,
        failed=summary.failed,
        abandoned=summary.abandoned,
        pool_timeouts=summary.pool_timeouts,
        late=summary.late,
        lag_p50_ns=summary.lag_p50_ns,
        lag_p99_ns=summary.lag_p99_ns,
        lag_max_ns=summary.lag_max_ns,
        cpu_ratio=summary.cpu_ratio,
        connect_failures=summary.connect_failures,
        processes=len(summary.cpu_of_processes),
        cpu_seconds=summary.cpu_of_processes,
        reconnects=summary.reconnects,
        connect_p99_ns=summary.connect_p99_ns,
        absorbed=summary.absorbed,
        longest_queue=summary.longest_queue,
    )
