"""What is known of the change: each statement, its locks, waits, victims and work."""

from dataclasses import dataclass

from harness.model.spans import Span
from harness.model.words import Direction


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
    lock: str = ""
    """The statement's lock at fault, held or asked for: "AccessExclusiveLock on public.orders"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkFacts:
    """What one statement did to one relation that existed before (trace pass).

    `rows_before` is what it held before the statement, or before TRUNCATE emptied it in the same transaction.
    """

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
    transactions: int | None = None
    """How many transactions wrote, at most, where the statement may have committed on its way (DO, CALL)."""

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
class DeadlockSideFacts:
    """One session of a deadlock: what it waited for, behind whom, what it ran.

    `what` is the migration's statement (S2), an actor's operation, or ""; `query` has no literals.
    """

    pid: int
    who: str
    role: str
    what: str
    wanted: str
    blocked_by: str
    query: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlockFacts:
    """A deadlock the server resolved (40P01).

    `victim` names the session that got the error, `statement` the migration's statement under way then. `sides` are all
    sessions of it, the victim first, each waiting for the next; empty where the server's log did not tell.
    """

    at_ns: int
    victim: str
    role: str
    statement: str
    sides: tuple[DeadlockSideFacts, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LockSlotsFacts:
    """Slots of the shared lock table that a statement's transaction took at its end; `capacity` is production's.

    `capacity` = max_locks_per_transaction × (max_connections + max_prepared_transactions), as in the manual; `basis`
    says the numbers. `capacity_here` is this server's own.
    """

    slots: int
    locks: int
    capacity: int
    capacity_here: int
    basis: str

    @property
    def ratio(self) -> float:
        """The share of the whole table that this one transaction takes."""
        return self.slots / self.capacity if self.capacity else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedFacts:
    """What a statement would take with production's data on this hardware: an estimate from the quiet pass.

    `held_…` is from the statement to the end of its transaction, None where it holds no lock of mode SHARE or
    stronger; `…_low_ns` and `…_high_ns` are the interval. `reason` says why nothing is estimated.
    `factor` is production's size over the one here, 1.0 where the work does not grow with the table.
    """

    factor: float | None = None
    duration_ns: int | None = None
    duration_low_ns: int | None = None
    duration_high_ns: int | None = None
    held_ns: int | None = None
    held_low_ns: int | None = None
    held_high_ns: int | None = None
    reason: str = ""


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
    commands: tuple[str, ...] = ()
    """What a tool's statement defined, by event triggers, inside functions too: "ALTER TABLE public.orders"."""
    failed_attempts: int = 0
    """Attempts under load that ended with an error, retried or not."""
    lock_slots: LockSlotsFacts | None = None
    disk_bytes: int | None = None
    """How much larger the database was before the COMMIT than before the statement (quiet pass)."""
    at_production: ExpectedFacts | None = None
    """None without production's statistics."""
