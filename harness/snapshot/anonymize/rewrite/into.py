"""Straight into the rehearsal server: the schema by pg_restore, the rows through transforms, then indexes and keys."""

import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from harness.model.errors import RestoreError, SnapshotError
from harness.model.words import Role
from harness.postgres.ports import Server
from harness.snapshot.anonymize.rewrite.account import Account, TableAccount
from harness.snapshot.anonymize.rewrite.archive import Part, open_archive
from harness.snapshot.anonymize.rewrite.check import Check
from harness.snapshot.anonymize.rewrite.contents import copied_columns, quoting_texts, target_contents
from harness.snapshot.anonymize.rewrite.output import Meter
from harness.snapshot.anonymize.rewrite.plain_run import anonymize_plain
from harness.snapshot.anonymize.rewrite.plan import Planner, TablePlan
from harness.snapshot.anonymize.rewrite.pool import Pool, pool
from harness.snapshot.anonymize.rewrite.run import Order, anonymize_archive, has_originals
from harness.snapshot.anonymize.rewrite.sequences import Sequences
from harness.snapshot.anonymize.rewrite.toc import Entry, write_toc
from harness.snapshot.anonymize.rewrite.work import Done, Setup, Task, Work, count_found, leak_key, sort_originals
from harness.snapshot.anonymize.spill import FILE
from harness.snapshot.archives import archive_needs, explain, opened
from harness.snapshot.clients import client, environment, run_client
from harness.snapshot.formats import TOC, Dump, Format, recognise
from harness.snapshot.messages import restore_error
from harness.snapshot.restore import prepare_server, restore

# A subscription would reach for production's server, a tablespace for a folder that only production has.
_LEFT_OUT = ("--no-subscriptions", "--no-tablespaces")
# What a session must know of the dump before it reads its rows.
_SETTINGS = (b"ENCODING", b"STDSTRINGS")


def restore_anonymized(order: Order, server: Server, *, extensions: Iterable[str], work: Path) -> Account:
    """Restore the dump into the empty `server`, anonymized on the way; see `anonymize_into`."""
    if order.dump.format is not Format.DIRECTORY:
        return _by_way_of_files(order, server, extensions=extensions, work=work)
    began = time.monotonic_ns()
    archive = open_archive(order.dump)
    contents = target_contents(archive, packing="none", large_objects=order.large_objects)
    contents = Sequences(order.policy, order.schema, order.keys).move(contents, packing="none")
    planner = Planner(order.policy, order.schema)
    data = [entry for entry in contents.toc.entries if entry.has_data]
    plans = {entry.dump_id: planner.table(entry.table, copied_columns(entry)) for entry in data}
    with tempfile.TemporaryDirectory(prefix="anonymize-", dir=work) as folder:
        schema = _schema_only(Path(folder), write_toc(contents.toc.without(lambda e: e.has_data), compression="none"))
        parts = list(archive.parts(on_read=lambda _: None))
        into = _Into(order, server, schema, plans, parts, _settings(contents.toc.entries), planner.masked, Path(folder))
        enums = dict(order.schema.enums)
        setup = Setup(tuple(plans.values()), order.keys, enums, "none", into.originals, order.compiled)
        with pool(Work, setup, jobs=order.processes) as workers:
            if into.check is not None:
                into.collect(workers)
                into.check.refuse_in_schema(quoting_texts(contents.toc))
            tables = into.restore(workers, extensions=extensions)
    return Account(
        tables=tables,
        read_bytes=order.dump.size_bytes,
        written_bytes=sum(table.size_bytes for table in tables),
        masked=tuple(planner.masked),
        dropped=contents.dropped,
        continued=0,
        originals=None if into.check is None else into.check.distinct,
        duration_ns=time.monotonic_ns() - began,
        moved=contents.moved,
    )


@dataclass(slots=True)
class _Into:
    """One restore: schema, rows, sequences, then what needs the rows to be there."""

    order: Order
    server: Server
    schema: Dump
    plans: dict[int, TablePlan]
    parts: list[Part]
    settings: tuple[str, ...]
    masked: list[str]
    folder: Path
    check: Check | None = None

    def __post_init__(self) -> None:
        if self.order.check:
            self.check = Check(
                self.folder / "leaks",
                masked=self.masked,
                allowed=self.order.policy.allowed_leaks,
                key=leak_key(self.order.keys),
            )

    @property
    def originals(self) -> Path | None:
        """Where processes find the originals."""
        return self.folder / "leaks" / FILE if self.order.check else None

    def collect(self, workers: Pool[Task, Done]) -> None:
        """Read all masked columns."""
        assert self.check is not None  # noqa: S101 - the caller has looked
        meter = Meter(self.order.on_progress, "read originals", self.order.dump.size_bytes)
        tasks = [task for task in self._tasks(collect=True) if has_originals(list(self.plans.values())[task.table])]
        for task, done in workers.ordered(tasks):
            self.check.add(done.collected)
            meter.add(task.weight)
        sort_originals(workers)
        self.check.collected()
        meter.end()

    def restore(self, workers: Pool[Task, Done], *, extensions: Iterable[str]) -> tuple[TableAccount, ...]:
        """Fill the server; SnapshotError before any index is made where a leak was found."""
        with opened(self.schema, work=self.folder) as archive:
            prepare_server(self.server, archive_needs(self.schema, archive), extensions=extensions, dump=self.schema)
        self._section("pre-data")
        tables = self._rows(workers)
        self._section("data")
        self._section("post-data")
        return tables

    def _rows(self, workers: Pool[Task, Done]) -> tuple[TableAccount, ...]:
        meter = Meter(self.order.on_progress, "anonymize", self.order.dump.size_bytes)
        names = [plan.name for plan in self.plans.values()]
        tables, found, unchanged = [], [], []
        for task, done in workers.ordered(self._tasks(collect=False)):
            rewritten = done.rewritten
            tables.append(TableAccount(names[task.table], rewritten.rows, done.size_bytes))
            found += count_found(rewritten.found)
            unchanged.append({number: hashes.tolist() for number, hashes in rewritten.unchanged.items()})
            meter.add(task.weight)
        meter.end()
        if self.check is not None:
            self.check.refuse_in_rows(found, unchanged)
        return tuple(tables)

    def _tasks(self, *, collect: bool) -> list[Task]:
        """A task a table, the largest first, so that none is left over at the end."""
        numbers = {dump_id: number for number, dump_id in enumerate(self.plans)}
        conninfo = self.server.conninfo(application_name=Role.HARNESS.application_name)
        phrase = 0 if collect or self.check is None else self.check.phrase
        tasks = []
        for part in sorted(self.parts, key=lambda part: -part.size_bytes):
            assert part.file is not None  # noqa: S101 - a directory has a file for each
            copy = (part.entry.copy or b"").decode().strip().rstrip(";")
            task = Task(
                numbers[part.entry.dump_id], collect=collect, file=(part.file, part.packed), weight=part.size_bytes
            )
            tasks.append(task if collect else replace(task, phrase=phrase, into=(conninfo, (*self.settings, copy))))
        return tasks

    def _section(self, name: str) -> None:
        if self.order.on_progress:
            self.order.on_progress(f"restore {name}", 0, None)
        header = self.schema.header
        program = client("pg_restore", least_major=header.dump_major if header else 0)
        env = environment(self.server)
        jobs = ["-j", str(self.order.jobs)] if name == "post-data" else []
        command = [str(program), f"--section={name}", *_LEFT_OUT, *jobs, "-d", env["PGDATABASE"], str(self.schema.path)]
        outcome = run_client(command, env=env, on_line=self._raise_first)
        if outcome.returncode not in (0, 1):
            raise RestoreError(f"{self.order.dump.path}: pg_restore ended with code {outcome.returncode}")

    def _raise_first(self, line: str) -> None:
        if error := restore_error(line):
            header = self.order.dump.header
            dumped = header.server_major if header else 0
            raise explain(error, self.order.dump, server_major=self.server.version_num // 10_000, dumped_major=dumped)


def _by_way_of_files(order: Order, server: Server, *, extensions: Iterable[str], work: Path) -> Account:
    """A custom, tar or plain dump: one stream, which several COPYs cannot read at once; unpacked files are the way."""
    with tempfile.TemporaryDirectory(prefix="anonymize-", dir=work) as folder:
        inner = replace(order, target=Path(folder) / "dump", packing="none")
        account = anonymize_plain(inner) if order.dump.format is Format.PLAIN else anonymize_archive(inner)
        restore(inner.target, server, extensions=extensions, work=work, on_progress=order.on_progress)
    return account


def _schema_only(folder: Path, toc: bytes) -> Dump:
    schema = folder / "schema"
    schema.mkdir(mode=0o700)
    (schema / TOC).write_bytes(toc)
    return recognise(schema)


def _settings(entries: Iterable[Entry]) -> tuple[str, ...]:
    found = Counter(entry.kind for entry in entries)
    if any(found[kind] > 1 for kind in _SETTINGS):
        raise SnapshotError("the dump sets its encoding twice")
    return tuple((entry.definition or b"").decode().strip() for entry in entries if entry.kind in _SETTINGS)
