"""What a process does: tasks on blocks, ranges and whole files of a table's data."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from isal import isal_zlib

from harness.model.errors import RestoreError
from harness.postgres.connect import connect
from harness.snapshot.anonymize.keys import Keys
from harness.snapshot.anonymize.leaks import Originals
from harness.snapshot.anonymize.rewrite.archive import read_file
from harness.snapshot.anonymize.rewrite.blocks import Blocks, Collected, Compiler, Rewritten
from harness.snapshot.anonymize.rewrite.journal import create
from harness.snapshot.anonymize.rewrite.lines import END, blocks, read_range
from harness.snapshot.anonymize.rewrite.loading import large_blocks
from harness.snapshot.anonymize.rewrite.pack import pack
from harness.snapshot.anonymize.rewrite.plan import ColumnPlan, TablePlan
from harness.snapshot.anonymize.rewrite.pool import Pool
from harness.snapshot.anonymize.spill import Spill
from harness.snapshot.anonymize.transform import Transform
from harness.snapshot.anonymize.transforms.compile import compile_transform
from harness.snapshot.streams import truncated


@dataclass(frozen=True, slots=True)
class Setup:
    """What a process needs to know once.

    `originals` is where the leak check's numbers will be; None: no check. `compiled` says whether the data is worth
    compiled loops; the results are the same.
    """

    tables: tuple[TablePlan, ...]
    keys: Keys
    enums: dict[str, tuple[str, ...]]
    packing: str
    originals: Path | None
    compiled: bool = False


@dataclass(frozen=True, slots=True)
class Task:
    """Rows of the table with number `table`, from one of `block`, `span` (file, rows' region, first, end) or `file`.

    `collect` only reads originals, and `sort` sorts all that were read; else rows are rewritten, a whole file into
    `target`. `sql` says that a block is SQL between tables.
    `into` is a server to copy a whole file into: its conninfo, then settings, and the COPY statement last.
    `weight` are the source's bytes that this is, for the progress; `phrase` the leak check's, 0 for none.
    """

    table: int
    part: str = ""
    collect: bool = False
    sort: bool = False
    block: bytes = b""
    span: tuple[Path, tuple[int, int], int, int] | None = None
    file: tuple[Path, str] | None = None
    target: Path | None = None
    weight: int = 0
    phrase: int = 0
    sql: bool = False
    into: tuple[str, tuple[str, ...]] | None = None
    first: bool = False
    last: bool = False


@dataclass(slots=True)
class Done:
    """A task's result; `size_bytes` and `crc` of the file that was written, if one was."""

    collected: Collected = field(default_factory=Collected)
    rewritten: Rewritten = field(default_factory=Rewritten)
    size_bytes: int = 0
    crc: int = 0


# As pg_restore sets them: the scenario's production settings are meant for the application.
_COPYING = (
    "SET statement_timeout = 0",
    "SET lock_timeout = 0",
    "SET row_security = off",
    "SET synchronous_commit = off",
)
_NO_TABLE = TablePlan("", ())


class Work:
    """A worker of the pool."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._key = leak_key(setup.keys)
        self._compiler = compiler(setup.keys, setup.enums)
        self._collecting: Blocks | None = None
        self._rewriting: Blocks | None = None

    def __call__(self, task: Task) -> Done:
        """Do it. SnapshotError or RestoreError name the table or the file."""
        table = self._setup.tables[task.table] if self._setup.tables else _NO_TABLE
        if task.sort:
            self._sort()
            return Done()
        if task.collect:
            return Done(collected=self._collect(table, task))
        if task.into is not None:
            return self._copy_into(table, task)
        if task.file is not None and task.target is not None:
            return self._write_file(table, task)
        if task.sql:
            return Done(rewritten=Rewritten(pack(task.block, self._setup.packing)))
        rewritten = self._blocks(task).rewrite(table, _rows(task))
        rewritten.data = pack(rewritten.data, self._setup.packing)
        return Done(rewritten=rewritten)

    def _collect(self, table: TablePlan, task: Task) -> Collected:
        if task.file is None:
            return self._originals().collect(table, _rows(task))
        out = Collected()
        for block in _file_blocks(task.file, table):
            one = self._originals().collect(table, block)
            out.add(one)
        return out

    def _sort(self) -> None:
        assert self._setup.originals is not None  # noqa: S101 - without a check nothing is collected
        Spill(self._setup.originals.parent).finish(self._originals().sorting)

    def _originals(self) -> Blocks:
        if self._collecting is None:
            self._collecting = self._new_blocks(None)
        return self._collecting

    def _write_file(self, table: TablePlan, task: Task) -> Done:
        assert task.file is not None  # noqa: S101 - the caller has looked
        assert task.target is not None  # noqa: S101
        total, done = Rewritten(), Done()
        with create(task.target) as out:
            for packed in self._packed(table, task, total):
                out.write(packed)
                done.size_bytes += len(packed)
                done.crc = isal_zlib.crc32(packed, done.crc)
        done.rewritten = total
        return done

    def _copy_into(self, table: TablePlan, task: Task) -> Done:
        assert task.file is not None  # noqa: S101 - the caller says which
        assert task.into is not None  # noqa: S101
        conninfo, (*settings, copy) = task.into
        total, done = Rewritten(), Done()
        try:
            with connect(conninfo, autocommit=False) as connection:
                for setting in (*_COPYING, *settings):
                    connection.execute(setting.encode())
                with connection.cursor().copy(copy.encode()) as stream:
                    for block in _file_blocks(task.file, table):
                        one = self._blocks(task).rewrite(table, block)
                        stream.write(one.data)
                        done.size_bytes += len(one.data)
                        one.data = b""
                        total.add(one)
        except psycopg.Error as error:
            # The server's message quotes the row.
            raise RestoreError(
                f"the rows of {table.name} cannot be restored ({error.sqlstate or 'no answer'})"
            ) from None
        done.rewritten = total
        return done

    def _packed(self, table: TablePlan, task: Task, total: Rewritten) -> Iterator[bytes]:
        assert task.file is not None  # noqa: S101
        for block in _file_blocks(task.file, table):
            one = self._blocks(task).rewrite(table, block)
            yield pack(one.data, self._setup.packing)
            one.data = b""
            total.add(one)
        yield pack(END, self._setup.packing)

    def _blocks(self, task: Task) -> Blocks:
        if self._rewriting is None:
            self._rewriting = self._new_blocks(self._setup.originals if task.phrase else None, phrase=task.phrase)
        return self._rewriting

    def _new_blocks(self, originals: Path | None, *, phrase: int = 0) -> Blocks:
        known = Originals(originals, key=self._key, phrase=phrase) if originals else None
        if not self._setup.compiled:
            return Blocks(self._compiler, key=self._key, originals=known)
        return large_blocks()(self._compiler, key=self._key, originals=known)


def sort_originals(workers: Pool[Task, Done]) -> None:
    """Have the collected originals sorted by one of the processes: it has the compiled loops for it."""
    for _ in workers.ordered([Task(0, sort=True)]):
        pass


def compiler(keys: Keys, enums: Mapping[str, tuple[str, ...]]) -> Compiler:
    """Makes transforms as the policy's classes say."""

    def compiled(plan: ColumnPlan) -> Transform:
        return compile_transform(plan.policy, column=plan.column, domain=plan.policy.domain, keys=keys, enums=enums)

    return compiled


def leak_key(keys: Keys) -> bytes:
    """The key of the leak check's numbers."""
    return keys.subkey("leak check")


def _rows(task: Task) -> bytes:
    return read_range(*task.span) if task.span else task.block


def _file_blocks(file: tuple[Path, str], table: TablePlan) -> Iterable[bytes]:
    try:
        yield from blocks(read_file(*file))
    except EOFError as error:
        raise cut_off(file[0], table.name, error) from None


def cut_off(path: Path, table: str, error: EOFError) -> RestoreError:
    """The error for a table's data that ends too early."""
    return truncated(path, f"the data of {table} ends too early ({error})")


def count_found(found: Counter[tuple[str, int]]) -> list[tuple[str, int, int]]:
    """The same as the journal writes it."""
    return [(place, number, count) for (place, number), count in found.items()]
