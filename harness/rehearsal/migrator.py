"""The change as the passes drive it: the plan's own SQL, or a tool's process; both go up and down."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Protocol

from harness.model.words import Direction, Pass
from harness.postgres.ports import Server
from harness.rehearsal.migration.command import CommandRunner
from harness.rehearsal.migration.executor import Sink
from harness.rehearsal.migration.hook import Ahead, StatementHook, go_on
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
    stage: Stage,
    server: Server,
    *,
    plan: MigrationPlan,
    pass_: Pass,
    hook: StatementHook | None = None,
    ahead: Ahead = go_on,
    sink: Sink | None = None,
) -> Iterator[Migrator]:
    """The migrator of a plan, its session open; cancelled when the body is broken off, closed on every path.

    `ahead` is called before each transaction of a plan of SQL; a tool's own process is not waited for. Its events go to
    `sink`, to the journal where there is none.
    """
    with ExitStack() as stack:
        told = sink or stage.emit
        change = _start(stage, server, plan=plan, pass_=pass_, hook=hook, ahead=ahead, sink=told, stack=stack)
        try:
            yield change
        except BaseException:
            change.cancel()
            raise


def _start(
    stage: Stage,
    server: Server,
    *,
    plan: MigrationPlan,
    pass_: Pass,
    hook: StatementHook | None,
    ahead: Ahead,
    sink: Sink,
    stack: ExitStack,
) -> Migrator:
    if plan.command is not None:
        return _Tool(CommandRunner(plan, server=server, pass_=pass_, clock=stage.clock, sink=sink))
    spec = stage.scenario.migration
    return stack.enter_context(
        SqlRunner(plan, spec=spec, server=server, pass_=pass_, clock=stage.clock, sink=sink, hook=hook, ahead=ahead)
    )


@dataclass(frozen=True, slots=True)
class _Tool:
    """A tool's command has no steps to choose from: it goes the whole way."""

    runner: CommandRunner

    def run(self, direction: Direction, *, steps: tuple[str, ...] | None = None) -> RunOutcome:  # noqa: ARG002
        """Run the command of this way."""
        return self.runner.run(direction)

    def cancel(self) -> None:
        """End the tool."""
        self.runner.cancel()
