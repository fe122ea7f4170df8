"""Anonymizing an archive into a directory archive: originals collected, rows rewritten and checked, then published."""

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from harness.model.errors import RestoreError, SnapshotError
from harness.postgres.ports import Progress
from harness.snapshot.anonymize.keys import FORMAT, Keys
from harness.snapshot.anonymize.policy import Policy
from harness.snapshot.anonymize.rewrite.account import Account, TableAccount
from harness.snapshot.anonymize.rewrite.archive import Archive, open_archive
from harness.snapshot.anonymize.rewrite.check import Check
from harness.snapshot.anonymize.rewrite.contents import Contents, copied_columns, quoting_texts, target_contents
from harness.snapshot.anonymize.rewrite.divide import divided, part_name
from harness.snapshot.anonymize.rewrite.journal import Partial, building, create, no_room
from harness.snapshot.anonymize.rewrite.output import Meter, Output
from harness.snapshot.anonymize.rewrite.pack import check_packing
from harness.snapshot.anonymize.rewrite.plan import Planner, TablePlan
from harness.snapshot.anonymize.rewrite.pool import Pool, ProcessEndedError, pool
from harness.snapshot.anonymize.rewrite.sequences import Sequences
from harness.snapshot.anonymize.rewrite.work import Done, Setup, Task, Work, leak_key, sort_originals
from harness.snapshot.anonymize.schema import Schema
from harness.snapshot.anonymize.spill import FILE
from harness.snapshot.formats import TOC, Dump, Format

ALONE_BYTES = 4 * 1024 * 1024
"""Up to this size one process is done before others are started: an interpreter takes most of a second to."""

COMPILED_BYTES = 8 * 1024 * 1024
"""From this size compiled loops save more than loading them takes, a quarter of a second, once they are compiled."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for, as `anonymize` says."""

    dump: Dump
    target: Path
    policy: Policy
    schema: Schema
    keys: Keys
    jobs: int
    packing: str
    large_objects: str
    check: bool
    on_progress: Progress | None

    @property
    def processes(self) -> int:
        """How many processes are worth their start."""
        return self.jobs if self.dump.size_bytes >= ALONE_BYTES else 1

    @property
    def compiled(self) -> bool:
        """Whether the data is worth compiled loops."""
        return self.dump.size_bytes >= COMPILED_BYTES

    def run_id(self, packing: str) -> str:
        """The same for runs that would write the same: source, policy, key, format of the transforms, options."""
        path = self.dump.path
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        parts = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
        key = self.keys.subkey("which run").hex()
        told = msgspec.json.encode((parts, self.policy, key, packing, FORMAT, self.large_objects, self.check))
        return hashlib.sha256(told).hexdigest()

    def setup(self, tables: tuple[TablePlan, ...], *, packing: str, partial: Partial) -> Setup:
        """What the processes are told."""
        originals = partial.leaks / FILE if self.check else None
        return Setup(tables, self.keys, dict(self.schema.enums), packing, originals, self.compiled)

    def new_check(self, partial: Partial, masked: list[str]) -> Check | None:
        """The leak check, if it is wanted."""
        if not self.check:
            return None
        return Check(partial.leaks, masked=masked, allowed=self.policy.allowed_leaks, key=leak_key(self.keys))


def anonymize_archive(order: Order) -> Account:
    """Write an archive as the directory archive `order.target`; see `anonymize`."""
    began = time.monotonic_ns()
    archive = open_archive(order.dump)
    packing = _packing(archive, order.dump, order.packing)
    contents = target_contents(archive, packing=packing, large_objects=order.large_objects)
    contents = Sequences(order.policy, order.schema, order.keys).move(contents, packing=packing)
    planner = Planner(order.policy, order.schema)
    plans = {
        entry.dump_id: planner.table(entry.table, copied_columns(entry))
        for entry in contents.toc.entries
        if entry.has_data
    }
    with published(order, packing) as partial:
        rewriting = _Rewriting(order, archive, contents, plans, partial, packing, masked=planner.masked)
        with pool(
            Work, order.setup(tuple(plans.values()), packing=packing, partial=partial), jobs=order.processes
        ) as workers:
            rewriting.do(workers)
        partial.publish(order.target)
    return rewriting.account(duration_ns=time.monotonic_ns() - began)


@contextmanager
def published(order: Order, packing: str) -> Iterator[Partial]:
    """The folder to build in; on every way out but success it is tidied up, and errors of the disk are explained."""
    with building(order.target, run=order.run_id(packing)) as partial:
        try:
            yield partial
        except OSError as error:
            partial.tidy(keep=True)
            raise no_room(error, order.target) from None
        except BaseException as error:
            # What is wrong with the data or the policy is as wrong the next time; an interruption is not.
            wrong = isinstance(error, SnapshotError | RestoreError) and not isinstance(error, ProcessEndedError)
            partial.tidy(keep=not wrong)
            raise


@dataclass(slots=True)
class _Rewriting:
    """One run over the parts of an archive."""

    order: Order
    archive: Archive
    contents: Contents
    plans: Mapping[int, TablePlan]
    partial: Partial
    packing: str
    masked: list[str]
    numbers: dict[int, int] = field(default_factory=dict)
    check: Check | None = None
    continued: int = 0

    def do(self, workers: Pool[Task, Done]) -> None:
        """Collect, look through the schema, rewrite, judge, and write the table of contents."""
        self.numbers = {dump_id: number for number, dump_id in enumerate(self.plans)}
        self.continued = len(self.partial.finished)
        self.check = self.order.new_check(self.partial, self.masked)
        if self.check is not None:
            self._collect(workers, self.check)
            self.check.refuse_in_schema(quoting_texts(self.contents.toc))
        self._rewrite(workers)
        if self.check is not None:
            entries = self.partial.finished.values()
            self.check.refuse_in_rows([f for e in entries for f in e.found], [e.unchanged for e in entries])
        with create(self.partial.folder / TOC) as file:
            file.write(self.contents.raw)

    def account(self, *, duration_ns: int) -> Account:
        """What was done."""
        entries = list(self.partial.finished.values())
        return Account(
            tables=tuple(TableAccount(entry.table, entry.rows, entry.size_bytes) for entry in entries),
            read_bytes=self.order.dump.size_bytes,
            written_bytes=sum(entry.size_bytes for entry in entries) + len(self.contents.raw),
            masked=tuple(self.masked),
            dropped=self.contents.dropped,
            continued=self.continued,
            originals=None if self.check is None else self.check.distinct,
            duration_ns=duration_ns,
            moved=self.contents.moved,
        )

    def _collect(self, workers: Pool[Task, Done], check: Check) -> None:
        meter = Meter(self.order.on_progress, "read originals", self.order.dump.size_bytes)
        for task, done in workers.ordered(self._tasks(meter, wanted=has_originals, collect=True)):
            check.add(done.collected)
            meter.add(task.weight)
        sort_originals(workers)
        check.collected()
        meter.end()

    def _rewrite(self, workers: Pool[Task, Done]) -> None:
        meter = Meter(self.order.on_progress, "anonymize", self.order.dump.size_bytes)
        phrase = self.check.phrase if self.check else 0
        tables = list(self.plans.values())
        output: Output | None = None
        for task, done in workers.ordered(self._tasks(meter, wanted=lambda _: True, collect=False, phrase=phrase)):
            if task.first:
                output = Output(self.partial, task, self.packing)
            assert output is not None  # noqa: S101 - a part's first task comes first
            output.add(done)
            if task.last:
                self.partial.finish(output.finished(tables[task.table].name))
            meter.add(task.weight)
        meter.end()

    def _tasks(
        self, meter: Meter, *, wanted: Callable[[TablePlan], bool], collect: bool, phrase: int = 0
    ) -> Iterator[Task]:
        for part in self.archive.parts(on_read=meter.at):
            plan = self.plans[part.entry.dump_id]
            name = part_name(part, self.packing)
            if not wanted(plan) or (not collect and name in self.partial.finished):
                meter.add(part.size_bytes if part.file or part.region else 0)
                continue
            target = self.partial.folder / name
            number = self.numbers[part.entry.dump_id]
            common = Task(number, part=name, collect=collect, phrase=phrase, target=None if collect else target)
            yield from divided(part, common, dump=self.order.dump, table=plan.name)


def has_originals(plan: TablePlan) -> bool:
    """Whether the leak check has to know values of the table."""
    return any(column.masked and column.text for column in plan.columns)


def _packing(archive: Archive, dump: Dump, wanted: str) -> str:
    """What the target's data files are packed with; "same" is what most of the source's are."""
    packing = wanted
    if wanted == "same":
        packing = archive.toc.compression
        if dump.format is Format.DIRECTORY:
            kinds = Counter(part.packed for part in archive.parts(on_read=lambda _: None))
            packing = kinds.most_common(1)[0][0] if kinds else packing
    check_packing(packing, archive=archive.toc.version)
    return packing
