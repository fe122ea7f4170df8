"""A snapshot held without any table: what the initial copy of logical replication does."""

from typing import Final

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from harness.postgres.connect import CONNECT_TIMEOUT_S
from harness.rehearsal.traffic.antagonists.act import Act
from harness.rehearsal.traffic.antagonists.kinds.running import run_watched

# object_not_in_prerequisite_state: max_replication_slots = 0; configuration_limit_exceeded: all are taken;
# insufficient_privilege; too_many_connections: max_wal_senders.
_NO_SLOT: Final = frozenset({"55000", "53400", "42501", "53300"})


def hold_snapshot(act: Act) -> None:
    """Hold back the horizon: an exported snapshot, of a logical slot's creation where wal_level allows one.

    It locks no table; CREATE INDEX CONCURRENTLY waits for it, and VACUUM cannot remove what it may still see.
    """
    row = act.conn.execute("SHOW wal_level").fetchone()
    if row and row[0] == "logical" and _by_slot(act):
        return
    act.conn.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    act.conn.execute("SELECT pg_export_snapshot()")
    act.detail = act.detail or "an exported snapshot: wal_level is not logical"
    act.in_place()
    act.hold()
    act.conn.execute("COMMIT")


def _by_slot(act: Act) -> bool:
    """Create a temporary logical slot with its snapshot exported, as a new subscription does; whether it could."""
    conninfo = make_conninfo(act.conninfo, replication="database")
    try:
        with psycopg.connect(conninfo, autocommit=True, connect_timeout=CONNECT_TIMEOUT_S) as walsender:
            name = sql.Identifier(f"rehearse_{walsender.info.backend_pid}")
            create = sql.SQL("CREATE_REPLICATION_SLOT {} TEMPORARY LOGICAL pgoutput EXPORT_SNAPSHOT").format(name)
            # It waits for the transactions that run now, as it does in production.
            run_watched(act, walsender, create, is_in_place=lambda: False)
            act.detail = "the exported snapshot of a logical replication slot"
            act.hold()
    except psycopg.Error as error:
        if error.sqlstate not in _NO_SLOT:
            raise
        act.detail = f"an exported snapshot: no replication slot could be made ({error.sqlstate})"
        return False
    return True
