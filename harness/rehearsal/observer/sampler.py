"""Counters of the server at regular times: WAL, size, actors."""

from dataclasses import dataclass

from harness.events.observation import ServerSampled
from harness.model.clock import Clock
from harness.model.units import NS_PER_S
from harness.model.words import Pass
from harness.postgres.connect import Connection
from harness.rehearsal.observer.queries import text
from harness.rehearsal.observer.sessions import Backend, count_actors

# The size of a database is a walk through its files: 1 ms for hundreds of files, more for more.
_SIZE_EVERY_NS = 2 * NS_PER_S


@dataclass(slots=True)
class Sampler:
    """Samples since a WAL position; the database's size is read less often and repeated in between."""

    pass_: Pass
    clock: Clock
    since_lsn: str
    _size_bytes: int = 0
    _sized_ns: int | None = None

    def sample(self, connection: Connection, *, backends: list[Backend], sized: bool = False) -> ServerSampled:
        """One sample; `backends` are what pg_stat_activity shows now, `sized` reads the size now in any case."""
        row = connection.execute(text("wal_bytes"), {"since": self.since_lsn}, prepare=True).fetchone()
        now = self.clock.now_ns()
        if sized or self._sized_ns is None or now - self._sized_ns >= _SIZE_EVERY_NS:
            size = connection.execute(text("database_bytes")).fetchone()
            self._size_bytes, self._sized_ns = (int(size[0]) if size else 0), now
        actors = count_actors(backends)
        return ServerSampled(
            at_ns=now,
            pass_=self.pass_,
            wal_bytes=int(row[0]) if row else 0,
            database_bytes=self._size_bytes,
            waiting_actors=actors.waiting,
            active_actors=actors.active,
        )
