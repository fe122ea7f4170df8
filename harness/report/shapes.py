"""The shapes of rehearsal.json's measured parts; docs/formats.md says what each field holds.

Those of the traffic are in `traffic_shapes`.
"""

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
    lock_slots: int | None = None
    lock_slots_capacity: int | None = None
    disk_bytes: int | None = None
    expected_duration_ms_at_production: float | None = None
    expected_duration_low_ms_at_production: float | None = None
    expected_duration_high_ms_at_production: float | None = None
    expected_held_ms_at_production: float | None = None
    expected_held_low_ms_at_production: float | None = None
    expected_held_high_ms_at_production: float | None = None
    not_expected_because: str | None = None
    commands: tuple[str, ...] = ()


class ChainNode(msgspec.Struct, frozen=True, kw_only=True):
    """One session of a lock queue, with those that wait for it, in order; null or "" is not known or does not apply."""

    pid: int
    who: str
    role: str
    statement: str
    operation: str
    sql: str
    wants: str
    behind: str
    waited_ms: float | None
    error_ms: float | None
    holds: str
    since_ms: float | None
    waiting: tuple["ChainNode", ...]


class BlockedShare(msgspec.Struct, frozen=True, kw_only=True):
    """Waits of one operation that one lock of a statement caused; `behind` held or queue. The waits overlap in time."""

    lock: str
    behind: str
    operation: str
    waits: int
    actors: int
    total_ms: float | None
    max_ms: float | None


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """The lock queue around a statement when most sessions waited because of it; `at_ms` counts from the run."""

    statement: str
    direction: str
    at_ms: float | None
    blocked: int
    roots: tuple[ChainNode, ...]
    shares: tuple[BlockedShare, ...]


class DeadlockSide(msgspec.Struct, frozen=True, kw_only=True):
    """One session of a deadlock; `what` is a statement of the migration or an operation, "" otherwise."""

    pid: int
    who: str
    role: str
    what: str
    wanted: str
    blocked_by: str
    query: str


class Deadlock(msgspec.Struct, frozen=True, kw_only=True):
    """A deadlock the server resolved; the victim's side first, each waiting for the next. Times count from the run."""

    at_ms: float | None
    victim: str
    role: str
    statement: str | None
    sides: tuple[DeadlockSide, ...]


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
    at_once: str = "none"
    """Going up and down at once, in the quiet pass: as `result`."""
    after_new_writes: str = "none"
    """The same after both versions had written: ok, data_loss, fails or none."""


class Invariant(msgspec.Struct, frozen=True, kw_only=True):
    """One check of an invariant; `violations` null where its query failed."""

    name: str
    moment: str
    violations: int | None
    sqlstate: str | None
    pass_: str = msgspec.field(default="load", name="pass")


class Quality(msgspec.Struct, frozen=True, kw_only=True):
    """A limit of what this run proves."""

    subject: str
    message: str
    inconclusive: bool
    remedy: str
