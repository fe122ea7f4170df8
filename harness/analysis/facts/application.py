"""What the application felt: response times, operations, outages, the timeline, and who made life hard."""

from dataclasses import dataclass

from harness.model.spans import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyFacts:
    """Response times (end − due) of operations due in one window.

    Percentiles are exact order statistics, None when empty.
    """

    count: int
    failed: int
    p50_ns: int | None
    p95_ns: int | None
    p99_ns: int | None
    max_ns: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationFacts:
    """One operation of the workload over the load pass."""

    name: str
    version: str
    sql: tuple[str, ...]
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    offered: int
    completed: int
    failed: dict[str, int]
    """Unexpected errors by SQLSTATE, over the whole load pass after the baseline."""
    expected: dict[str, int]
    """Errors the operation declares as expected."""
    failed_in_baseline: dict[str, int]
    messages: dict[str, str]
    """First redacted message by SQLSTATE."""
    first_failed_ns: dict[str, int]
    baseline: LatencyFacts
    migrate: LatencyFacts
    rollback: LatencyFacts
    is_new: bool = False
    """Whether it belongs to the version that the migration is for: it need not work before or after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficFacts:
    """The application as a whole: baseline, the window of the migration, the window of the rollback.

    `outage_ns` is the longest time in which several operations were due and unfinished and none was answered.
    """

    rate: float
    actors: int
    offered: int
    completed: int
    failed: int
    pool_timeouts: int
    abandoned: int
    baseline: LatencyFacts
    migrate: LatencyFacts
    settle: LatencyFacts
    rollback: LatencyFacts
    outage_ns: int
    outage: Span | None
    outage_rollback_ns: int
    outage_rollback: Span | None
    noise_p99: tuple[int, int] | None
    """Lowest and highest p99 over equal parts of the baseline: differences within it mean nothing."""
    lag_p99_ns: int | None
    lag_max_ns: int | None
    cpu_ratio: float | None
    migrate_and_settle: LatencyFacts | None = None
    """The wider window, for a migration too short to hold enough operations."""
    outage_baseline_ns: int = 0
    """The same measure over the baseline: what is normal for this workload."""
    late: int = 0
    """Operations dispatched late although a connection was free."""
    offered_rate: float | None = None
    """Operations that really fell due, per second."""
    failed_in_baseline: int = 0
    lost: str = ""
    """Why the generator stopped before its time, "" when it did not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The load pass in equal buckets of `bucket_ns` from `start_ns`; every tuple has one entry a bucket.

    `completed` and `failed` count ends, `offered` counts dues. Latencies charge an operation to every bucket between
    its due and its end (so an outage is not flat); None where no operation was under way. `blocked_actors` is the
    largest number of actors waiting because of the migration at once in the bucket. `wal_bytes` are written in the
    bucket.
    """

    start_ns: int
    bucket_ns: int
    offered: tuple[int, ...]
    completed: tuple[int, ...]
    failed: tuple[int, ...]
    errors_by_class: dict[str, tuple[int, ...]]
    p50_ns: tuple[int | None, ...]
    p95_ns: tuple[int | None, ...]
    p99_ns: tuple[int | None, ...]
    max_ns: tuple[int | None, ...]
    blocked_actors: tuple[int, ...]
    wal_bytes: tuple[int | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AntagonistFacts:
    """One act of an antagonist."""

    kind: str
    table: str
    pid: int
    span: Span
