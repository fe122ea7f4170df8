"""Events of the witness.

Sessions, lock waits of the server log, holds from pg_locks, errors, WAL, sizes, its own cost.
"""

import msgspec

from harness.events.base import Event
from harness.model.words import Pass, Role


class SessionSeen(Event, tag="session_seen", frozen=True, kw_only=True):
    """A backend: its pid and the role its application_name says; `name` is the rest (actor number, antagonist kind)."""

    pass_: Pass
    pid: int
    role: Role
    name: str = ""


class RelationSeen(Event, tag="relation_seen", frozen=True, kw_only=True):
    """A relation and its oid, at the start of a pass or when it appeared; `existed` at the start of the pass.

    `table` is the owning table of an index or TOAST table. `rows` is exact where counted, else pg_class.reltuples;
    None unknown.
    """

    pass_: Pass
    oid: int
    relation: str
    kind: str
    existed: bool
    table: str = ""
    rows: int | None = None
    size_bytes: int | None = None


class LockWaited(Event, tag="lock_waited", frozen=True, kw_only=True):
    """One wait for a lock, from the server log (exact) or, while it lasted past the end of the run, from what was seen.

    The wait lasted from `start_ns` to `end_ns`; `waited_ns` is the server's own figure (exact to 1 µs), placed on the
    run's clock with ± `error_ns`. `target` is relation, tuple, transactionid, virtualxid, object, page, extend or
    advisory. `outcome`: acquired, cancelled (lock_timeout, statement_timeout, cancel), deadlock, or waiting (still at
    the end). `holders` and `queue` are the pids the server named when the wait had lasted deadlock_timeout: who held
    it, who queued before and with us, in order.
    """

    pass_: Pass
    pid: int
    role: Role
    mode: str
    target: str
    relation: str
    start_ns: int
    end_ns: int
    waited_ns: int
    error_ns: int
    outcome: str
    holders: tuple[int, ...]
    queue: tuple[int, ...]
    source: str = "log"
    query: str = ""
    """What the waiting session ran, its literals removed; "" where the log did not say it."""


class WaitSeen(Event, tag="wait_seen", frozen=True, kw_only=True):
    """A wait for a lock as pg_locks showed it, from the second witness beside the server's log.

    It began at `start_ns` by pg_locks.waitstart ± `error_ns`, and still went on at `seen_ns` (when the last poll that
    showed it was sent, exact). `polls` showed it. Only waits of at least 20 ms are told.
    """

    pass_: Pass
    pid: int
    role: Role
    mode: str
    target: str
    start_ns: int
    seen_ns: int
    error_ns: int
    polls: int


class BlockerSeen(Event, tag="blocker_seen", frozen=True, kw_only=True):
    """A session that stood in the way of a wait of the migration (`blocked`), asked of the server while it did.

    `modes` are what it held on the relation waited for, fast-path locks included; empty for a wait for something else,
    or where it queued itself. `state` is pg_stat_activity's, `query` its last one with its literals removed,
    `transaction_start_ns` when its transaction began, None outside of one.
    """

    pass_: Pass
    blocked: int
    pid: int
    role: Role
    modes: tuple[str, ...]
    state: str
    query: str
    transaction_start_ns: int | None


class DeadlockSide(msgspec.Struct, frozen=True, kw_only=True):
    """One process of a deadlock: what it waited for (as LockWaited says it), behind whom, and what it ran."""

    pid: int
    role: Role
    mode: str
    target: str
    relation: str
    blocked_by: int
    query: str


class DeadlockReported(Event, tag="deadlock_reported", frozen=True, kw_only=True):
    """A deadlock as the server's log describes it: the victim's pid first among `sides`, each waiting for the next."""

    pass_: Pass
    pid: int
    sides: tuple[DeadlockSide, ...]


class DdlLogged(Event, tag="ddl_logged", frozen=True, kw_only=True):
    """A statement of definition of a tool, told by an event trigger while it still had its locks, ± `error_ns`.

    `trigger` is ddl_command_end, table_rewrite or sql_drop; `objects` are qualified names. It may stand in a function.
    """

    pass_: Pass
    pid: int
    trigger: str
    command: str
    objects: tuple[str, ...]
    error_ns: int


class LockHeld(Event, tag="lock_held", frozen=True, kw_only=True):
    """A granted relation lock seen by polling pg_locks.

    Each end lies midway between a poll that shows it and the nearest that does not; the truth is within ± `error_ns` of
    each, so a hold seen once has a length too.
    """

    pass_: Pass
    pid: int
    role: Role
    relation: str
    kind: str
    mode: str
    start_ns: int
    end_ns: int
    error_ns: int
    existed: bool = True


class ServerErrorLogged(Event, tag="server_error_logged", frozen=True, kw_only=True):
    """An ERROR, FATAL or PANIC of the server log, its message redacted."""

    pass_: Pass
    pid: int
    role: Role
    severity: str
    sqlstate: str
    message: str


class ServerSampled(Event, tag="server_sampled", frozen=True, kw_only=True):
    """Server counters at an instant: WAL bytes since the pass began, database size, actors seen waiting for a lock."""

    pass_: Pass
    wal_bytes: int
    database_bytes: int
    waiting_actors: int
    active_actors: int


class ObserverMeasured(Event, tag="observer_measured", frozen=True, kw_only=True):
    """The witness's own cost in a pass.

    Polls, their time, the interval asked for and the longest gap between two polls.
    """

    pass_: Pass
    polls: int
    poll_ns_total: int
    poll_ns_max: int
    interval_ns: int
    gap_ns_max: int
    log_lines: int
    log_complete: bool


class StateSeen(Event, tag="state_seen", frozen=True, kw_only=True):
    """What stands in the database at a named moment (before, after_up, after_down) that should not stay.

    Invalid indexes, …
    """

    pass_: Pass
    moment: str
    invalid_indexes: tuple[str, ...]
    unvalidated_constraints: tuple[str, ...]
    unindexed_foreign_keys: tuple[str, ...]
    relation_bytes: int | None = None
    """All tables and materialized views of the user's, with their indexes and TOAST tables."""


class TableCount(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of one table at the beginning and after the way back."""

    relation: str
    rows_before: int
    rows_after: int | None
    identical: bool
