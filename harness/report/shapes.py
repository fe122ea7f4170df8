"""The shapes of rehearsal.json's measured parts; docs/formats.md says what each field holds."""

import msgspec


class Environment(msgspec.Struct, frozen=True, kw_only=True):
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
    restore_ms: float | None
    clone_method: str
    clone_ms: float | None


class Lock(msgspec.Struct, frozen=True, kw_only=True):
    """The strongest mode on a relation that existed before, per direction."""

    relation: str
    mode: str
    direction: str
    kind: str


class Rewrite(msgspec.Struct, frozen=True, kw_only=True):
    """A relation whose file was replaced."""

    relation: str
    direction: str


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """One statement; null is "not measured". Held, waited and blocked others are three numbers, never added."""

    id: str
    direction: str
    step: str
    file: str | None
    line: int | None
    sql: str
    fingerprint: str
    work: str
    attempts: int
    start_ms: float | None
    end_ms: float | None
    duration_ms: float | None
    held_ms: float | None
    held_error_ms: float | None
    waited_ms: float | None
    waited_error_ms: float | None
    blocked_max_ms: float | None
    blocked_error_ms: float | None
    blocked_actors: int
    wal_bytes: int | None
    sqlstate: str | None
    message: str | None
    left_behind: tuple[str, ...]


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """Response times (end − due) of one window; null where it holds no operation."""

    count: int
    failed: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    max_ms: float | None


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One operation; `failed` and `expected` count errors by SQLSTATE."""

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


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One object that is not as it was before; `pass` is trace (quiet) or load."""

    kind: str
    identity: str
    change: str
    before: str
    after: str
    pass_: str = msgspec.field(name="pass")


class ChangedTable(msgspec.Struct, frozen=True, kw_only=True):
    """A table whose rows are not as before; `rows_after` null: the table is gone."""

    relation: str
    rows_before: int
    rows_after: int | None


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """Acknowledged writes that were looked up at the end."""

    acknowledged: int
    kept: int | None
    missing: dict[str, int]
    not_followed: tuple[str, ...]


class Rollback(msgspec.Struct, frozen=True, kw_only=True):
    """The way back; `result` is ok, column_order, schema_drift, data_loss, fails or none."""

    result: str
    verified: bool
    duration_ms: float | None
    failed_statement: str | None
    fails_in: str | None
    differences: tuple[Difference, ...]
    changed_tables: tuple[ChangedTable, ...]
    sequences_backwards: tuple[str, ...]
    tables_compared: int
    rows_compared: int
    ledger: Ledger | None


class Invariant(msgspec.Struct, frozen=True, kw_only=True):
    """One check of an invariant; `violations` null where its query failed."""

    name: str
    moment: str
    violations: int | None
    sqlstate: str | None


class Quality(msgspec.Struct, frozen=True, kw_only=True):
    """A limit of what this run proves."""

    subject: str
    message: str
    inconclusive: bool
    remedy: str
