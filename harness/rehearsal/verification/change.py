"""Whether going up changed anything at all, by every row of every catalog, of every table, and every sequence."""

from dataclasses import dataclass
from typing import Final

from psycopg import sql

from harness.postgres.connect import Connection
from harness.rehearsal.migration.plan import MigrationPlan
from harness.rehearsal.verification.beginning import Contents

# What ANALYZE and autovacuum write, and what may be as large as all data.
_LEFT_OUT: Final = ("pg_statistic", "pg_statistic_ext_data", "pg_largeobject")
# They are for what they do to storage, statistics and files, none of which is a change of schema or data.
_MAINTAINS: Final = (
    "VACUUM",
    "ANALYZE",
    "CLUSTER",
    "REINDEX",
    "REFRESH",
    "CHECKPOINT",
    "ALTER SYSTEM",
    "LOAD",
    "NOTIFY",
)
"""Beginnings of their tags."""
# A tool's own state table is written in any case.
_KEEPS_STATE: Final = frozenset({"prisma", "command"})


@dataclass(frozen=True, slots=True)
class Stamp:
    """All catalogs of a database: row versions of each, counted and hashed.

    VACUUM, ANALYZE and autovacuum update pg_class and pg_database in place, and leave it as it was.
    """

    catalogs: dict[str, tuple[int, int]]


def stamp(conn: Connection) -> Stamp:
    """The stamp now; catalogs that the session may not read are left out."""
    names = conn.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind = 'r' "
        "AND relname <> ALL (%s) AND has_table_privilege(oid, 'SELECT') ORDER BY relname",
        [list(_LEFT_OUT)],
    ).fetchall()
    parts = [
        sql.SQL("SELECT {}, count(*), coalesce(sum(hashtext(ctid::text || ' ' || xmin::text)), 0) FROM {}").format(
            sql.Literal(name), sql.Identifier("pg_catalog", name)
        )
        for (name,) in names
    ]
    rows = conn.execute(sql.SQL(" UNION ALL ").join(parts)).fetchall()
    return Stamp({name: (int(count), int(total)) for name, count, total in rows})


def is_meant_to_change(plan: MigrationPlan) -> bool:
    """Whether a change can be expected of the plan, and be seen: not of maintenance, nor beside a tool's own state."""
    tags = {statement.tag for step in plan.steps for statement in step.up.statements}
    maintains = any(tag.startswith(_MAINTAINS) for tag in tags)
    return plan.tool not in _KEEPS_STATE and bool(tags) and not maintains


def has_changed(before: tuple[Stamp, Contents], after: tuple[Stamp, Contents]) -> bool:
    """Whether any row of a catalog or a table, or a sequence, is another than before."""
    (old_stamp, old), (new_stamp, new) = before, after
    return (old_stamp, old.digests, old.sequences) != (new_stamp, new.digests, new.sequences)
