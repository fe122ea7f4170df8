"""Events of the migration: steps, statements, transactions, exact locks and work of the trace pass."""

import msgspec

from harness.events.base import Event
from harness.model.words import Direction, Pass


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """A hazard that a comment above the statement accepts: `-- rehearse: accept table_rewrite (reason)`."""

    hazard: str
    reason: str


class StepStarted(Event, tag="step_started", frozen=True, kw_only=True):
    """A step (file or revision) begins; `attempt` counts from 1."""

    pass_: Pass
    direction: Direction
    step: str
    attempt: int


class StepEnded(Event, tag="step_ended", frozen=True, kw_only=True):
    """A step ended; `sqlstate` is "" when it succeeded. `will_retry` says that another attempt follows.

    `left_open`: the script, run as it is written, left a transaction open at its end, which was rolled back.
    """

    pass_: Pass
    direction: Direction
    step: str
    attempt: int
    sqlstate: str
    will_retry: bool = False
    left_open: bool = False


class StatementStarted(Event, tag="statement_started", frozen=True, kw_only=True):
    """A statement was sent.

    `statement` is S1, S2, … going up and R1, R2, … going down, the same in every pass and attempt; for a tool's own
    session they number the statements in the order of the log. A COMMIT has no number; one that failed is told as S3c,
    after S3. `file`, `line` and `column` (1-based) are "" and 0 for
    a tool's. `transaction` numbers the migration's transactions of this pass from 1; a statement outside any has one
    to itself. `lock_timeout_ms` and `statement_timeout_ms` are what was in force, 0 for none, None where not known.
    `error_ns` bounds `at_ns`.
    """

    pass_: Pass
    direction: Direction
    statement: str
    step: str
    attempt: int
    file: str
    line: int
    column: int
    sql: str
    tag: str
    """The command tag the parse tree gives: ALTER TABLE, CREATE INDEX CONCURRENTLY, UPDATE, …"""
    fingerprint: str
    transaction: int
    autocommit: bool
    pid: int
    lock_timeout_ms: int | None = None
    statement_timeout_ms: int | None = None
    accepts: tuple[Accepted, ...] = ()
    error_ns: int = 0


class StatementEnded(Event, tag="statement_ended", frozen=True, kw_only=True):
    """The statement's result arrived.

    `sqlstate` "" is success. `position` is the 1-based character the server points at.
    """

    pass_: Pass
    direction: Direction
    statement: str
    attempt: int
    sqlstate: str
    message: str = ""
    position: int = 0
    rows: int | None = None
    left_behind: tuple[str, ...] = ()
    """After a failure: what is there now and was not before (an invalid index, a committed half), in words."""


class TransactionEnded(Event, tag="transaction_ended", frozen=True, kw_only=True):
    """A transaction of the migration ended: its locks are gone from here on.

    `sent_ns` is when what ended it was sent, None where not known: the locks went between then and `at_ns`.
    """

    pass_: Pass
    direction: Direction
    transaction: int
    committed: bool
    error_ns: int = 0
    sent_ns: int | None = None


class MigrationPaused(Event, tag="migration_paused", frozen=True, kw_only=True):
    """The harness let the migration wait from `start_ns` to `at_ns`, until an antagonist aimed at it was in place.

    No transaction of the migration was open; the time is none of the migration's own. `before` are the statements of
    the transaction that came next.
    """

    pass_: Pass
    direction: Direction
    start_ns: int
    before: tuple[str, ...]


class TakenLock(msgspec.Struct, frozen=True, kw_only=True):
    """One relation lock: qualified name, relkind, mode as in pg_locks; `existed` before the statement's transaction."""

    relation: str
    kind: str
    mode: str
    existed: bool
    oid: int
    parent: str = ""
    """For an index or TOAST table: the table it belongs to."""


class LocksTaken(Event, tag="locks_taken", frozen=True, kw_only=True):
    """Trace pass: the locks a statement added to its transaction, read before the commit, or polled where it has none.

    `exact` is false for polled ones: a lock shorter than the polling interval can be missing.
    """

    pass_: Pass
    direction: Direction
    statement: str
    locks: tuple[TakenLock, ...]
    exact: bool


class WorkDone(Event, tag="work_done", frozen=True, kw_only=True):
    """Trace pass: what one statement did to one relation that existed before it.

    `rewritten`: the relfilenode changed (TRUNCATE excepted, which sets `truncated`). Rows read (heap and index),
    inserted, updated, deleted come from the transaction's statistics; None where they could not be had. `rows_before`
    is what the table held. `transactions`: how many transactions wrote, at most, where the statement may have committed
    on its way.
    """

    pass_: Pass
    direction: Direction
    statement: str
    relation: str
    kind: str
    rewritten: bool
    truncated: bool
    dropped: bool
    rows_before: int | None
    bytes_before: int
    bytes_after: int | None
    rows_scanned: int | None
    rows_fetched_by_index: int | None
    rows_inserted: int | None
    rows_updated: int | None
    rows_deleted: int | None
    transactions: int | None = None


class WalWritten(Event, tag="wal_written", frozen=True, kw_only=True):
    """Trace pass: WAL bytes a statement wrote (pg_current_wal_insert_lsn after − before, nothing else running)."""

    pass_: Pass
    direction: Direction
    statement: str
    wal_bytes: int


class ToolEnded(Event, tag="tool_ended", frozen=True, kw_only=True):
    """A tool's process ended; `output` is its last lines, credentials masked, data lines removed."""

    pass_: Pass
    direction: Direction
    command: str
    exit_code: int
    output: str
