"""A statement watched from outside while it runs: by the sampler, and at closed doors."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from harness.model.locks import LockMode
from harness.postgres.connect import Connection
from harness.postgres.ports import Server
from harness.rehearsal.migration.gates import Door, Gates
from harness.rehearsal.migration.locks import Held, merged
from harness.rehearsal.migration.queries import text
from harness.rehearsal.migration.relations import named_oids
from harness.rehearsal.migration.sampler import LockSampler
from harness.rehearsal.migration.session import parse_timeout, unhurried
from harness.rehearsal.migration.statement import Statement

# A door opens within milliseconds; a statement that may wait less than this must not be made to wait at all.
_PATIENCE_MS = 1000


@dataclass(slots=True)
class Watch:
    """One statement at a time, on the migrator's backend."""

    server: Server
    observer: Connection
    sampler: LockSampler
    _gates: Gates | None = field(default=None)

    def start(self, statement: Statement, *, migrator: Connection) -> None:
        """Close the doors of what the statement names and start looking; the statement is sent next."""
        pid = migrator.info.backend_pid
        with unhurried(migrator) as statement_timeout:
            oids = named_oids(migrator, statement.relations)
            row = migrator.execute("SELECT current_setting('lock_timeout')").fetchone()
        timeouts = [parse_timeout(statement_timeout), parse_timeout(row[0] if row else "0")]
        if all(timeout == 0 or timeout >= _PATIENCE_MS for timeout in timeouts):
            self._gates = Gates(self.server, pid)
            self._gates.close(self._doors(statement, oids))
        self.sampler.start(pid=pid)

    def stop(self) -> Held:
        """What it held or asked for, the strongest mode of each relation."""
        seen = self.sampler.stop()
        asked: Held = {}
        if self._gates is not None:
            asked = self._gates.open()
            self._gates = None
        return merged(seen, asked)

    def _doors(self, statement: Statement, oids: Sequence[int]) -> list[Door]:
        rows = self.observer.execute(text("doors"), {"oids": list(oids)}).fetchall()
        modes = [_mode(statement, first=place == 0) for place in range(len(rows))]
        return [Door(oid, schema, name, mode) for (oid, schema, name), mode in zip(rows, modes, strict=True)]


def _mode(statement: Statement, *, first: bool) -> LockMode:
    """The mode to hold a table in, so that the request that counts is the first one stopped."""
    if not statement.refuses_block:
        return LockMode.ACCESS_EXCLUSIVE
    if statement.tag == "ALTER TABLE" and not first:
        # DETACH PARTITION CONCURRENTLY locks the partition twice, and the second time is the strong one.
        return LockMode.ACCESS_SHARE
    # VACUUM looks a table up under ACCESS SHARE before it locks it; none of these commands works under less than this.
    return LockMode.SHARE_UPDATE_EXCLUSIVE
