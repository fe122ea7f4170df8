"""Transactions that stay open: a long reader, one that is idle after a write, and any SQL."""

from psycopg import pq, sql

from harness.rehearsal.traffic.antagonists.act import Act
from harness.rehearsal.traffic.antagonists.kinds.rows import update_to_itself


def read_long(act: Act) -> None:
    """An open REPEATABLE READ transaction that has read the table: AccessShareLock and an old snapshot."""
    read = sql.SQL("SELECT FROM {} LIMIT 1").format(act.table())
    act.conn.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    act.conn.execute(read)
    act.in_place()
    act.hold()
    act.conn.execute("COMMIT")


def idle(act: Act) -> None:
    """An open transaction that has written one row (updated to itself) and sits idle."""
    update = update_to_itself(act, rows=1)
    act.conn.execute("BEGIN")
    act.conn.execute(update)
    act.in_place()
    act.hold()
    act.conn.execute("COMMIT")


def run_sql(act: Act) -> None:
    """The scenario's SQL; a transaction it leaves open stays open until its time is over."""
    act.conn.execute(act.plan.sql.encode())
    act.in_place()
    if act.conn.info.transaction_status == pq.TransactionStatus.INTRANS:
        act.hold()
        act.conn.execute("COMMIT")
