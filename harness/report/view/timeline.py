"""The timeline of the load pass: seconds since its start, equal buckets, and rows of bars."""

from dataclasses import dataclass
from statistics import median_low
from typing import TypeVar

from harness.analysis.facts import Facts, Timeline
from harness.model.spans import Span
from harness.model.units import NS_PER_MS, NS_PER_S, format_duration, plural
from harness.report.view.bars import Bar, BarRow, lock_rows, phase_bars, statement_rows

MOST_BUCKETS = 600
"""A lane is about 1,100 pixels wide: more buckets than half of that cannot be told apart and only weigh."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A stretch of time shaded across all lanes; `kind` is migrate, rollback or outage."""

    kind: str
    from_s: float
    to_s: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineView:
    """Lanes over one axis of seconds; every series has one entry a bucket, None is a gap.

    `merged` says how many recorded buckets one shown bucket joins: counts are summed, latencies and blocked actors
    take the worst (p50 the lower median), so that no stall is averaged away.
    """

    origin_ns: int
    length_s: float
    bucket_s: float
    merged: int
    rate: float
    actors: int
    starts_s: tuple[float, ...]
    offered_per_s: tuple[float, ...]
    completed_per_s: tuple[float, ...]
    failed_per_s: tuple[float, ...]
    errors: tuple[tuple[str, tuple[int, ...]], ...]
    p50_ms: tuple[float | None, ...]
    p95_ms: tuple[float | None, ...]
    p99_ms: tuple[float | None, ...]
    max_ms: tuple[float | None, ...]
    baseline_p99_ms: float | None
    blocked: tuple[int, ...]
    wal_bytes: tuple[int | None, ...]
    phases: tuple[Bar, ...]
    statements: tuple[BarRow, ...]
    statements_hidden: int
    locks: tuple[BarRow, ...]
    locks_hidden: int
    bands: tuple[Band, ...]


def build_timeline(facts: Facts) -> TimelineView | None:
    """The lanes, or None where no load pass was recorded."""
    line = facts.timeline
    if line is None or not line.offered:
        return None
    size = -(-len(line.offered) // MOST_BUCKETS)
    bucket_s = line.bucket_ns * size / NS_PER_S
    window = Span(line.start_ns, line.start_ns + line.bucket_ns * len(line.offered))
    statements, statements_hidden = statement_rows(facts, window)
    locks, locks_hidden = lock_rows(facts, window)
    traffic = facts.traffic
    baseline_p99 = traffic.baseline.p99_ns if traffic else None
    return TimelineView(
        origin_ns=line.start_ns,
        length_s=window.duration_ns / NS_PER_S,
        bucket_s=bucket_s,
        merged=size,
        rate=traffic.rate if traffic else 0.0,
        actors=traffic.actors if traffic else 0,
        starts_s=tuple(round(i * bucket_s, 3) for i in range(-(-len(line.offered) // size))),
        offered_per_s=_rates(line.offered, size, bucket_s),
        completed_per_s=_rates(line.completed, size, bucket_s),
        failed_per_s=_rates(line.failed, size, bucket_s),
        errors=tuple((name, _sums(counts, size)) for name, counts in sorted(line.errors_by_class.items())),
        p50_ms=_latencies(line.p50_ns, size, worst=False),
        p95_ms=_latencies(line.p95_ns, size),
        p99_ms=_latencies(line.p99_ns, size),
        max_ms=_latencies(line.max_ns, size),
        baseline_p99_ms=baseline_p99 / NS_PER_MS if baseline_p99 else None,
        blocked=tuple(max(part) for part in _parts(line.blocked_actors, size)),
        wal_bytes=_sums_known(line.wal_bytes, size),
        phases=phase_bars(facts, window),
        statements=statements,
        statements_hidden=statements_hidden,
        locks=locks,
        locks_hidden=locks_hidden,
        bands=_bands(facts, line),
    )


T = TypeVar("T")


def _parts(values: tuple[T, ...], size: int) -> list[tuple[T, ...]]:
    return [values[i : i + size] for i in range(0, len(values), size)]


def _sums(values: tuple[int, ...], size: int) -> tuple[int, ...]:
    return tuple(sum(part) for part in _parts(values, size))


def _sums_known(values: tuple[int | None, ...], size: int) -> tuple[int | None, ...]:
    known = [[value for value in part if value is not None] for part in _parts(values, size)]
    return tuple(sum(part) if part else None for part in known)


def _rates(values: tuple[int, ...], size: int, bucket_s: float) -> tuple[float, ...]:
    return tuple(round(total / bucket_s, 2) for total in _sums(values, size))


def _latencies(values: tuple[int | None, ...], size: int, *, worst: bool = True) -> tuple[float | None, ...]:
    known = [[value for value in part if value is not None] for part in _parts(values, size)]
    pick = max if worst else median_low
    return tuple(round(pick(part) / NS_PER_MS, 3) if part else None for part in known)


def _bands(facts: Facts, line: Timeline) -> tuple[Band, ...]:
    """Migration, rollback, and outages of at least two buckets: shorter ones are the pauses of any traffic."""
    traffic = facts.traffic
    stretches = [
        ("migrate", facts.migrate_span, "migrate"),
        ("rollback", facts.rollback_span, "rollback"),
    ]
    if traffic:
        stretches += [("outage", span, _outage_label(span)) for span in (traffic.outage, traffic.outage_rollback)]
    return tuple(
        Band(
            kind=kind,
            from_s=(span.start_ns - line.start_ns) / NS_PER_S,
            to_s=(span.end_ns - line.start_ns) / NS_PER_S,
            label=label,
        )
        for kind, span, label in stretches
        if span is not None and (kind != "outage" or span.duration_ns >= 2 * line.bucket_ns)
    )


def _outage_label(span: Span | None) -> str:
    return f"nothing completed for {format_duration(span.duration_ns)}" if span else ""


def hidden_note(hidden: int, noun: str) -> str:
    """What is said where rows do not fit, "" where all do."""
    return f"{plural(hidden, 'more ' + noun)} not drawn (see the table)" if hidden else ""
