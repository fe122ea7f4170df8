"""What the antagonists do: the main function of their process, one thread with one connection each."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from multiprocessing.connection import Connection as Pipe
from typing import Final

import psycopg
from psycopg import pq, sql
from psycopg.conninfo import make_conninfo

from harness.events.traffic import AntagonistActed
from harness.model.clock import RunClock
from harness.model.redaction import mask_credentials
from harness.model.units import NS_PER_MS, NS_PER_S
from harness.model.words import Role
from harness.postgres.connect import connect

_BATCH: Final = 1_000  # rows a bulk_writer updates per statement: the size of a usual batch job
_BETWEEN_VACUUMS_NS: Final = 50 * NS_PER_MS  # a small table is done at once; do not spin
_RECONNECT_NS: Final = 500 * NS_PER_MS


class AntagonistKind(Enum):
    """The kinds of sessions that make life hard."""

    LONG_READER = "long_reader"
    IDLE_IN_TRANSACTION = "idle_in_transaction"
    BULK_WRITER = "bulk_writer"
    VACUUM = "vacuum"
    SQL = "sql"


@dataclass(frozen=True, slots=True)
class Antagonist:
    """One session's plan.

    Acts at `start_ns` after the baseline begins and then every `every_ns` (0: once), each time for `hold_ns`; or, with
    `before_migration_ns`, once per announced migration, that long before it.
    """

    kind: AntagonistKind
    table: str
    sql: str
    start_ns: int
    every_ns: int
    hold_ns: int
    before_migration_ns: int | None = None


@dataclass(frozen=True, slots=True)
class AntagonistsReady:
    """All are connected."""


@dataclass(frozen=True, slots=True)
class AntagonistsRefused:
    """One could not connect; no credentials in `message`."""

    message: str


@dataclass(frozen=True, slots=True)
class BeginAntagonists:
    """The baseline begins."""

    at_ns: int


@dataclass(frozen=True, slots=True)
class MigrationAnnounced:
    """The migration will start."""

    at_ns: int


@dataclass(frozen=True, slots=True)
class EndAntagonists:
    """Leave."""


def antagonist_process(antagonists: tuple[Antagonist, ...], conninfo: str, clock: RunClock, control: Pipe) -> None:
    """Connect, obey orders, say what was done. Ends when the conductor is gone, and its sessions with it."""
    try:
        sessions = [AntagonistSession(antagonist, conninfo=conninfo, clock=clock) for antagonist in antagonists]
    except psycopg.Error as error:
        control.send(AntagonistsRefused(mask_credentials(str(error))))
        return
    for session in sessions:
        threading.Thread(target=session.run, daemon=True).start()
    control.send(AntagonistsReady())
    try:
        while _obey(control.recv(), sessions):
            pass
        control.send([action for session in sessions for action in session.leave()])
    except (EOFError, OSError):
        return


def _obey(order: object, sessions: list["AntagonistSession"]) -> bool:
    match order:
        case BeginAntagonists(at_ns):
            for session in sessions:
                session.begin(at_ns)
        case MigrationAnnounced(at_ns):
            for session in sessions:
                session.announce(at_ns)
        case _:
            return False
    return True


@dataclass(slots=True)
class _Agenda:
    """When to act next; guarded by the session's condition."""

    due_ns: list[int] = field(default_factory=list)
    leaving: bool = False


class AntagonistSession:
    """One antagonist: its connection, its agenda, and what it did."""

    def __init__(self, antagonist: Antagonist, *, conninfo: str, clock: RunClock) -> None:
        self._plan = antagonist
        self._clock = clock
        self._conninfo = make_conninfo(
            conninfo, application_name=f"{Role.ANTAGONIST.application_name} {antagonist.kind.value}"
        )
        self._conn = connect(self._conninfo)
        self._agenda = _Agenda()
        self._changed = threading.Condition()
        self._acted: list[AntagonistActed] = []
        self._done = threading.Event()

    def begin(self, at_ns: int) -> None:
        """The baseline begins at `at_ns`."""
        if self._plan.before_migration_ns is None:
            self._schedule(at_ns + self._plan.start_ns)

    def announce(self, at_ns: int) -> None:
        """A migration starts at `at_ns`."""
        if self._plan.before_migration_ns is not None:
            self._schedule(at_ns - self._plan.before_migration_ns)

    def _schedule(self, at_ns: int) -> None:
        with self._changed:
            self._agenda.due_ns.append(at_ns)
            self._changed.notify()

    def leave(self) -> list[AntagonistActed]:
        """Stop acting, cancel what is under way; what was done."""
        with self._changed:
            self._agenda.leaving = True
            self._changed.notify()
        try:
            while not self._done.wait(0.2):
                self._conn.cancel_safe(timeout=1.0)
        except psycopg.Error:  # the server is gone: what was done until now is all there is
            self._done.wait(1.0)
        return self._acted

    def run(self) -> None:
        """The thread: wait for the next act, act, until told to leave."""
        try:
            while (due := self._next()) is not None:
                self._act()
                if self._plan.before_migration_ns is None and self._plan.every_ns:
                    behind = (self._clock.now_ns() - due) // self._plan.every_ns
                    self._schedule(due + (behind + 1) * self._plan.every_ns)
        finally:
            self._conn.close()
            self._done.set()

    def _next(self) -> int | None:
        with self._changed:
            while not self._agenda.leaving:
                due = min(self._agenda.due_ns, default=None)
                left_ns = None if due is None else due - self._clock.now_ns()
                if due is not None and left_ns is not None and left_ns <= 0:
                    self._agenda.due_ns.remove(due)
                    return due
                self._changed.wait(None if left_ns is None else left_ns / NS_PER_S)
        return None

    def _act(self) -> None:
        """One act, recorded; an error of the server ends it and is kept as its SQLSTATE."""
        start_ns, state, pid = self._clock.now_ns(), "", 0
        try:
            if self._conn.closed:
                self._conn = connect(self._conninfo)
            pid = self._conn.info.backend_pid
            _ACTS[self._plan.kind](self, start_ns + self._plan.hold_ns)
        except psycopg.Error as error:
            state = error.sqlstate or "08006"
            self._give_up()
        end_ns = self._clock.now_ns()
        self._acted.append(
            AntagonistActed(
                at_ns=end_ns,
                kind=self._plan.kind.value,
                table=self._plan.table,
                pid=pid,
                start_ns=start_ns,
                end_ns=end_ns,
                sqlstate=state,
            )
        )

    def _give_up(self) -> None:
        """Leave the failed transaction, or the connection where that fails too."""
        try:
            self._conn.rollback()
        except psycopg.Error:
            self._conn.close()
            self._hold(self._clock.now_ns() + _RECONNECT_NS)

    def _hold(self, until_ns: int) -> None:
        """Do nothing until then, or until told to leave."""
        with self._changed:
            while not self._agenda.leaving and (left_ns := until_ns - self._clock.now_ns()) > 0:
                self._changed.wait(left_ns / NS_PER_S)

    def read_long(self, until_ns: int) -> None:
        """An open REPEATABLE READ transaction that has read the table: AccessShareLock and an old snapshot."""
        read = sql.SQL("SELECT FROM {} LIMIT 1").format(self._table())
        self._conn.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        self._conn.execute(read)
        self._hold(until_ns)
        self._conn.execute("COMMIT")

    def idle(self, until_ns: int) -> None:
        """An open transaction that has written one row (updated to itself) and sits idle."""
        update = self._update(1)
        self._conn.execute("BEGIN")
        self._conn.execute(update)
        self._hold(until_ns)
        self._conn.execute("COMMIT")

    def write_bulk(self, until_ns: int) -> None:
        """One transaction that updates batch after batch of rows to themselves."""
        update = self._update(_BATCH)
        self._conn.execute("BEGIN")
        while self._clock.now_ns() < until_ns and not self._agenda.leaving:
            self._conn.execute(update)
        self._conn.execute("COMMIT")

    def vacuum(self, until_ns: int) -> None:
        """VACUUM after VACUUM, slowed by its cost delay as autovacuum's are; a lock request does not cancel it."""
        vacuum = sql.SQL("VACUUM {}").format(self._table())
        self._conn.execute("SET vacuum_cost_delay = '2ms'")
        while self._clock.now_ns() < until_ns and not self._agenda.leaving:
            self._conn.execute(vacuum)
            self._hold(min(until_ns, self._clock.now_ns() + _BETWEEN_VACUUMS_NS))

    def run_sql(self, until_ns: int) -> None:
        """The scenario's SQL; a transaction it leaves open stays open until the hold is over."""
        self._conn.execute(self._plan.sql.encode())
        if self._conn.info.transaction_status == pq.TransactionStatus.INTRANS:
            self._hold(until_ns)
            self._conn.execute("COMMIT")

    def _table(self) -> sql.Composable:
        """The table as the server resolves and quotes it, so that no text of the scenario is taken for SQL."""
        row = self._conn.execute(
            "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.oid = %s::regclass",
            [self._plan.table],
        ).fetchone()
        return sql.Identifier(*row) if row else sql.Identifier(self._plan.table)

    def _update(self, rows: int) -> sql.Composed:
        """An UPDATE of some rows to themselves: their first plain column is set to its own value."""
        column = self._conn.execute(_PLAIN_COLUMN, [self._plan.table]).fetchone()
        if column is None:
            raise psycopg.errors.UndefinedColumn(f"{self._plan.table} has no column that can be updated")
        name, table = sql.Identifier(column[0]), self._table()
        return sql.SQL("UPDATE {t} SET {c} = {c} WHERE ctid IN (SELECT ctid FROM {t} LIMIT {n} FOR UPDATE)").format(
            t=table, c=name, n=rows
        )


_PLAIN_COLUMN: Final = (
    "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
    " AND attgenerated = '' AND attidentity <> 'a' ORDER BY attnum LIMIT 1"
)
_ACTS: Final[dict[AntagonistKind, Callable[[AntagonistSession, int], None]]] = {
    AntagonistKind.LONG_READER: AntagonistSession.read_long,
    AntagonistKind.IDLE_IN_TRANSACTION: AntagonistSession.idle,
    AntagonistKind.BULK_WRITER: AntagonistSession.write_bulk,
    AntagonistKind.VACUUM: AntagonistSession.vacuum,
    AntagonistKind.SQL: AntagonistSession.run_sql,
}
