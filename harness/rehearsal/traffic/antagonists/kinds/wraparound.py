"""An autovacuum to prevent wraparound: a real one, which does not make way for a lock request."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final, LiteralString

import psycopg
from psycopg import sql

from harness.model.errors import SandboxError
from harness.model.units import NS_PER_MS, NS_PER_S
from harness.postgres.connect import Connection
from harness.rehearsal.traffic.antagonists.act import Act, table_name
from harness.rehearsal.traffic.antagonists.kinds.maintenance import maintain
from harness.rehearsal.traffic.antagonists.plan import Antagonist
from harness.rehearsal.traffic.antagonists.queries import text

# The least that the storage parameter takes (manual, CREATE TABLE): a table so many transactions old is due.
_MAX_AGE: Final = 100_000
# As slow as a table may make its autovacuum: 100 ms a page read, four times as much (the server's own bound) for a
# page that is frozen and so made dirty.
_SLOW: Final[dict[LiteralString, str]] = {
    "autovacuum_freeze_max_age": str(_MAX_AGE),
    "autovacuum_vacuum_cost_delay": "100",
    "autovacuum_vacuum_cost_limit": "1",
}
_PAGE_NS: Final = 100 * NS_PER_MS
_LOOK_EVERY_NS: Final = 20 * NS_PER_MS
# The launcher looks after each database once in autovacuum_naptime, set to its least, 1 s.
_COMES_WITHIN_NS: Final = 8 * NS_PER_S
# RESET needs ShareUpdateExclusiveLock, which the change under rehearsal may hold for long.
_PUT_BACK_WITHIN_S: Final = 5.0
# One at a time changes the server's setting, or one would take it back under the other.
_HURRYING: Final = threading.Lock()


def age_table(connection: Connection, plan: Antagonist) -> None:
    """Make the table due, and a few of its pages work for VACUUM also where all were frozen.

    SandboxError where it has no storage of its own. Transactions are spent by the hundred thousand: half a second.
    """
    if not _provokable(connection, plan):
        return
    _spend(connection, plan)
    # A lock on a row takes its page out of what VACUUM may skip as all-frozen; the rows stay where they are.
    pages = sql.Literal(f"({plan.hold_ns // _PAGE_NS + 1},0)")
    table = table_name(connection, plan.table)
    connection.execute(
        sql.SQL("SELECT count(*) FROM (SELECT FROM {} WHERE ctid < {}::tid FOR KEY SHARE) AS r").format(table, pages)
    )


def vacuum_wraparound(act: Act) -> None:
    """Let autovacuum come to prevent wraparound, slow it down, end it when its time is over.

    Where none can be made to come (autovacuum is off, or the server is not ours alone), VACUUM (FREEZE) stands in,
    which takes the same lock and does not make way either.
    """
    if not _provokable(act.conn, act.plan):
        _stand_in(act, "autovacuum is off or not ours to configure")
        return
    _spend(act.conn, act.plan)
    with act.connect_watch() as watch, _due(act, watch):
        with _hurried(watch):
            pid = _await_worker(act, watch)
        if pid:
            act.detail = "an autovacuum worker, to prevent wraparound"
            act.in_place(pid=pid)
            _hold(act, watch, pid)
            return
    if not act.is_leaving:
        _stand_in(act, "no autovacuum worker came")


def _stand_in(act: Act, reason: str) -> None:
    act.detail = f"VACUUM (FREEZE) by hand stood in: {reason}"
    maintain(act, sql.SQL("VACUUM (FREEZE, DISABLE_PAGE_SKIPPING)"))


def _provokable(connection: Connection, plan: Antagonist) -> bool:
    row = connection.execute(text("can_wraparound")).fetchone()
    return plan.alone_on_server and row is not None and bool(row[0]) and bool(row[1])


def _spend(connection: Connection, plan: Antagonist) -> None:
    """Spend transaction numbers until the table is due."""
    row = connection.execute(text("table_age"), {"table": plan.table}).fetchone()
    if row is None or row[0] is None:
        raise SandboxError(
            f"wraparound_vacuum: {plan.table} has no storage of its own", hint="name a table, or one of its partitions"
        )
    missing = _MAX_AGE + 1 - int(row[0])
    if missing > 0:
        connection.execute("SET synchronous_commit = off")
        connection.execute("SELECT set_config('rehearse.xids', %s, false)", (str(missing),))
        connection.execute(text("spend_xids"))


@contextmanager
def _due(act: Act, watch: Connection) -> Iterator[None]:
    """The table with the options that make it due and its vacuum slow; afterwards with its own again."""
    table = act.table()
    before = _own_options(watch, act.plan)
    act.conn.execute(_set(table, _SLOW))
    try:
        yield
    finally:
        _put_back(act, watch, table=table, before=before)


def _put_back(act: Act, watch: Connection, *, table: sql.Composable, before: dict[str, str]) -> None:
    """Give the table its own options again; goes on trying while the change holds the table, at the end for a while."""
    # The names are those above, no text of the scenario.
    ours = sql.SQL(", ").join(sql.SQL(name) for name in _SLOW)
    watch.execute("SET lock_timeout = '100ms'")
    deadline: float | None = None
    while True:
        _cancel_worker(watch, act.plan)
        try:
            with watch.transaction():
                watch.execute(sql.SQL("ALTER TABLE {} RESET ({})").format(table, ours))
                if before:
                    watch.execute(_set(table, before))
        except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
            return  # the change dropped it
        except psycopg.errors.LockNotAvailable:
            deadline = deadline or (time.monotonic() + _PUT_BACK_WITHIN_S if act.is_leaving else None)
            if deadline is not None and time.monotonic() > deadline:
                raise
        else:
            return


def _set(table: sql.Composable, options: Mapping[LiteralString, str]) -> sql.Composed:
    pairs = sql.SQL(", ").join(
        sql.SQL("{} = {}").format(sql.SQL(name), sql.Literal(value)) for name, value in options.items()
    )
    return sql.SQL("ALTER TABLE {} SET ({})").format(table, pairs)


def _own_options(watch: Connection, plan: Antagonist) -> dict[LiteralString, str]:
    """Those of the options we change that the table had already."""
    row = watch.execute(text("table_age"), {"table": plan.table}).fetchone()
    options = dict(option.split("=", 1) for option in (row[1] if row else ()))
    return {name: options[name] for name in _SLOW if name in options}


@contextmanager
def _hurried(watch: Connection) -> Iterator[None]:
    """Let the launcher look once a second; the clone's own setting again as soon as it came."""
    with _HURRYING:
        watch.execute("ALTER SYSTEM SET autovacuum_naptime = '1s'")
        watch.execute("SELECT pg_reload_conf()")
        try:
            yield
        finally:
            watch.execute("ALTER SYSTEM RESET autovacuum_naptime")
            watch.execute("SELECT pg_reload_conf()")


def _await_worker(act: Act, watch: Connection) -> int:
    """The pid of the worker once it has its lock on the table; 0 where none came."""
    until_ns = act.clock.now_ns() + _COMES_WITHIN_NS
    while not act.is_leaving and act.clock.now_ns() < until_ns:
        if pid := _worker(watch, act.plan):
            return pid
        act.pause(_LOOK_EVERY_NS)
    return 0


def _hold(act: Act, watch: Connection, pid: int) -> None:
    """Wait until the time is over or the worker is done, which a small table's is early."""
    while not act.over and _worker(watch, act.plan) == pid:
        act.pause(min(_LOOK_EVERY_NS, act.left_ns))


def _worker(watch: Connection, plan: Antagonist) -> int:
    row = watch.execute(text("wraparound_worker"), {"table": plan.table}).fetchone()
    return int(row[0]) if row else 0


def _cancel_worker(watch: Connection, plan: Antagonist) -> None:
    """Cancel it at the table or, where it went on to that, at the TOAST table, which takes over the options."""
    watch.execute(text("cancel_wraparound"), {"table": plan.table})
