"""What statements did to tables: rows read and changed, by the server's own counters."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from harness.postgres.connect import Connection
from harness.rehearsal.migration.queries import text

# pg_stat_force_next_flush came with the shared-memory statistics of version 15.
_FORCED_FLUSH = 150000
# Until 14 a backend reports at most every 500 ms (PGSTAT_STAT_INTERVAL), and the collector writes as rarely.
_UNFORCED_FLUSH_S = 1.2


@dataclass(frozen=True, slots=True)
class Counters:
    """Rows of one table read by sequential scans, read by index, inserted, updated, deleted."""

    scanned: int = 0
    by_index: int = 0
    inserted: int = 0
    updated: int = 0
    deleted: int = 0

    def since(self, before: "Counters") -> "Counters":
        """The difference; never negative, because a dropped index takes its counter along."""
        return Counters(
            scanned=max(self.scanned - before.scanned, 0),
            by_index=max(self.by_index - before.by_index, 0),
            inserted=max(self.inserted - before.inserted, 0),
            updated=max(self.updated - before.updated, 0),
            deleted=max(self.deleted - before.deleted, 0),
        )

    @property
    def any(self) -> bool:
        """Whether anything was counted."""
        return any((self.scanned, self.by_index, self.inserted, self.updated, self.deleted))


Counted = Mapping[int, Counters]
"""Counters by table OID."""


def of_transaction(migrator: Connection) -> Counted:
    """What the migrator's open transaction has done so far; asked on its own session."""
    return _read(migrator, "work_xact")


def of_server(observer: Connection) -> Counted:
    """What everybody has done since the statistics began."""
    return _read(observer, "work_total")


def flush(session: Connection) -> None:
    """Make what this session has done show in the server's statistics."""
    if session.info.server_version >= _FORCED_FLUSH:
        session.execute("SELECT pg_stat_force_next_flush()")
    else:
        time.sleep(_UNFORCED_FLUSH_S)
        session.execute("SELECT 1")
        time.sleep(_UNFORCED_FLUSH_S)


def flush_at_once(session: Connection) -> bool:
    """`flush` where it takes no time; False, with nothing done, on a server where it does."""
    if session.info.server_version < _FORCED_FLUSH:
        return False
    flush(session)
    return True


def transactions_begun(observer: Connection) -> int:
    """How many transactions of the server have written something until now: those that got an id."""
    row = observer.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint").fetchone()
    return int(row[0]) if row else 0


def _read(connection: Connection, name: str) -> Counted:
    rows = connection.execute(text(name)).fetchall()
    return {row[0]: Counters(*(value or 0 for value in row[1:])) for row in rows}
