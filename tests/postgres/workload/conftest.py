"""Databases that nobody here designed, restored beside one another on one server, and traffic on them."""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from harness.events.operations import OperationRecords, decode_records
from harness.model.clock import RunClock
from harness.postgres.connect import Connection, connect
from harness.postgres.ports import Server
from harness.rehearsal.traffic.plan import TrafficPlan
from harness.rehearsal.traffic.process import TrafficProcess
from harness.rehearsal.traffic.samples import ledger_keys, load_samples
from harness.rehearsal.tryout import Tryout
from harness.snapshot.clients import client, environment, run_client
from harness.spec.scenario import OperationSpec, TrafficSpec
from harness.spec.workload import Workload, build_workload

DATA = Path(os.environ.get("REHEARSE_SAMPLE_DATA") or Path(__file__).parents[4] / "shared" / "data")
SHOP = Path(__file__).parents[3] / "fixtures" / "shop" / "shop.dump"
PAGILA, CHINOOK = DATA / "pagila.sql", DATA / "chinook_serialpk.sql"
"""A folder that REHEARSE_SAMPLE_DATA names, or the one beside the checkout."""


@dataclass(frozen=True)
class Database:
    """One database of the server."""

    server: Server
    name: str

    def conninfo(self, *, application_name: str = "rehearse/harness") -> str:
        """How to connect to it."""
        return make_conninfo(self.server.conninfo(application_name=application_name), dbname=self.name)

    def connect(self) -> Connection:
        """A connection of the harness."""
        return connect(self.conninfo())

    def tryout(self, connection: Connection, *, writable: bool = True) -> Tryout:
        """Tries operations on it."""
        return Tryout(connection, seed=7, path=Path("scenario.toml"), writable=writable)


@pytest.fixture(scope="module")
def make_database(module_server: Server) -> Callable[[str, str | Path], Database]:
    """Makes a database of this name, out of SQL text, a plain dump or an archive."""

    def make(name: str, content: str | Path) -> Database:
        database = Database(module_server, name)
        with connect(module_server.conninfo(application_name="rehearse/harness")) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        if isinstance(content, str):
            with database.connect() as connection:
                connection.execute(content)
        else:
            _restore(database, content)
        with database.connect() as connection:
            connection.execute("VACUUM ANALYZE")
        return database

    return make


def _restore(database: Database, file: Path) -> None:
    major = database.server.version_num // 10_000
    variables = {**environment(database.server), "PGDATABASE": database.name}
    if file.suffix == ".dump":
        command = [str(client("pg_restore", least_major=major)), "--no-owner", f"--dbname={database.name}", str(file)]
        assert run_client(command, env=variables).returncode == 0
        return
    unusable = re.compile(r"^\s*(?:DROP DATABASE|CREATE DATABASE|\\c)\b.*$", re.MULTILINE)
    text = unusable.sub("", file.read_text(encoding="utf-8"))
    command = [str(client("psql", least_major=major)), "-X", "-q", f"--dbname={database.name}"]
    assert run_client(command, env=variables, feed=[text.encode()]).returncode == 0


@dataclass(frozen=True)
class Traffic:
    """Traffic of an application that was derived, while it runs and afterwards."""

    workload: Workload
    plan: TrafficPlan
    process: TrafficProcess

    def records(self) -> OperationRecords:
        """All records."""
        return np.concatenate(
            [decode_records(self.plan.records_path(p).read_bytes()) for p in range(self.plan.processes)]
        )


@pytest.fixture
def run_traffic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Traffic]]:
    """Starts traffic, connected but not begun; whatever happens, no process is left."""
    started: list[TrafficProcess] = []

    def run(database: Database, operations: tuple[OperationSpec, ...], *, rate: float, actors: int = 6) -> Traffic:
        spec = TrafficSpec(operation=operations, rate=rate, actors=actors)
        workload = build_workload(spec, path=Path("scenario.toml"))
        folder = tmp_path_factory.mktemp("traffic")
        with database.connect() as connection:
            plan = TrafficPlan.of(
                spec,
                workload=workload,
                conninfo=database.conninfo(application_name="rehearse/traffic"),
                clock=RunClock.start(),
                seed=7,
                records_folder=folder,
                private_folder=folder,
                samples=load_samples(connection, workload, seed=7),
                primary_keys=ledger_keys(connection, workload),
            )
        process = TrafficProcess(plan)
        started.append(process)
        process.start()
        return Traffic(workload, plan, process)

    yield run
    for process in started:
        process.kill()
