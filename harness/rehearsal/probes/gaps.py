"""Between the migration's transactions, and inside statements that commit on their own, the application goes on."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from harness.model.words import Direction
from harness.postgres.connect import Connection
from harness.rehearsal.migration.hook import Upcoming
from harness.rehearsal.migration.statement import Statement
from harness.rehearsal.probes.matrix import Matrix

# Settings of a session change nothing that others see.
_OWN: Final = frozenset({"SET", "RESET", "SHOW", "DISCARD"})
_BETWEEN: Final = 2
"""Executions of each operation against a state in between."""


@dataclass(slots=True)
class Gaps:
    """A `StatementHook` for going up that lets a matrix run where the migration leaves room."""

    matrix: Matrix
    _going_up: bool = True
    _stop: threading.Event = field(default_factory=threading.Event)
    _loop: threading.Thread | None = None

    def ahead(self, upcoming: Upcoming) -> None:
        """Before a transaction: what the one before it left is a state."""
        self._going_up = upcoming.direction is Direction.UP
        if self._going_up:
            self.matrix.run_between(times=_BETWEEN)

    def attach(self, connection: Connection) -> None:
        """Nothing."""

    def wraps(self, statement: Statement) -> bool:  # noqa: ARG002 - the protocol's
        """Never."""
        return False

    def began(self) -> None:
        """Nothing."""

    def before(self, statement: Statement, *, in_transaction: bool) -> None:
        """A statement that commits in between has gaps of its own."""
        if self._going_up and statement.may_control and not in_transaction:
            self._stop.clear()
            self._loop = threading.Thread(
                target=self.matrix.loop, args=(self._stop,), name="rehearse-gaps", daemon=True
            )
            self._loop.start()

    def after(self, statement: Statement, *, direction: Direction, in_transaction: bool, sqlstate: str) -> None:  # noqa: ARG002
        """What was committed, or will be with its transaction, makes another state."""
        self.close()
        if direction is Direction.UP and not sqlstate and statement.tag not in _OWN:
            self.matrix.committed(statement.id)

    def failed(self, statement: Statement, *, direction: Direction, replay: Sequence[str]) -> None:  # noqa: ARG002
        """Nothing."""
        self.close()

    def close(self) -> None:
        """End the loop, where one runs."""
        if self._loop is not None:
            self._stop.set()
            self._loop.join()
            self._loop = None
