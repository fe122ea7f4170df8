"""The traffic: where it came from, how it went, errors by who felt them, times apart, and whether to trust it."""

from harness.analysis.facts import CourseFacts, ErrorFacts, Facts, LatencyFacts, NoiseFacts, TimesFacts
from harness.analysis.judgement import Check, Judgement
from harness.events.history import RunInfo
from harness.events.traffic import StatementCompared, WorkloadDerived
from harness.model.units import NS_PER_S, format_duration, plural
from harness.report.view.model import BudgetRow, TrustView
from harness.report.view.status import Status
from harness.report.view.traffic_model import CourseRow, ErrorRow, RealismView, TimesRow, WorkloadView
from harness.report.words import DASH, count, duration, one_line

KINDS = {
    "auto": "derived from the catalog",
    "from_log": "rebuilt from the server's log",
    "from_statements": "from pg_stat_statements",
}
"""Where a workload came from, for people."""

_CLASSES = {
    "lock": "lock",
    "timeout": "timeout",
    "serialization": "serialization",
    "schema": "schema incompatibility",
    "constraint": "constraint",
    "privilege": "privilege",
    "capacity": "capacity",
    "connection": "connection",
    "data": "data",
    "other": "other",
}


def error_rows(facts: Facts) -> tuple[ErrorRow, ...]:
    """Errors of operations: seen by users, absorbed by retries, expected by the operation."""
    return tuple(_error(one) for one in facts.errors)


def _error(one: ErrorFacts) -> ErrorRow:
    return ErrorRow(
        operation=one.operation,
        version=one.version or "every",
        sqlstate=one.sqlstate,
        error_class=_CLASSES.get(one.error_class, one.error_class),
        seen=count(one.seen),
        absorbed=count(one.absorbed),
        expected=count(one.expected),
        when=", ".join(f"{phase} {number:,}" for phase, number in one.seen_in.items()),
        message=one.message,
        status=Status.FAIL if one.seen else Status.NOTE,
    )


def times_rows(facts: Facts) -> tuple[TimesRow, ...]:
    """Response time with its parts, of everything first and then of each operation, in each window that has any."""
    traffic = facts.traffic
    if traffic is None:
        return ()
    rows = [
        *_windows("all operations", traffic.baseline, traffic.migrate, traffic.rollback),
        *(row for one in facts.operations for row in _windows(one.name, one.baseline, one.migrate, one.rollback)),
    ]
    return tuple(rows) if any(row.waited_p99 != DASH for row in rows) else ()


def _windows(name: str, baseline: LatencyFacts, migrate: LatencyFacts, rollback: LatencyFacts) -> list[TimesRow]:
    named = (("baseline", baseline), ("migrating", migrate), ("rollback", rollback))
    return [_times(name, window, latency) for window, latency in named if latency.count]


def _times(name: str, window: str, latency: LatencyFacts) -> TimesRow:
    waited, served = latency.pool_wait or _NO_TIMES, latency.service or _NO_TIMES
    return TimesRow(
        operation=name,
        window=window,
        count=count(latency.count),
        p50=duration(latency.p50_ns),
        p95=duration(latency.p95_ns),
        p99=duration(latency.p99_ns),
        top=duration(latency.max_ns),
        waited_p50=duration(waited.p50_ns),
        waited_p99=duration(waited.p99_ns),
        served_p50=duration(served.p50_ns),
        served_p99=duration(served.p99_ns),
    )


_NO_TIMES = TimesFacts(count=0, p50_ns=None, p95_ns=None, p99_ns=None, max_ns=None)


def workload_view(info: RunInfo, facts: Facts) -> WorkloadView | None:
    """The workload and its course; None where no traffic was planned."""
    if facts.traffic is None:
        return None
    return WorkloadView(
        facts=_about(info, facts),
        course=tuple(_course(one) for one in facts.traffic.course),
        uncovered=tuple(
            (one_line(load.statement, limit=160), count(load.calls), load.reason)
            for source in facts.workload
            for load in source.uncovered
        ),
        realism=tuple(_realism(row) for source in facts.workload for row in source.realism),
        notes=tuple(note for source in facts.workload for note in source.notes),
    )


def _about(info: RunInfo, facts: Facts) -> tuple[tuple[str, str], ...]:
    traffic, spec = facts.traffic, info.scenario.traffic
    if traffic is None:
        return ()
    own = sum(1 for one in spec.operation if one.sql or one.pgbench)
    rows = [_source(source) for source in facts.workload]
    if own or not rows:
        rows.insert(0, ("Operations", f"{own or len(facts.operations)} written in the scenario"))
    rows += [
        ("Arrivals", f"open loop, {spec.arrival.value}, {traffic.rate:g}/s" + _variations(info)),
        ("Pool", _pool(info, traffic.actors)),
        ("Protocol", spec.protocol.value),
        ("Retries", _retries(info, traffic.retried, traffic.absorbed)),
    ]
    if spec.settings:
        rows.append(("Settings of the role", ", ".join(f"{key} = {value}" for key, value in spec.settings.items())))
    return tuple(rows)


def _source(source: WorkloadDerived) -> tuple[str, str]:
    where = f", {source.name}" if source.name else ""
    said = f"{plural(source.operations, 'operation')} {KINDS.get(source.source, source.source)}{where}"
    if source.calls:
        said += f": they stand for {source.covered_calls / source.calls:.1%} of {source.calls:,} calls"
        if source.time_ns:
            said += f" and {source.covered_time_ns / source.time_ns:.1%} of their time"
    return "Operations", said


def _variations(info: RunInfo) -> str:
    spec = info.scenario.traffic
    bursts = [f"bursts of {b.rate:g}/s for {b.duration} every {b.every}" for b in spec.burst]
    ramps = [f"ramp to {spec.ramp[-1].rate:g}/s by {spec.ramp[-1].at}"] if spec.ramp else []
    phases = [f"{p.rate:g}/s from phase {p.name!r}" for p in info.scenario.phase if p.rate is not None]
    return "".join(f", {part}" for part in (*bursts, *ramps, *phases))


def _pool(info: RunInfo, actors: int) -> str:
    spec = info.scenario.traffic
    parts = [plural(actors, "actor"), f"{spec.pooling.value} pooling"]
    if spec.server_connections:
        parts.append(plural(spec.server_connections, "server connection"))
    parts.append(f"checkout within {spec.pool_timeout}")
    if spec.max_waiters:
        parts.append(f"at most {spec.max_waiters} waiting")
    if spec.connect_cost not in ("0", "0s"):
        parts.append(f"a connection costs {spec.connect_cost}")
    return ", ".join(parts)


def _retries(info: RunInfo, retried: int, absorbed: int) -> str:
    spec = info.scenario.traffic
    if spec.retry is None and not any(one.retry for one in spec.operation):
        return "none"
    return f"{count(retried)} operations executed more than once, {count(absorbed)} of them made good"


def _course(one: CourseFacts) -> CourseRow:
    seconds = one.span.duration_ns / NS_PER_S
    mix = ", ".join(f"{name} {share:.0%}" for name, share in sorted(one.mix.items()) if name)
    return CourseRow(
        phase=one.phase,
        duration=f"{seconds:,.1f} s",
        scheduled=DASH if one.scheduled is None else f"{one.scheduled / seconds:,.4g}/s",
        offered=f"{one.offered / seconds:,.4g}/s",
        peak=f"{one.peak_rate:,.4g}/s",
        completed=count(one.completed),
        retried=count(one.retried),
        mix=mix or "every version",
    )


def _realism(row: StatementCompared) -> RealismView:
    return RealismView(
        operation=row.operation,
        statement=str(row.statement + 1),
        calls=count(row.calls),
        expected_rows=_number(row.rows_source),
        found_rows=_number(row.rows_here),
        expected_time=_ns(row.time_source_ns),
        found_time=row.error or _ns(row.time_here_ns),
        status=Status.OK if row.ok else Status.NOTE,
    )


def _number(value: float | None) -> str:
    return DASH if value is None else f"{value:,.4g}"


def _ns(value: float | None) -> str:
    return DASH if value is None else format_duration(round(value))


def trust_view(facts: Facts, judgement: Judgement) -> TrustView:
    """Aspects of the run's quality, those that stand in the way first, and the noise floor."""
    rows = sorted(judgement.trust, key=lambda check: -check.verdict.rank)
    return TrustView(
        rows=tuple(_aspect(check) for check in rows),
        noise=_noise(facts.traffic.noise) if facts.traffic else (),
    )


def _aspect(check: Check) -> BudgetRow:
    return BudgetRow(
        id=check.id,
        label=check.label,
        limit=check.limit or DASH,
        found=check.found or DASH,
        status=Status.of(check.verdict),
        blame=check.blame,
        note=check.note,
    )


def _noise(noise: NoiseFacts | None) -> tuple[tuple[str, str], ...]:
    if noise is None:
        return (("Noise floor", "not known: the baseline holds too few operations"),)
    how = f"estimated from {plural(noise.blocks, 'block')} of the baseline" if noise.blocks else "one A/A window"
    measured = ", and measured in an A/A window" if noise.calibrated and noise.blocks else ""
    return (
        ("Noise floor", f"what two windows of {noise.window_ns / NS_PER_S:,.1f} s differ by though nothing migrates"),
        ("p50", f"± {format_duration(noise.p50_ns)}"),
        ("p99", f"± {format_duration(noise.p99_ns)}"),
        ("Without an answer", f"± {format_duration(noise.outage_ns)}"),
        ("How", how + measured),
    )
