"""Prisma's state table, kept as its CLI keeps it: a row before each migration, finished after it.

The columns are those of Prisma's own table; a failed migration leaves its row with `finished_at` NULL, as there. On the
way back the row goes, which is what makes the migration pending again.
"""

import hashlib
import uuid

import psycopg

from harness.model.words import Role
from harness.postgres.connect import Connection, connect
from harness.postgres.ports import Server
from harness.rehearsal.migration.plan import MigrationPlan, Script, Step
from harness.rehearsal.migration.queries import text


class StateTable:
    """`_prisma_migrations` of the database at the other end of `connection`.

    A connection of its own: a migration may leave its session with another search_path or role.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._made_here = False

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def begin(self, step: Step) -> None:
        """Say that the migration has been started; makes the table where there is none."""
        if not _exists(self._connection):
            self._connection.execute(text("prisma_create"))
            self._made_here = True
        values = {"id": _row_id(step), "checksum": checksum(step.up), "name": step.name}
        self._connection.execute(text("prisma_begin"), values)

    def finish(self, step: Step) -> None:
        """Say that it has been applied."""
        self._connection.execute(text("prisma_finish"), {"id": _row_id(step)})

    def forget(self, step: Step) -> None:
        """Remove its row; and the table, where this object made it and nothing else is in it."""
        if not _exists(self._connection):
            return
        self._connection.execute(text("prisma_forget"), {"name": step.name})
        left = self._connection.execute("SELECT count(*) FROM _prisma_migrations").fetchone()
        if self._made_here and left == (0,):
            self._connection.execute("DROP TABLE _prisma_migrations")
            self._made_here = False


def checksum(script: Script) -> str:
    """SHA-256 of the script in hex, as Prisma stores it."""
    return hashlib.sha256(script.text.encode()).hexdigest()


def only_pending(plan: MigrationPlan, *, server: Server) -> MigrationPlan:
    """The plan without the migrations that Prisma's state table says are applied; other plans as they are.

    Applied is: finished and not rolled back. SpecError where a pending step has no way back and one is wanted.
    """
    if plan.tool != "prisma":
        return plan
    with connect(server.conninfo(application_name=Role.HARNESS.application_name)) as connection:
        applied = applied_migrations(connection)
    return plan.restricted_to([step.name for step in plan.steps if step.name not in applied])


def applied_migrations(connection: Connection) -> frozenset[str]:
    """Names of the migrations that are finished and not rolled back; none where the table is not there."""
    if not _exists(connection):
        return frozenset()
    try:
        return frozenset(name for (name,) in connection.execute(text("prisma_applied")).fetchall())
    except psycopg.errors.UndefinedColumn:
        # A table of that name that is not Prisma's.
        return frozenset()


def _exists(connection: Connection) -> bool:
    return connection.execute("SELECT to_regclass('_prisma_migrations') IS NOT NULL").fetchone() == (True,)


def _row_id(step: Step) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"rehearse:{step.name}"))
