"""What a tool's run did to the tables, in the trace pass: before against after, because its sessions are not ours.

The statements themselves come from the server's log. Which of them did the work is for the analysis to say: a WorkDone
of a tool's run names no statement.
"""

from dataclasses import dataclass

from harness.events.migration import WorkDone
from harness.events.run import QualityNoted
from harness.model.clock import Clock
from harness.model.words import Direction, Pass, Role
from harness.postgres.connect import connect
from harness.postgres.ports import Server
from harness.rehearsal.migration import work
from harness.rehearsal.migration.executor import Sink
from harness.rehearsal.migration.relations import Relation, Relations, read_relations
from harness.rehearsal.migration.runner import RunOutcome
from harness.rehearsal.migrator import Migrator
from harness.rehearsal.observer.observer import Observer
from harness.rehearsal.tool_pause import resting

_TABLES = frozenset("rpm")
_OF_INTEREST = frozenset("rpmi")


@dataclass(frozen=True, slots=True)
class _Books:
    """What stood in the books at one moment."""

    relations: Relations
    counted: work.Counted


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolWork:
    """A migrator around a tool's: tells the observer when it runs, and what changed afterwards."""

    inner: Migrator
    observer: Observer
    server: Server
    clock: Clock
    sink: Sink
    pass_: Pass

    def run(self, direction: Direction, *, steps: tuple[str, ...] | None = None) -> RunOutcome:
        """Run the tool one way."""
        before = self._books()
        with resting(self.server) as rests:
            self.observer.migration_started(direction, tool=True)
            try:
                outcome = self.inner.run(direction, steps=steps)
            finally:
                self.observer.migration_ended()
        if not rests:
            self._tell_blind()
        self._tell(before, self._books(), direction=direction)
        return outcome

    def cancel(self) -> None:
        """Stop the tool."""
        self.inner.cancel()

    def _tell_blind(self) -> None:
        self.sink(
            QualityNoted(
                at_ns=self.clock.now_ns(),
                subject="tool",
                message="locks shorter than the polling interval can be missing from the tool's statements",
                inconclusive=False,
                remedy="give the harness a superuser: its event trigger then shows every lock",
            )
        )

    def _books(self) -> _Books:
        """A session of its own: statistics are read once per session's snapshot."""
        with connect(self.server.conninfo(application_name=Role.OBSERVER.application_name)) as connection:
            # Sessions report at their end, which for a tool's may be a moment after its process is gone.
            work.flush(connection)
            return _Books(read_relations(connection), work.of_server(connection))

    def _tell(self, before: _Books, after: _Books, *, direction: Direction) -> None:
        none = work.Counters()
        for oid, relation in before.relations.items():
            if relation.kind not in _OF_INTEREST or relation.name.startswith(("pg_", "information_schema.")):
                continue
            done = after.counted.get(oid, none).since(before.counted.get(oid, none))
            now = after.relations.get(oid)
            if now is None or now.filenode != relation.filenode or (done.any and relation.kind in _TABLES):
                self.sink(self._work(relation, now, done, direction=direction))

    def _work(self, before: Relation, after: Relation | None, done: work.Counters, *, direction: Direction) -> WorkDone:
        moved = after is not None and after.filenode != before.filenode
        counts = after is not None and before.kind in _TABLES
        return WorkDone(
            at_ns=self.clock.now_ns(),
            pass_=self.pass_,
            direction=direction,
            statement="",
            relation=before.name,
            kind=before.kind,
            rewritten=moved,
            truncated=False,
            dropped=after is None,
            rows_before=round(before.rows_estimate) if before.rows_estimate >= 0 else None,
            bytes_before=before.size_bytes or 0,
            bytes_after=after.size_bytes if after else None,
            rows_scanned=done.scanned if counts else None,
            rows_fetched_by_index=done.by_index if counts else None,
            rows_inserted=done.inserted if counts else None,
            rows_updated=done.updated if counts else None,
            rows_deleted=done.deleted if counts else None,
        )
