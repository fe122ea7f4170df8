"""Made-up traffic of the sample runs: errors, parts of the response time, the course, the source, the run's quality."""

from dataclasses import replace

from harness.analysis.facts import CourseFacts, ErrorFacts, LatencyFacts, TimesFacts
from harness.analysis.judgement import Check
from harness.events.traffic import StatementCompared, StatementNotCovered, WorkloadDerived
from harness.model.spans import Span
from harness.model.verdict import Verdict

MS = 1_000_000
S = 1_000 * MS
ZERO = 50 * S


def apart(latency: LatencyFacts, *, waited: tuple[float, float], served: tuple[float, float]) -> LatencyFacts:
    """The latency with its parts: p50 and p99 in ms of the wait for a connection and of the service."""
    return replace(latency, pool_wait=_part(latency, waited), service=_part(latency, served))


def _part(latency: LatencyFacts, times: tuple[float, float]) -> TimesFacts:
    p50, p99 = (round(time * MS) for time in times)
    return TimesFacts(count=latency.count, p50_ns=p50, p95_ns=(p50 + p99) // 2, p99_ns=p99, max_ns=2 * p99)


def errors(name: str = "checkout", message: str = "could not serialize access") -> tuple[ErrorFacts, ...]:
    """Three kinds of error: some seen, some absorbed, some expected."""
    return (
        error(name, "55P03", "lock", seen=4, seen_in={"migrate": 3, "rollback": 1}, message="lock timeout"),
        error(name, "40001", "serialization", absorbed=17, message=message),
        error("place order", "23505", "constraint", expected=31, message="duplicate key value"),
    )


def error(
    operation: str,
    sqlstate: str,
    error_class: str,
    *,
    seen: int = 0,
    absorbed: int = 0,
    expected: int = 0,
    seen_in: dict[str, int] | None = None,
    message: str = "",
) -> ErrorFacts:
    """Errors of an operation without a version."""
    return ErrorFacts(
        operation=operation,
        version="",
        sqlstate=sqlstate,
        error_class=error_class,
        seen=seen,
        absorbed=absorbed,
        expected=expected,
        seen_in=seen_in or {},
        first_ns=ZERO + 10 * S,
        message=message,
    )


def course(*phases: tuple[str, float, float, dict[str, float]], rate: float = 200) -> tuple[CourseFacts, ...]:
    """Phases as name, start and end in seconds of the load pass, and mix; two operations short of the schedule."""
    return tuple(
        CourseFacts(
            phase=name,
            span=Span(ZERO + round(start * S), ZERO + round(end * S)),
            offered=round((end - start) * rate) - 2,
            scheduled=(end - start) * rate,
            peak_rate=rate * 1.1,
            completed=round((end - start) * rate) - 2,
            retried=3,
            mix=mix,
        )
        for name, start, end, mix in phases
    )


def derived(statement: str = "SELECT count(*) FROM audit_log WHERE at > $1") -> WorkloadDerived:
    """A workload rebuilt from a log, with one statement left out and one that is slower here."""
    return WorkloadDerived(
        at_ns=ZERO,
        source="from_log",
        name="postgresql.json",
        operations=3,
        rate=212.5,
        calls=120_000,
        covered_calls=118_200,
        time_ns=90 * S,
        covered_time_ns=81 * S,
        uncovered=(
            StatementNotCovered(statement=statement, calls=1_800, time_ns=9 * S, reason="no parameters logged"),
        ),
        realism=(
            StatementCompared(
                operation="view order",
                statement=0,
                sql="SELECT * FROM orders WHERE id = $1",
                calls=60_000,
                rows_source=1.0,
                rows_here=1.0,
                time_source_ns=310_000.0,
                time_here_ns=280_000.0,
            ),
            StatementCompared(
                operation="list orders",
                statement=1,
                sql="SELECT * FROM orders WHERE user_id = $1",
                calls=9_000,
                rows_source=40.0,
                rows_here=3.5,
                time_source_ns=2_100_000.0,
                time_here_ns=None,
                ok=False,
            ),
        ),
        notes=("1 statement was logged without its parameters",),
    )


def trust(*, sound: bool = True) -> tuple[Check, ...]:
    """The generator's account; with `sound` false its processor was busy."""
    busy = Verdict.PASS if sound else Verdict.INCONCLUSIVE
    remedy = "" if sound else "lower traffic.rate, or raise traffic.processes where cores are idle"
    return (
        _aspect("dispatch", "operations dispatched on time", "p99 25 ms", "p99 0.3 ms, 2 late"),
        replace(_aspect("generator", "generator has reserve", "90% CPU", "12% CPU"), verdict=busy, note=remedy),
        _aspect("rate", "operations offered as scheduled", "200/s", "199.6/s in migrate"),
    )


def _aspect(id_: str, label: str, limit: str, found: str) -> Check:
    return Check(id=id_, label=label, limit=limit, found=found, verdict=Verdict.PASS, blame="", note="")
