"""The shapes of rehearsal.json's traffic; docs/formats.md says what each field holds."""

import msgspec


class Times(msgspec.Struct, frozen=True, kw_only=True):
    """Order statistics of one part of the response time."""

    count: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    max_ms: float | None


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """Response times (end − due) of one window; null where it holds no operation.

    The wait for a connection and the service (end − start) are told apart from it and do not add up to it.
    """

    count: int
    failed: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    max_ms: float | None
    pool_wait: Times | None = None
    service: Times | None = None


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One operation; `failed`, `expected` and `absorbed` (by a retry) count errors by SQLSTATE."""

    name: str
    version: str
    offered: int
    completed: int
    failed: dict[str, int]
    expected: dict[str, int]
    failed_in_baseline: dict[str, int]
    baseline: Latency
    migrate: Latency
    rollback: Latency
    settle: Latency | None = None
    calibrate: Latency | None = None
    absorbed: dict[str, int] = {}
    retried: int = 0
    executions: int | None = None
    misses: int | None = None


class Error(msgspec.Struct, frozen=True, kw_only=True):
    """Errors of one operation with one SQLSTATE: seen by users, absorbed by retries, expected by the operation."""

    operation: str
    version: str
    sqlstate: str
    error_class: str = msgspec.field(name="class")
    seen: int
    absorbed: int
    expected: int
    seen_in: dict[str, int]
    message: str


class Noise(msgspec.Struct, frozen=True, kw_only=True):
    """What two windows of `window_ms` differ by though nothing migrates in either."""

    window_ms: float
    blocks: int
    p50_ms: float
    p99_ms: float
    outage_ms: float
    calibrated: bool


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """One phase of the load pass; `scheduled` null where the course of the rate is not known."""

    phase: str
    start_ms: float
    end_ms: float
    offered: int
    scheduled: float | None
    peak_per_second: float
    completed: int
    retried: int
    versions: dict[str, float]


class Uncovered(msgspec.Struct, frozen=True, kw_only=True):
    """A normalized statement of the source that no operation stands for."""

    statement: str
    calls: int
    time_ms: float
    reason: str


class Realism(msgspec.Struct, frozen=True, kw_only=True):
    """A derived statement (from 0 in its operation) as its source knows it and as it ran on the clone."""

    operation: str
    statement: int
    calls: int
    rows_source: float | None
    rows_here: float | None
    time_source_ms: float | None
    time_here_ms: float | None
    ok: bool
    error: str


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where operations came from that the scenario does not write out: auto, from_log, from_statements."""

    source: str
    name: str
    operations: int
    rate: float | None
    calls: int
    covered_calls: int
    time_ms: float
    covered_time_ms: float
    uncovered: tuple[Uncovered, ...]
    realism: tuple[Realism, ...]
    notes: tuple[str, ...]


class Traffic(msgspec.Struct, frozen=True, kw_only=True):
    """The application as a whole."""

    rate: float
    actors: int
    offered: int
    completed: int
    failed: int
    pool_timeouts: int
    abandoned: int
    baseline: Latency
    migrate: Latency
    settle: Latency
    rollback: Latency
    outage_ms: float | None
    outage_rollback_ms: float | None
    outage_baseline_ms: float | None = None
    calibrate: Latency | None = None
    noise: Noise | None = None
    course: tuple[Course, ...] = ()
    slow: int = 0
    slow_from_ms: float | None = None
    retried: int = 0
    absorbed: int = 0
    expected: int = 0
    dispatch_lag_p99_ms: float | None = None
    dispatch_lag_max_ms: float | None = None
    late: int = 0
    generator_cpu_ratio: float | None = None
    connect_failures: int = 0


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """The load pass in buckets of `bucket_ms`; one entry a bucket, null is a gap. `start_ms` counts from the run."""

    start_ms: float
    bucket_ms: float
    offered: tuple[int, ...]
    completed: tuple[int, ...]
    failed: tuple[int, ...]
    errors_by_class: dict[str, tuple[int, ...]]
    p50_ms: tuple[float | None, ...]
    p95_ms: tuple[float | None, ...]
    p99_ms: tuple[float | None, ...]
    max_ms: tuple[float | None, ...]
    blocked_actors: tuple[int, ...]
    wal_bytes: tuple[int | None, ...]
