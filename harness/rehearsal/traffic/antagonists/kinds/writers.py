"""Writers of many rows: all in one transaction, or a batch job that commits each batch."""

from dataclasses import dataclass
from typing import Any, Final

from psycopg import sql

from harness.model.units import NS_PER_MS
from harness.rehearsal.traffic.antagonists.act import Act
from harness.rehearsal.traffic.antagonists.kinds.rows import plain_column, update_to_itself
from harness.rehearsal.traffic.antagonists.queries import text

# Between two rounds over a table whose rows are few or all locked: do not spin.
_BETWEEN_ROUNDS_NS: Final = 20 * NS_PER_MS


def write_bulk(act: Act) -> None:
    """One transaction that updates batch after batch of rows to themselves."""
    update = update_to_itself(act, rows=act.plan.rows)
    act.conn.execute("BEGIN")
    while not act.over:
        act.conn.execute(update)
        act.in_place()
    act.conn.execute("COMMIT")


def run_batches(act: Act) -> None:
    """A batch job: lock the next rows that nobody has locked, update them to themselves, commit; round and round."""
    job = _Job.of(act)
    after: tuple[Any, ...] = ()
    while not act.over:
        act.conn.execute("BEGIN")
        rows = act.conn.execute(job.choose(first=not after), job.beginning(after)).fetchall()
        if rows:
            act.conn.execute(job.update, {"chosen": [row[0] for row in rows]})
        act.in_place()
        act.conn.execute("COMMIT")
        whole = len(rows) == act.plan.rows and job.keys
        after = tuple(rows[-1][1:]) if whole else ()
        if not whole:
            act.pause(_BETWEEN_ROUNDS_NS)


@dataclass(frozen=True, slots=True)
class _Job:
    """The statements of a batch job on one table, which goes through it in the order of its primary key."""

    table: sql.Composable
    keys: tuple[sql.Identifier, ...]
    update: sql.Composed
    rows: int

    @classmethod
    def of(cls, act: Act) -> "_Job":
        keys = act.conn.execute(text("key_columns"), {"table": act.plan.table}).fetchall()
        table, column = act.table(), plain_column(act)
        update = sql.SQL("UPDATE {t} SET {c} = {c} WHERE ctid = ANY (%(chosen)s::tid[])").format(t=table, c=column)
        return cls(table, tuple(sql.Identifier(name) for (name,) in keys), update, act.plan.rows)

    def choose(self, *, first: bool) -> sql.Composed:
        """The SELECT of the next batch: ctid, then the key."""
        columns = sql.SQL(", ").join([sql.Identifier("ctid"), *self.keys])
        where = order = sql.Composed([])
        if self.keys:
            keys = sql.SQL(", ").join(self.keys)
            order = sql.SQL(" ORDER BY {}").format(keys)
            if not first:
                values = sql.SQL(", ").join(sql.Placeholder(f"k{i}") for i in range(len(self.keys)))
                where = sql.SQL(" WHERE ({}) > ({})").format(keys, values)
        return sql.SQL("SELECT {} FROM {}{}{} LIMIT {} FOR UPDATE SKIP LOCKED").format(
            columns, self.table, where, order, self.rows
        )

    def beginning(self, after: tuple[Any, ...]) -> dict[str, Any]:
        """The key that the last batch ended with, as the parameters of `choose`."""
        return {f"k{i}": value for i, value in enumerate(after)}
