"""Databases of one embedded server, each for one test, and what it takes to run a migration on them."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from harness.events.base import Event
from harness.model.clock import RunClock
from harness.model.errors import SandboxError
from harness.model.words import Direction, Pass
from harness.postgres.connect import Connection, connect
from harness.postgres.ports import CloneReport, Home, Server
from harness.rehearsal.migration.plan import MigrationPlan
from harness.rehearsal.migration.runner import RunOutcome, SqlRunner
from harness.rehearsal.migration.sources import build_plan
from harness.rehearsal.migration.tracer import Tracer
from harness.sandbox.embedded import EmbeddedEngine
from harness.spec.scenario import MigrationSpec, PostgresSpec, Restore, RollbackSpec, Scenario, Transaction

_NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Database:
    """One database of a server, as a server."""

    server: Server
    name: str

    @property
    def engine(self) -> str:
        return self.server.engine

    @property
    def version_num(self) -> int:
        return self.server.version_num

    @property
    def version(self) -> str:
        return self.server.version

    @property
    def description(self) -> str:
        return self.server.description

    @property
    def clone_report(self) -> CloneReport | None:
        return self.server.clone_report

    def conninfo(self, *, application_name: str) -> str:
        return make_conninfo(self.server.conninfo(application_name=application_name), dbname=self.name)

    def environment(self, *, application_name: str) -> dict[str, str]:
        environment = self.server.environment(application_name=application_name)
        url = environment["DATABASE_URL"]
        return {
            **environment,
            "PGDATABASE": self.name,
            "DATABASE_URL": url.replace(f"/{environment['PGDATABASE']}", f"/{self.name}"),
        }

    def stop(self, *, crash: bool = False) -> None:
        self.server.stop(crash=crash)

    def start(self) -> None:
        self.server.start()

    def discard(self) -> None:
        self.server.discard()

    def connect(self) -> Connection:
        return connect(self.conninfo(application_name="test"))


@dataclass
class Rehearsed:
    """What a run said."""

    plan: MigrationPlan
    events: list[Event] = field(default_factory=list)
    outcomes: dict[Direction, RunOutcome] = field(default_factory=dict)

    def of(self, kind: type, **wanted: object) -> list:  # type: ignore[type-arg]
        """The events of one type with these values."""
        return [
            event
            for event in self.events
            if isinstance(event, kind) and all(getattr(event, name) == value for name, value in wanted.items())
        ]


Rehearse = Callable[..., Rehearsed]


def make_database(server: Server) -> Database:
    """A new database of the server."""
    name = f"d{next(_NUMBERS)}"
    with connect(server.conninfo(application_name="test")) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return Database(server, name)


@pytest.fixture
def database(module_server: Server) -> Iterator[Database]:
    """An empty database."""
    made = make_database(module_server)
    yield made
    with connect(module_server.conninfo(application_name="test")) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(made.name)))


def scenario_of(spec: MigrationSpec, *, down: bool) -> Scenario:
    """A scenario with this migration."""
    rollback = RollbackSpec() if down else RollbackSpec(run=False, restore=Restore.NONE, reason="test")
    return Scenario(name="test", migration=spec, rollback=rollback)


@pytest.fixture
def rehearse(tmp_path: Path) -> Rehearse:
    """Runs files (name → text) on a database: `rehearse(database, {"up.sql": …}, trace=True)`."""

    def run(
        database: Server,
        files: dict[str, str],
        *,
        trace: bool = False,
        directions: tuple[Direction, ...] = (Direction.UP,),
        **spec_values: object,
    ) -> Rehearsed:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        spec = msgspec.convert(spec_values, MigrationSpec)
        plan = build_plan(scenario_of(spec, down=Direction.DOWN in directions), folder=tmp_path)
        return run_plan(plan, spec=spec, server=database, trace=trace, directions=directions)

    return run


def run_plan(
    plan: MigrationPlan,
    *,
    spec: MigrationSpec,
    server: Server,
    trace: bool,
    directions: tuple[Direction, ...] = (Direction.UP,),
) -> Rehearsed:
    """Run a plan as the conductor does."""
    result = Rehearsed(plan)
    clock = RunClock.start()
    pass_ = Pass.TRACE if trace else Pass.LOAD
    if not trace:
        with SqlRunner(plan, spec=spec, server=server, pass_=pass_, clock=clock, sink=result.events.append) as runner:
            for direction in directions:
                result.outcomes[direction] = runner.run(direction)
        return result
    with (
        Tracer(server=server, clock=clock, sink=result.events.append) as tracer,
        SqlRunner(
            plan, spec=spec, server=server, pass_=pass_, clock=clock, sink=result.events.append, hook=tracer
        ) as runner,
    ):
        for direction in directions:
            result.outcomes[direction] = runner.run(direction)
    return result


AS_WRITTEN = Transaction.AS_WRITTEN


@pytest.fixture(scope="session", params=["15", "16", "18"])
def versioned_server(request: pytest.FixtureRequest, home: Path) -> Iterator[Server]:
    """A server of each major version at hand."""
    try:
        engine = EmbeddedEngine(PostgresSpec(version=request.param), home=Home(home))
    except SandboxError as error:
        pytest.skip(error.message)
    server = engine.provision()
    yield server
    server.discard()
