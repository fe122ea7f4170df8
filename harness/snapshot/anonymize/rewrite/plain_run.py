"""Anonymizing a plain SQL dump into another: one stream in, the same text with other rows out."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from harness.model.errors import SnapshotError
from harness.snapshot.anonymize.plain_schema import plain_schema
from harness.snapshot.anonymize.rewrite.account import Account, TableAccount
from harness.snapshot.anonymize.rewrite.blocks import Rewritten
from harness.snapshot.anonymize.rewrite.check import Check
from harness.snapshot.anonymize.rewrite.journal import Partial, create
from harness.snapshot.anonymize.rewrite.output import Meter
from harness.snapshot.anonymize.rewrite.pack import SUFFIXES
from harness.snapshot.anonymize.rewrite.plain import Rows, Sql, check_sql, quoting_sql, segments
from harness.snapshot.anonymize.rewrite.plan import Planner, TablePlan, copy_statement
from harness.snapshot.anonymize.rewrite.pool import Pool, pool
from harness.snapshot.anonymize.rewrite.run import Order, has_originals, published
from harness.snapshot.anonymize.rewrite.sequences import Sequences
from harness.snapshot.anonymize.rewrite.work import Done, Task, Work, count_found, sort_originals
from harness.snapshot.plain import plain_needs
from harness.snapshot.streams import chunks

_FILE = "dump.sql"


def anonymize_plain(order: Order) -> Account:
    """Write plain SQL as plain SQL; not restartable: it is one stream. See `anonymize`."""
    began = time.monotonic_ns()
    packing = order.dump.compression.value if order.packing == "same" else order.packing
    if packing not in SUFFIXES:
        raise SnapshotError(f"data cannot be packed with {packing}", hint="choose same, none, gzip or zstd")
    plain_needs(order.dump)
    planner = Planner(order.policy, order.schema)
    copies = _copies(order)
    tables = tuple(planner.table(*copy_statement(copy)) for copy in copies)
    with published(order, packing) as partial:
        sequences = Sequences(order.policy, order.schema, order.keys)
        rewriting = _PlainRewriting(order, tables, {copy: at for at, copy in enumerate(copies)}, partial, sequences)
        rewriting.check = order.new_check(partial, planner.masked)
        with pool(Work, order.setup(tables, packing=packing, partial=partial), jobs=order.processes) as workers:
            rewriting.do(workers)
        partial.publish_file(_FILE, order.target)
    return Account(
        tables=tuple(
            TableAccount(name, one.rows, rewriting.sizes.get(name, 0)) for name, one in rewriting.done.items()
        ),
        read_bytes=order.dump.size_bytes,
        written_bytes=rewriting.written,
        masked=tuple(planner.masked),
        dropped=(),
        continued=0,
        originals=None if rewriting.check is None else rewriting.check.distinct,
        duration_ns=time.monotonic_ns() - began,
        moved=tuple(sorted(rewriting.sequences.moved)),
    )


@dataclass(slots=True)
class _PlainRewriting:
    """One run over the segments of a plain dump, twice: for the originals, and to write."""

    order: Order
    tables: tuple[TablePlan, ...]
    numbers: dict[str, int]
    partial: Partial
    sequences: Sequences
    check: Check | None = None
    done: dict[str, Rewritten] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    written: int = 0

    def do(self, workers: Pool[Task, Done]) -> None:
        """Collect, rewrite, judge."""
        if self.check is not None:
            meter = Meter(self.order.on_progress, "read originals", self.order.dump.size_bytes)
            for _, done in workers.ordered(self._tasks(meter, collect=True)):
                self.check.add(done.collected)
            sort_originals(workers)
            self.check.collected()
            meter.end()
        self._rewrite(workers)
        if self.check is not None:
            found = [hit for one in self.done.values() for hit in count_found(one.found)]
            self.check.refuse_in_rows(found, [_listed(one) for one in self.done.values()])

    def _rewrite(self, workers: Pool[Task, Done]) -> None:
        meter = Meter(self.order.on_progress, "anonymize", self.order.dump.size_bytes)
        with create(self.partial.folder / _FILE) as out:
            for task, done in workers.ordered(self._tasks(meter, collect=False)):
                data = done.rewritten.data
                out.write(data)
                self.written += len(data)
                if task.sql:
                    self._look_through(task.block)
                    continue
                done.rewritten.data = b""
                name = self.tables[task.table].name
                self.done.setdefault(name, Rewritten()).add(done.rewritten)
                self.sizes[name] = self.sizes.get(name, 0) + len(data)
        meter.end()

    def _look_through(self, sql: bytes) -> None:
        check_sql(sql, path=self.order.dump.path)
        if self.check is not None:
            self.check.refuse_in_schema(quoting_sql(sql))

    def _tasks(self, meter: Meter, *, collect: bool) -> Iterator[Task]:
        phrase = 0 if collect or self.check is None else self.check.phrase
        path = self.order.dump.path
        for segment in segments(chunks(path, on_read=meter.at), path=path):
            if isinstance(segment, Sql):
                if not collect:
                    yield Task(0, sql=True, block=self.sequences.ahead(segment.text))
            elif isinstance(segment, Rows):
                number = self.numbers[segment.copy]
                if not collect or has_originals(self.tables[number]):
                    yield Task(number, block=segment.block, collect=collect, phrase=phrase)


def _copies(order: Order) -> list[str]:
    """The COPY statements of the dump. SnapshotError where one cannot be read."""
    copies = [f"{copy.strip().rstrip(';')};" for copy in plain_schema(chunks(order.dump.path)).copies]
    for copy in copies:
        try:
            copy_statement(copy)
        except ValueError as error:
            raise SnapshotError(f"{order.dump.path}: a COPY statement cannot be read: {error}") from None
    return list(dict.fromkeys(copies))


def _listed(one: Rewritten) -> dict[int, list[int]]:
    return {number: hashes.tolist() for number, hashes in one.unchanged.items()}
