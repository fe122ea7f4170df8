"""The change as the passes drive it: the plan's own SQL, or a tool's process; both go up and down."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from harness.model.words import Direction, Pass
from harness.postgres.ports import Server
from harness.rehearsal.migration.command import CommandRunner
from harness.rehearsal.migration.hook import StatementHook
from harness.rehearsal.migration.plan import MigrationPlan
from harness.rehearsal.migration.runner import RunOutcome, SqlRunner
from harness.rehearsal.stage import Stage


class Migrator(Protocol):
    """Applies steps; what goes wrong is in the outcome and in the journal, never raised."""

    def run(self, direction: Direction, *, steps: tuple[str, ...] | None = None) -> RunOutcome:
        """Apply the steps (all, or those named) in the order of `direction`."""
        ...

    def cancel(self) -> None:
        """Stop; from any thread."""
        ...


@contextmanager
def migrator(
    stage: Stage, server: Server, *, plan: MigrationPlan, pass_: Pass, hook: StatementHook | None = None
) -> Iterator[Migrator]:
    """The migrator of a plan, its session open; cancelled when the body is broken off, closed on every path."""
    runner: SqlRunner | CommandRunner
    if plan.command is not None:
        runner = CommandRunner(
            plan, folder=stage.loaded.folder, server=server, pass_=pass_, clock=stage.clock, sink=stage.emit
        )
    else:
        runner = SqlRunner(
            plan,
            spec=stage.scenario.migration,
            server=server,
            pass_=pass_,
            clock=stage.clock,
            sink=stage.emit,
            hook=hook,
        )
    with runner:
        try:
            yield runner
        except BaseException:
            runner.cancel()
            raise
