"""Events of the probes: experiments on clones of their own, made because traffic alone would not show it."""

import msgspec

from harness.events.base import Event
from harness.model.words import Pass


class QueueProbed(Event, tag="queue_probed", frozen=True, kw_only=True):
    """One idle long transaction stood on `relation` when the migration came to `statement`: who waited, and how long.

    `mode` is what the statement asks for there, as the trace pass saw it; `antagonist` what stood on it: reader (ACCESS
    SHARE and a snapshot) or writer (ROW EXCLUSIVE and a transaction id). `outcome`:

    - waiting: still, when the experiment ended;
    - cancelled: a timeout ended the wait (`sqlstate`, "" where a tool did not tell);
    - retried: every wait was ended by a timeout, and the statement tried again until the experiment ended;
    - given_up: it went on without the lock;
    - passed: it did not wait;
    - not_reached: the migration never came there (`sqlstate` is what it failed with).

    `waited_ns` is the longest single wait, ± `error_ns`, of `waits`; `waited_for` is what it waited for, as
    pg_locks.locktype says; `statement_waited` the statement that waited where it is another one. `reads_queued` and
    `writes_queued`: whether an ordinary read or write of the relation, sent while it waited, queued behind it, and for
    how long; None where none was sent. `left_behind`: what a cancelled CONCURRENTLY statement left unfinished, in
    words.
    """

    pass_: Pass
    statement: str
    relation: str
    mode: str
    antagonist: str
    outcome: str
    concurrently: bool = False
    sqlstate: str = ""
    waited_ns: int | None = None
    error_ns: int = 0
    waits: int = 0
    waited_for: str = ""
    statement_waited: str = ""
    reads_queued: bool | None = None
    reads_queued_ns: int | None = None
    writes_queued: bool | None = None
    writes_queued_ns: int | None = None
    left_behind: tuple[str, ...] = ()


class AppStatement(msgspec.Struct, frozen=True, kw_only=True):
    """A statement of the application: its operation, its number there (from 0), its text with placeholders."""

    operation: str
    statement: int
    sql: str


class DeadlockSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A deadlock of the migration with the application: who got 40P01 (a role), and what both sides were at."""

    victim: str
    statement: str
    application: tuple[AppStatement, ...]


class DeadlockProbed(Event, tag="deadlock_probed", frozen=True, kw_only=True):
    """The migration ran against `loopers` sessions that ran the application's operations as fast as they could.

    `rounds` times, each on a clone of its own, until a deadlock was seen or the rounds were over. `transactions` are
    the statements of the transactions that can deadlock; where there are none, or no operation, nothing was run and
    `skipped` says why. `executed` counts the application's transactions, `blocked` those that waited for the migration.
    """

    pass_: Pass
    loopers: int
    rounds: int
    transactions: tuple[tuple[str, ...], ...]
    executed: int
    blocked: int
    deadlocks: tuple[DeadlockSeen, ...]
    skipped: str = ""


class LockTimeoutTried(Event, tag="lock_timeout_tried", frozen=True, kw_only=True):
    """The `attempt`-th try, from 1, of a transaction under `lock_timeout_ms` while the application ran; rolled back.

    It began at `start_ns` and was over at `at_ns`; `statements` are those of the transaction, `sqlstate` "" is success.
    """

    pass_: Pass
    statements: tuple[str, ...]
    lock_timeout_ms: int
    attempt: int
    start_ns: int
    sqlstate: str = ""
