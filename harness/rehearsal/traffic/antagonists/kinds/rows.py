"""Rows that antagonists write: each is set to what it was."""

import psycopg
from psycopg import sql

from harness.rehearsal.traffic.antagonists.act import Act
from harness.rehearsal.traffic.antagonists.queries import text


def plain_column(act: Act) -> sql.Identifier:
    """A column that can be set to itself. psycopg.errors.UndefinedColumn where there is none."""
    column = act.conn.execute(text("plain_column"), {"table": act.plan.table}).fetchone()
    if column is None:
        raise psycopg.errors.UndefinedColumn(f"{act.plan.table} has no column that can be updated")
    return sql.Identifier(column[0])


def update_to_itself(act: Act, *, rows: int) -> sql.Composed:
    """An UPDATE of some rows to themselves."""
    return sql.SQL("UPDATE {t} SET {c} = {c} WHERE ctid IN (SELECT ctid FROM {t} LIMIT {n} FOR UPDATE)").format(
        t=act.table(), c=plain_column(act), n=rows
    )
