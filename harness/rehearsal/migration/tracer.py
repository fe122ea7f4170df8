"""The trace pass: of every statement the exact locks, the work it did, and the WAL it wrote.

How it is known:
- locks: a second session reads pg_locks after the statement and before its COMMIT. A statement outside a transaction
  gets one of its own for this, unless it refuses one or means something else there.
- a statement that cannot have one is watched while it runs: by a sampler that looks without a pause, and at closed
  doors before the tables it names (`watch`; `exact` is false).
- a statement that fails releases its locks with the error; it is run again, watched in the same way, and rolled
  back again, where that is harmless (`exact` is false). What it read and changed until then counts all the same: the
  server's statistics keep what a transaction did that was rolled back.
- rewrites: the relfilenode before and after; scans and changes: the transaction's own statistics (pg_stat_xact_*),
  which count the reads of ALTER TABLE's validations and rewrites and of index builds too (verified on 15, 16 and 18).
  Parallel workers count for themselves, so the traced session has none.
"""

from collections.abc import Sequence
from types import TracebackType
from typing import Self

import psycopg
from psycopg.pq import TransactionStatus

from harness.events.migration import LocksTaken, TakenLock, WalWritten, WorkDone
from harness.events.state import DiskUsed, LockSlotsUsed
from harness.model.clock import Clock
from harness.model.words import Direction, Pass, Role
from harness.postgres.connect import Connection, connect
from harness.postgres.ports import Server
from harness.rehearsal.migration import work
from harness.rehearsal.migration.executor import Sink
from harness.rehearsal.migration.locks import Held, LockSlots, added, held_locks, lock_slots, merged
from harness.rehearsal.migration.relations import Relation, Relations, RowCounts, named_oids, read_relations
from harness.rehearsal.migration.residue import Standing, standing
from harness.rehearsal.migration.sampler import LockSampler
from harness.rehearsal.migration.session import unhurried
from harness.rehearsal.migration.statement import Statement
from harness.rehearsal.migration.watch import Watch

# Settings take no locks and do no work.
_UNTRACED = frozenset({"SET", "RESET", "SHOW", "DISCARD"})
# The observer never waits for what the migration holds.
_OBSERVER_LOCK_TIMEOUT = "50ms"
# out_of_memory, "out of shared memory": the lock table is full (manual, appendix A).
_OUT_OF_SLOTS = "53200"
_TABLES = frozenset({"r", "p", "m", "f"})


class Tracer:
    """The runner's hook for the trace pass; a context manager, entered before the runner."""

    def __init__(self, *, server: Server, clock: Clock, sink: Sink, pass_: Pass = Pass.TRACE) -> None:
        self._server = server
        self._clock = clock
        self._sink = sink
        self._pass = pass_

    def __enter__(self) -> Self:
        self._observer = connect(self._server.conninfo(application_name=Role.OBSERVER.application_name))
        self._observer.execute("SELECT set_config('lock_timeout', %s, false)", (_OBSERVER_LOCK_TIMEOUT,))
        self._sampler = LockSampler(self._server, observer=self._observer)
        self._watch = Watch(self._server, self._observer, self._sampler)
        self._counts = RowCounts(self._observer)
        self._known: Relations = {}
        self._began: Relations = {}
        self._polled: Held = {}
        self._full = False
        self._booked: work.Counted | None = None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sampler.__exit__(kind, error, trace)
        self._observer.close()

    def attach(self, connection: Connection) -> None:
        """Take the migrator's connection; parallel workers are off, because they count and lock apart."""
        self._migrator = connection
        for setting in ("max_parallel_workers_per_gather", "max_parallel_maintenance_workers"):
            connection.execute("SELECT set_config(%s, '0', false)", (setting,))

    def wraps(self, statement: Statement) -> bool:
        """Whether the statement means the same in a transaction of its own."""
        alone = statement.refuses_block or statement.may_control or statement.needs_block
        return not alone and statement.tag not in _UNTRACED

    def began(self) -> None:
        """Remember what there is before the transaction: names, storage, sizes."""
        self._began = self._known = read_relations(self._observer)
        with unhurried(self._migrator):
            # What earlier statements did must be on the books before, not after.
            work.flush_at_once(self._migrator)
        self._bytes = self._database_bytes()

    def before(self, statement: Statement, *, in_transaction: bool) -> None:
        """Read what is counted from here."""
        if statement.tag in _UNTRACED:
            return
        self._held: Held = held_locks(self._observer, pid=self._pid)
        self._transactions = 1
        with unhurried(self._migrator):
            self._counts.learn(named_oids(self._migrator, statement.relations), locked=self._held)
            if in_transaction:
                self._counted = work.of_transaction(self._migrator)
                self._booked = self._books()
            else:
                work.flush(self._migrator)
        if not in_transaction:
            self._standing: Standing = standing(self._observer)
            # The observer has just counted rows; that must be on the books before, not after.
            work.flush(self._observer)
            self._counted = work.of_server(self._observer)
            self._begun = work.transactions_begun(self._observer)
            self._watch.start(statement, migrator=self._migrator)
        self._wal_before = self._wal_bytes()

    def after(self, statement: Statement, *, direction: Direction, in_transaction: bool, sqlstate: str) -> None:
        """Read what it did, before its transaction ends."""
        if statement.tag in _UNTRACED:
            return
        self._polled = {} if in_transaction else self._watch.stop()
        self._full = sqlstate == _OUT_OF_SLOTS
        wal_bytes = self._wal_bytes() - self._wal_before
        self._tell_wal(statement, wal_bytes, direction=direction)
        if (in_transaction and sqlstate) or self._migrator.info.transaction_status is TransactionStatus.UNKNOWN:
            return
        held = held_locks(self._observer, pid=self._pid) if in_transaction else self._polled
        slots = lock_slots(self._observer, pid=self._pid) if in_transaction else None
        size = self._database_bytes()
        with unhurried(self._migrator):
            if in_transaction:
                counted = work.of_transaction(self._migrator)
                relations = read_relations(self._migrator, sized=held)
            else:
                work.flush(self._migrator)
                counted = work.of_server(self._observer)
                relations = read_relations(self._observer)
        if not in_transaction:
            self._transactions = max(work.transactions_begun(self._observer) - self._begun, 1)
        if not sqlstate:
            self._tell_locks(
                statement, added(self._held, held), now=relations, direction=direction, exact=in_transaction
            )
        self._tell_work(statement, counted=counted, now=relations, direction=direction)
        self._tell_room(statement, slots, size=size, direction=direction)
        self._known = relations

    def failed(self, statement: Statement, *, direction: Direction, replay: Sequence[str]) -> None:
        """Find out what the failed statement asked for, where running it again is harmless."""
        if statement.tag in _UNTRACED:
            return
        if replay and self._migrator.info.transaction_status is not TransactionStatus.UNKNOWN:
            self._tell_work(statement, counted=self._done_in_vain(), now=self._began, direction=direction)
        self._counts.forget()
        # Filling the lock table once more would leave none for those who watch.
        harmless = not self._full and (bool(replay) or standing(self._observer) == self._standing)
        asked = self._asked_again(statement, replay=replay) if harmless else {}
        self._known = self._began
        self._tell_locks(statement, merged(self._polled, asked), now=self._began, direction=direction, exact=False)

    @property
    def _pid(self) -> int:
        return self._migrator.info.backend_pid

    def _wal_bytes(self) -> int:
        row = self._observer.execute("SELECT (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint").fetchone()
        return int(row[0]) if row else 0

    def _books(self) -> work.Counted | None:
        """What the server's statistics hold now, without what the open transaction does; None where that takes long."""
        if not work.flush_at_once(self._observer):
            return None
        return work.of_server(self._observer)

    def _done_in_vain(self) -> work.Counted:
        """What the failed statement did, added to what its transaction had done before it."""
        with unhurried(self._migrator):
            known = self._booked is not None and work.flush_at_once(self._migrator)
        if self._booked is None or not known:
            return self._counted
        now = work.of_server(self._observer)
        none = work.Counters()
        return {oid: done.since(self._booked.get(oid, none)) for oid, done in now.items()}

    def _tell_wal(self, statement: Statement, wal_bytes: int, *, direction: Direction) -> None:
        self._sink(WalWritten(at_ns=self._clock.now_ns(), pass_=self._pass, direction=direction,
                              statement=statement.id, wal_bytes=wal_bytes))  # fmt: skip

    def _database_bytes(self) -> int:
        row = self._observer.execute("SELECT pg_database_size(current_database())").fetchone()
        return int(row[0]) if row else 0

    def _tell_room(self, statement: Statement, slots: LockSlots | None, *, size: int, direction: Direction) -> None:
        """What it took of the disk (old files stay until the commit) and of the shared lock table."""
        at_ns = self._clock.now_ns()
        self._sink(
            DiskUsed(at_ns=at_ns, pass_=self._pass, direction=direction, statement=statement.id,
                     before_bytes=self._bytes, after_bytes=size)
        )  # fmt: skip
        self._bytes = size
        if slots is not None:
            self._sink(
                LockSlotsUsed(at_ns=at_ns, pass_=self._pass, direction=direction, statement=statement.id,
                              locks=slots.locks, fast_path=slots.fast_path,
                              max_locks_per_transaction=slots.max_locks_per_transaction,
                              max_connections=slots.max_connections,
                              max_prepared_transactions=slots.max_prepared_transactions)
            )  # fmt: skip

    def _asked_again(self, statement: Statement, *, replay: Sequence[str]) -> Held:
        """Run it once more, in its transaction where it had one, against closed doors; always rolled back."""
        for text in replay:
            self._migrator.execute(text.encode())
        held = held_locks(self._observer, pid=self._pid)
        self._watch.start(statement, migrator=self._migrator)
        try:
            self._migrator.execute(statement.text.encode())
        except psycopg.Error:
            # It failed before, and now again; what matters is what it asked for on the way.
            pass
        finally:
            seen = self._watch.stop()
            if replay:
                self._migrator.execute("ROLLBACK")
        return added(held, seen)

    def _tell_locks(
        self, statement: Statement, taken: Held, *, now: Relations, direction: Direction, exact: bool
    ) -> None:
        locks = [self._taken(oid, mode.pg_name, now=now) for oid, mode in taken.items()]
        locks.sort(key=lambda lock: (lock.relation, lock.oid))
        self._sink(
            LocksTaken(
                at_ns=self._clock.now_ns(),
                pass_=self._pass,
                direction=direction,
                statement=statement.id,
                locks=tuple(locks),
                exact=exact,
            )
        )

    def _taken(self, oid: int, mode: str, *, now: Relations) -> TakenLock:
        # A relation that was there goes by the name it had; a renamed one is known by it, a dropped one has no other.
        relation = self._began.get(oid) or now.get(oid)
        return TakenLock(
            relation=relation.name if relation else f"oid {oid}",
            kind=relation.kind if relation else "",
            mode=mode,
            existed=oid in self._began,
            oid=oid,
            parent=relation.table if relation else "",
        )

    def _size(self, before: Relation) -> int:
        # Inside a transaction only what it has locked is measured; the rest is as it was when it began.
        size = self._began[before.oid].size_bytes if before.size_bytes is None else before.size_bytes
        return size or 0

    def _tell_work(self, statement: Statement, *, counted: work.Counted, now: Relations, direction: Direction) -> None:
        for oid, before in self._known.items():
            if oid not in self._began:
                continue
            after = now.get(oid)
            none = work.Counters()
            done = counted.get(oid, none).since(self._counted.get(oid, none))
            moved = after is None or after.filenode != before.filenode
            if moved or (done.any and before.kind in _TABLES):
                self._sink(self._work(statement, before, after, done=done, direction=direction))

    def _work(
        self,
        statement: Statement,
        before: Relation,
        after: Relation | None,
        *,
        done: work.Counters,
        direction: Direction,
    ) -> WorkDone:
        rows_before = self._counts.rows(before)
        moved = after is not None and after.filenode != before.filenode
        truncated = (
            after is not None and moved and _was_truncated(statement, after, size_before=self._size(before), done=done)
        )
        if truncated:
            self._counts.emptied(before.oid)
        else:
            self._counts.changed(before.oid, by=done.inserted - done.deleted)
        counts = after is not None and before.kind in _TABLES
        return WorkDone(
            at_ns=self._clock.now_ns(),
            pass_=self._pass,
            direction=direction,
            statement=statement.id,
            relation=self._began[before.oid].name,
            kind=before.kind,
            rewritten=moved and not truncated,
            truncated=truncated,
            dropped=after is None,
            rows_before=rows_before,
            bytes_before=self._size(before),
            bytes_after=after.size_bytes if after else None,
            rows_scanned=done.scanned if counts else None,
            rows_fetched_by_index=done.by_index if counts else None,
            rows_inserted=done.inserted if counts else None,
            rows_updated=done.updated if counts else None,
            rows_deleted=done.deleted if counts else None,
            transactions=self._transactions,
        )


def _was_truncated(statement: Statement, after: Relation, *, size_before: int, done: work.Counters) -> bool:
    """A new file without reading the old one: TRUNCATE itself, or inside a DO or a function."""
    if statement.tag == "TRUNCATE TABLE":
        return True
    return size_before > 0 and after.size_bytes == 0 and done.scanned == 0 and after.kind == "r"
