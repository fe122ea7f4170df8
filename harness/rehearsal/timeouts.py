"""lock_timeout by measurement: transactions with strong locks tried under load, again and again, each time rolled back.

On one clone, with the scenario's traffic and antagonists running, the migration goes up. Before each transaction that
asks for a strong lock it is tried instead: every value in turn, in an order that the seed shuffles, so that each meets
the same weather; on the migration's own session, so that its settings hold. Then the transaction is applied, and the
next one is tried.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

import psycopg

from harness.events.probes import LockTimeoutTried
from harness.model.errors import SpecError
from harness.model.locks import LockMode
from harness.model.units import NS_PER_MS, parse_duration
from harness.model.words import Direction, Pass, PhaseKind
from harness.postgres.connect import Connection
from harness.rehearsal.application import Application
from harness.rehearsal.deploy import plan_deploy
from harness.rehearsal.migration.hook import NoHook, Upcoming
from harness.rehearsal.migration.statement import Statement
from harness.rehearsal.migrator import migrator
from harness.rehearsal.stage import Stage, harness_session
from harness.rehearsal.trace_pass import run_trace

_PASS: Final = Pass.LOAD
# Between two attempts, at random: the last one's queue has drained, and the antagonists' rhythm is not met in step.
_REST_NS: Final = (100 * NS_PER_MS, 500 * NS_PER_MS)
# What an attempt may end with and be tried again; anything else fails every time.
_UNLUCKY: Final = frozenset({"", "55P03", "40P01", "57014"})
# An attempt that works long under its lock is not what is asked here.
_LONGEST: Final = "60s"


def try_timeouts(stage: Stage, *, values_ms: Sequence[int], attempts: int) -> None:
    """Measure each value with each transaction, `attempts` times. SpecError where a tool applies the migration."""
    if stage.plan.command is not None:
        raise SpecError(
            "a tool's own process applies this migration: its transactions cannot be tried one by one",
            path=stage.loaded.path,
            key="migration.tool",
            hint="rehearse the SQL that the tool sends, with up = and down =",
        )
    run_trace(stage)
    with stage.clone(_PASS) as server, harness_session(server) as connection:
        plan = stage.pending(server)
        deploy = plan_deploy(stage.scenario, steps=tuple(step.name for step in plan.steps), workload=stage.workload)
        with Application(stage, server, plan=plan) as application:
            application.start(connection, mix=deploy.initial_mix)
            trials = _Trials(stage, application, values_ms, attempts)
            with migrator(stage, server, plan=plan, pass_=_PASS, hook=trials, ahead=trials.ahead) as change:
                with stage.phase(_PASS, PhaseKind.BASELINE):
                    application.begin()
                    application.run_for(parse_duration(stage.scenario.traffic.baseline))
                with stage.phase(_PASS, PhaseKind.MIGRATE) as phase:
                    phase.ok = change.run(Direction.UP).ok
            application.stop()


@dataclass(slots=True)
class _Trials(NoHook):
    """What is done before each transaction."""

    stage: Stage
    application: Application
    values_ms: Sequence[int]
    attempts: int
    _strong: frozenset[str] = field(init=False)
    _random: Random = field(init=False)
    _connection: Connection | None = None

    def __post_init__(self) -> None:
        self._strong = frozenset(
            statement.started.statement
            for statement in self.stage.traced.statements
            if any(_is_strong(lock.mode) for lock in statement.locks)
        )
        self._random = Random(self.stage.scenario.seed)  # noqa: S311 - repeatable, not secret

    def attach(self, connection: Connection) -> None:
        """The session that everything is tried on."""
        self._connection = connection

    def ahead(self, upcoming: Upcoming) -> None:
        """Try the transaction that comes, where it asks for a strong lock and can be rolled back."""
        statements = [statement for statement in upcoming.statements if statement.control is None]
        names = tuple(statement.id for statement in statements)
        alone = any(statement.refuses_block or statement.may_control for statement in statements)
        if alone or not self._strong & set(names):
            return
        for attempt in range(1, self.attempts + 1):
            for value_ms in self._random.sample(list(self.values_ms), len(self.values_ms)):
                self.application.run_for(self._random.randint(*_REST_NS))
                if not self._try(names, statements, value_ms=value_ms, attempt=attempt):
                    return

    def _try(self, names: tuple[str, ...], statements: list[Statement], *, value_ms: int, attempt: int) -> bool:
        """One attempt; whether another one makes sense."""
        connection, clock = self._connection, self.stage.clock
        if connection is None:
            return False
        start_ns, sqlstate = clock.now_ns(), ""
        try:
            connection.execute("BEGIN")
            for name, value in (("statement_timeout", _LONGEST), ("lock_timeout", f"{value_ms}ms")):
                connection.execute("SELECT set_config(%s, %s, true)", (name, value))
            for statement in statements:
                if not (statement.sets and "timeout" in statement.text.lower()):
                    connection.execute(statement.text.encode())
        except psycopg.Error as error:
            sqlstate = error.sqlstate or "08006"
        if not connection.closed:
            connection.execute("ROLLBACK")
        self.stage.emit(
            LockTimeoutTried(
                at_ns=clock.now_ns(),
                pass_=_PASS,
                statements=names,
                lock_timeout_ms=value_ms,
                attempt=attempt,
                start_ns=start_ns,
                sqlstate=sqlstate,
            )
        )
        return sqlstate in _UNLUCKY


def _is_strong(mode: str) -> bool:
    return mode in {one.pg_name for one in LockMode if one.is_strong}
