"""A log of a real application becomes a workload that sends the same statements, as often, for as many rows."""

import random
import re
import subprocess
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine

from harness.model.clock import RunClock
from harness.model.units import NS_PER_S
from harness.postgres.binaries import find_client
from harness.postgres.connect import Connection, connect
from harness.postgres.ports import Server
from harness.rehearsal.traffic.plan import TrafficPlan
from harness.rehearsal.traffic.process import TrafficProcess
from harness.rehearsal.traffic.samples import load_samples
from harness.rehearsal.tryout import Tryout
from harness.spec.placeholders import named_sql
from harness.spec.scenario import Arrival, TrafficSpec
from harness.spec.workload import build_workload
from harness.workload.catalog import Catalog
from harness.workload.derived import Derived
from harness.workload.from_log import LogOptions, derive_from_log
from harness.workload.log_calls import CallReader
from harness.workload.log_files import LogForm, LogReading, read_entries
from harness.workload.outline import UnsuitedError
from harness.workload.read_catalog import read_catalog
from harness.workload.recorded import StatementReader
from harness.workload.transactions import split_statements
from tests.postgres.workload.blog import Blog

pytestmark = pytest.mark.postgres

FILES = {LogForm.JSONLOG: "server.json", LogForm.CSVLOG: "server.csv", LogForm.STDERR: "server.log"}
CLOSE = 0.02
PREFIX = "%m [%p] user=%u,db=%d,xid=%v,session=%c %q%i "


@dataclass
class LoggedServer:
    """A server that logs every statement in all three forms, and what it wrote between two marks."""

    server: Server
    conn: Connection
    folder: Path
    marks: Counter[str]

    def mark(self) -> None:
        """What follows is of interest."""
        time.sleep(0.2)  # the log collector is a process of its own
        for name in FILES.values():
            self.marks[name] = self._size(name)

    def logs(self) -> dict[LogForm, Path]:
        """What was written since the mark, in each form."""
        time.sleep(0.5)
        found = {}
        for form, name in FILES.items():
            bound = [f"log/{name}", self.marks[name], self._size(name) - self.marks[name]]
            row = self.conn.execute("SELECT pg_read_binary_file(%s, %s, %s)", bound).fetchone()
            assert row is not None
            found[form] = self.folder / f"{len(list(self.folder.iterdir()))}-{name}"
            found[form].write_bytes(row[0])
        return found

    def _size(self, name: str) -> int:
        row = self.conn.execute("SELECT size FROM pg_stat_file(%s)", [f"log/{name}"]).fetchone()
        return int(row[0]) if row else 0

    def catalog(self) -> Catalog:
        return read_catalog(self.conn)

    def counters(self, table: str) -> Counter[str]:
        """Rows that were inserted, updated, deleted, and fetched by an index."""
        names = ("n_tup_ins", "n_tup_upd", "n_tup_del", "idx_tup_fetch")
        row = self.conn.execute(
            f"SELECT {', '.join(names)} FROM pg_stat_user_tables WHERE relname = %s", [table]
        ).fetchone()
        return Counter(dict(zip(names, row or (), strict=True)))

    def run(self, derived: Derived, *, operations: int, rate: float) -> None:
        """Our own traffic: so many operations of the derived workload."""
        spec = TrafficSpec(
            operation=derived.operations, rate=rate, actors=8, arrival=Arrival.UNIFORM, pool_timeout="60s"
        )
        workload = build_workload(spec, path=Path("s.toml"))
        plan = TrafficPlan.of(
            spec,
            workload=workload,
            conninfo=self.server.conninfo(application_name="rehearse/traffic"),
            clock=RunClock.start(),
            seed=3,
            records_folder=self.folder,
            private_folder=self.folder,
            samples=load_samples(self.conn, workload, seed=3),
            primary_keys={},
            processes=1,
        )
        traffic = TrafficProcess(plan)
        try:
            traffic.start()
            began = traffic.begin()
            time.sleep(operations / rate)
            summary = traffic.stop(drain_ns=60 * NS_PER_S, at_ns=began + round(operations / rate * NS_PER_S))
        finally:
            traffic.kill()
        assert summary.failed == summary.pool_timeouts == summary.abandoned == 0
        assert abs(summary.completed - operations) <= 1


@pytest.fixture(scope="module")
def logged(module_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoggedServer]:
    """A server with every form of log."""
    with connect(module_server.conninfo(application_name="rehearse/harness")) as conn:
        settings = {"log_destination": "jsonlog,csvlog,stderr", "log_line_prefix": PREFIX, "log_statement": "none"}
        for name, value in (settings | {"log_min_duration_statement": "0"}).items():
            conn.execute(psycopg.sql.SQL("ALTER SYSTEM SET {} = {}").format(psycopg.sql.SQL(name), value))
        conn.execute("SELECT pg_reload_conf()")
        conn.execute("SET log_min_duration_statement = -1")  # what this session asks is not the application's
        yield LoggedServer(module_server, conn, tmp_path_factory.mktemp("logs"), Counter())


def mix(path: Path, catalog: Catalog) -> dict[str, float]:
    """The share of each statement among all that a workload can stand for."""
    reader, counts = StatementReader(catalog), Counter[str]()
    entries = read_entries(path, form=LogForm.AUTO, prefix=PREFIX, reading=LogReading())
    for call in CallReader().read(entries):
        for sql in split_statements(call.sql):
            try:
                counts[reader.read(sql, call.values).variant.identity] += 1
            except UnsuitedError:
                continue
    return {identity: count / counts.total() for identity, count in counts.items()}


def assert_same_mix(one: dict[str, float], other: dict[str, float]) -> None:
    for identity in one.keys() | other.keys():
        assert one.get(identity, 0.0) == pytest.approx(other.get(identity, 0.0), abs=CLOSE)


def test_pgbench(logged: LoggedServer) -> None:
    conninfo = logged.server.conninfo(application_name="pgbench")
    program = str(find_client("pgbench", logged.server.version_num // 10_000))
    subprocess.run([program, "-i", "-s", "3", "-q", conninfo], check=True, capture_output=True)
    logged.conn.execute("VACUUM ANALYZE")
    before = logged.counters("pgbench_accounts")
    logged.mark()
    for protocol in ("simple", "prepared"):
        arguments = ["-n", "-c", "4", "-t", "250", "-M", protocol, "-b", "tpcb-like@1", "-b", "select-only@3"]
        subprocess.run([program, *arguments, "--random-seed", "7", conninfo], check=True, capture_output=True)
    transactions = 2 * 4 * 250
    logs, after, catalog = logged.logs(), logged.counters("pgbench_accounts"), logged.catalog()

    derived = {form: derive_from_log([path], catalog, LogOptions(prefix=PREFIX)) for form, path in logs.items()}
    found = derived[LogForm.JSONLOG]
    assert all(one.operations == found.operations for one in derived.values())
    assert sorted(len(o.sql) if isinstance(o.sql, tuple) else 1 for o in found.operations) == [1, 5]
    assert sum(operation.weight for operation in found.operations) == transactions
    assert found.coverage.covered_calls >= found.coverage.calls - 4  # what pgbench itself asks before it begins

    logged.mark()
    logged.run(found, operations=transactions, rate=1000)
    own_log, finally_ = logged.logs()[LogForm.JSONLOG], logged.counters("pgbench_accounts")
    assert_same_mix(mix(logs[LogForm.JSONLOG], catalog), mix(own_log, catalog))
    pgbench_rows = {name: (after[name] - before[name]) / transactions for name in after}
    own_rows = {name: (finally_[name] - after[name]) / transactions for name in after}
    assert pgbench_rows["n_tup_upd"] == pytest.approx(own_rows["n_tup_upd"], abs=CLOSE)
    assert pgbench_rows["idx_tup_fetch"] == pytest.approx(own_rows["idx_tup_fetch"], rel=CLOSE)

    trials = Tryout(logged.conn, 1, Path("s.toml")).try_out(found.operations, draws=20)
    assert all(trial.ok for trial in trials)
    assert all(statement.rows == statement.calls == 20 for trial in trials for statement in trial.statements)


def test_an_application_with_an_orm(logged: LoggedServer) -> None:
    rows, statements = Counter[str](), Counter[str]()

    class CountingCursor(psycopg.Cursor):
        """Notes how many rows each statement gave or changed."""

        def execute(self, *arguments, **options):  # type: ignore[no-untyped-def]
            result = super().execute(*arguments, **options)
            text = _numbered(str(arguments[0]))
            statements[text] += 1
            rows[text] += max(self.rowcount, 0)
            return result

    conninfo = logged.server.conninfo(application_name="blog")
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(conninfo, cursor_factory=CountingCursor)
    )
    blog = Blog(engine, random.Random(11))
    blog.fill()
    logged.conn.execute("VACUUM ANALYZE")
    logged.mark()
    statements.clear()
    rows.clear()
    blog.use(times=900)
    log, catalog = logged.logs()[LogForm.JSONLOG], logged.catalog()
    application = {text: (number, rows[text]) for text, number in statements.items()}
    blog.fill()  # the database as it was when the log began: what a snapshot would hold
    engine.dispose()
    logged.conn.execute("VACUUM ANALYZE")

    derived = derive_from_log([log], catalog, LogOptions(min_share=0.005))
    coverage = derived.coverage
    lost = {one.reason for one in coverage.uncovered}
    assert lost <= {"PREPARE and EXECUTE in SQL", "in transactions rarer than 0.005 of all"}
    assert coverage.covered_calls >= 0.95 * coverage.calls

    reader = StatementReader(catalog)
    wanted_rows, wanted_calls = Counter[str](), Counter[str]()
    for text, (number, of) in application.items():
        identity = _identity(reader, text)
        wanted_calls[identity] += number
        wanted_rows[identity] += of
    trials = Tryout(logged.conn, 1, Path("s.toml")).try_out(derived.operations, draws=250)
    own_rows, own_calls = defaultdict[str, float](float), defaultdict[str, float](float)
    for trial, operation in zip(trials, derived.operations, strict=True):
        assert trial.ok, trial.reason
        for statement in trial.statements:
            identity = _identity(reader, named_sql(statement.sql).text)
            own_calls[identity] += operation.weight
            own_rows[identity] += operation.weight * statement.rows / statement.calls
    compared = [identity for identity in own_calls if identity and wanted_calls[identity] >= 30]
    assert len(compared) >= 9
    for identity in compared:
        wanted = wanted_rows[identity] / wanted_calls[identity]
        assert own_rows[identity] / own_calls[identity] == pytest.approx(wanted, rel=CLOSE)

    logged.mark()
    logged.run(derived, operations=2000, rate=500)
    assert_same_mix(mix(log, catalog), mix(logged.logs()[LogForm.JSONLOG], catalog))


def _numbered(text: str) -> str:
    """`$n` for each `%(name)s`, as psycopg sends it."""
    names: dict[str, str] = {}
    return re.sub(r"%\((\w+)\)s", lambda match: names.setdefault(match[1], f"${len(names) + 1}"), text)


def _identity(reader: StatementReader, text: str) -> str:
    try:
        return reader.read(text, {}).variant.identity
    except UnsuitedError:
        return ""
