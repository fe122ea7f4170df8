"""The change as the passes drive it: the plan's own SQL, or a tool's process; both go up and down."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from harness.model.words import Direction, Pass
from harness.postgres.ports import Server
from harness.rehearsal.migration.hook import StatementHook
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
