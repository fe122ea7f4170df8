"""The facts of a run: every number a report or a check uses, computed once, each with its error bound.

Times are ns since the run started. `None` is "not measured", never 0. `error_ns` is a ± bound, not a deviation.
"""

from dataclasses import dataclass

from harness.model.catalog import Difference
from harness.model.spans import Span
from harness.model.words import Direction, Pass, PhaseKind


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseFacts:
    """One phase as it ran; `name` is the scenario's."""

    pass_: Pass
    phase: PhaseKind
    name: str
    span: Span
    ok: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LockFacts:
    """One relation lock a statement took: mode and relation; `span` is when it was held under load.

    `held_ns` is None where only the trace pass saw it; `error_ns` bounds it. `exact` is false for a lock known from
    polling alone. `used_by_traffic`: an operation reads or writes the relation (or the table the index belongs to).
    """

    relation: str
    kind: str
    mode: str
    existed: bool
    exact: bool
    used_by_traffic: bool
    span: Span | None
    held_ns: int | None
    error_ns: int
    table: str = ""
    """The table that an index or TOAST table belongs to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitFacts:
    """One wait of the migration for a lock: behind whom, how long; `blockers` are told as "long_reader (pid 812)"."""

    relation: str
    mode: str
    target: str
    span: Span
    waited_ns: int
    error_ns: int
    outcome: str
    blockers: tuple[str, ...]
    blocker_roles: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockedFacts:
    """One wait of an actor that a statement of the migration caused, through whatever chain.

    `behind` is "held" when the migration held the lock, "queue" when the actor queued behind its request. `operation`
    is the operation that the actor ran, "" where not known.
    """

    actor: int
    pid: int
    operation: str
    relation: str
    mode: str
    span: Span
    waited_ns: int
    error_ns: int
    behind: str
    chain: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkFacts:
    """What one statement did to one relation that existed before (trace pass)."""

    relation: str
    kind: str
    rewritten: bool
    truncated: bool
    dropped: bool
    rows_before: int | None
    bytes_before: int
    rows_scanned: int | None
    rows_fetched_by_index: int | None
    rows_changed: int | None
    rows_inserted: int | None = None
    """Of `rows_changed`: new rows, which lock nobody else's."""

    @property
    def rows_read(self) -> int:
        """Rows read by sequential or index access, 0 where not measured."""
        return (self.rows_scanned or 0) + (self.rows_fetched_by_index or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedFacts:
    """A hazard accepted by a comment above the statement; `relation` "" accepts it on any relation."""

    hazard: str
    reason: str
    relation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlockFacts:
    """A deadlock the server resolved (40P01).

    `victim` names the session that got the error, `statement` the migration's statement under way then.
    """

    at_ns: int
    victim: str
    role: str
    statement: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementFacts:
    """One statement, its trace and its load run joined.

    `work` is catalog, scan, rewrite, index or data. `span` is the load run's last attempt (the trace run's where
    there was no load run). `transaction_span` lasts to the end of its transaction, which is how long its locks were
    held. `held_ns` is the longest hold of a lock of mode SHARE or stronger on a relation that existed; `waited_ns`
    the sum of its waits; `blocked` whom it made wait. These three are never added. `below_ns` is the shortest wait
    the log shows.
    """

    id: str
    direction: Direction
    step: str
    file: str
    line: int
    column: int
    sql: str
    tag: str
    fingerprint: str
    work: str
    transaction: int
    autocommit: bool
    attempts: int
    span: Span | None
    transaction_span: Span | None
    duration_ns: int | None
    trace_duration_ns: int | None
    held_ns: int | None
    held_error_ns: int
    waited_ns: int
    waited_error_ns: int
    blocked_max_ns: int
    blocked_total_ns: int
    blocked_actors: int
    blocked_error_ns: int
    locks: tuple[LockFacts, ...]
    waits: tuple[WaitFacts, ...]
    blocked: tuple[BlockedFacts, ...]
    relations: tuple[WorkFacts, ...]
    wal_bytes: int | None
    lock_timeout_ms: int | None
    statement_timeout_ms: int | None
    sqlstate: str
    message: str
    position: int
    left_behind: tuple[str, ...]
    trace_sqlstate: str
    accepts: tuple[AcceptedFacts, ...] = ()
    trace_message: str = ""
    failed_attempts: int = 0
    """Attempts under load that ended with an error, retried or not."""


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
class RollbackFacts:
    """The way back: `result` is ok, column_order, schema_drift, data_loss, fails or none (not there or not run).

    `fails_in` names the pass in which a down statement failed. `rows_missing` by relation, quiet pass. `ledger_*` count
    acknowledged writes of the load pass.
    """

    result: str
    differences: tuple[Difference, ...]
    load_differences: tuple[Difference, ...]
    changed_tables: tuple[tuple[str, int, int | None], ...]
    """Relation, rows before, rows after (None: the table is gone) of tables that are not identical."""
    tables_compared: int
    rows_compared: int
    sequences_backwards: tuple[str, ...]
    duration_ns: int | None
    failed_statement: str
    fails_in: str
    ledger_acknowledged: int | None
    ledger_kept: int | None
    ledger_missing: dict[str, int]
    ledger_not_followed: tuple[str, ...]
    verified: bool
    """Whether both schema and rows were really compared after a down path that ran to its end."""
    schema_compared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class InvariantFacts:
    """One check of an invariant; `violations` None when its query failed."""

    name: str
    moment: str
    violations: int | None
    sqlstate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StateFacts:
    """What stood in the database after going up and after going down, and did not before."""

    invalid_indexes_after_up: tuple[str, ...]
    invalid_indexes_after_down: tuple[str, ...]
    unvalidated_constraints_after_up: tuple[str, ...]
    unindexed_foreign_keys_after_up: tuple[str, ...]
    destroyed_by_up: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityNote:
    """A limit of what this run proves."""

    subject: str
    message: str
    inconclusive: bool
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AntagonistFacts:
    """One act of an antagonist."""

    kind: str
    table: str
    pid: int
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentFacts:
    """Where it ran and on what."""

    engine: str
    engine_reason: str
    description: str
    server_version: str
    snapshot_source: str
    snapshot_digest: str
    snapshot_bytes: int
    snapshot_rows: int
    snapshot_cached: bool
    restore_ns: int | None
    clone_method: str
    clone_ns: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that is known about a run."""

    environment: EnvironmentFacts | None
    phases: tuple[PhaseFacts, ...]
    statements: tuple[StatementFacts, ...]
    operations: tuple[OperationFacts, ...]
    traffic: TrafficFacts | None
    timeline: Timeline | None
    antagonists: tuple[AntagonistFacts, ...]
    rollback: RollbackFacts
    invariants: tuple[InvariantFacts, ...]
    state: StateFacts
    quality: tuple[QualityNote, ...]
    migrate_span: Span | None
    rollback_span: Span | None
    settle_span: Span | None
    baseline_span: Span | None
    wal_bytes: int | None
    disk_growth_bytes: int | None
    observer_cost_ratio: float | None
    """Time spent polling over the time observed."""
    deadlock_timeout_ns: int
    complete: bool
    interrupted: str
    deadlocks: tuple[DeadlockFacts, ...] = ()
    database_bytes_before: int | None = None
    up_failed_tool: str = ""
    """A tool's last output where its process failed going up, "" when it succeeded or none ran."""
    rollback_ran: bool = False
