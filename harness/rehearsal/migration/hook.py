"""What the trace pass does around each statement; under load nothing is done."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.model.words import Direction
from harness.postgres.connect import Connection
from harness.rehearsal.migration.statement import Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Upcoming:
    """What comes next in the migration's session: the statements of a transaction, or one outside any, not yet begun.

    A transaction ends for this where its text says so.
    """

    direction: Direction
    step: str
    attempt: int
    statements: tuple[Statement, ...]


Ahead = Callable[[Upcoming], None]
"""Called before a transaction begins or a statement outside any is sent; the migration waits until it returns."""


def go_on(_upcoming: Upcoming) -> None:
    """Nobody wants the migration to wait."""


class StatementHook(Protocol):
    """Called by the runner, in its thread, around transactions and statements."""

    def attach(self, connection: Connection) -> None:
        """The migrator's connection, before anything is executed on it."""
        ...

    def wraps(self, statement: Statement) -> bool:
        """Whether a statement outside any transaction is to get BEGIN and COMMIT of its own."""
        ...

    def began(self) -> None:
        """A transaction is about to begin, or a statement outside any is about to be sent."""
        ...

    def before(self, statement: Statement, *, in_transaction: bool) -> None:
        """The statement is about to be sent."""
        ...

    def after(self, statement: Statement, *, direction: Direction, in_transaction: bool, sqlstate: str) -> None:
        """Its result has arrived; its transaction, where there is one and it did not fail, is still open."""
        ...

    def failed(self, statement: Statement, *, direction: Direction, replay: Sequence[str]) -> None:
        """It failed and its transaction was rolled back; nothing is open.

        `replay` are the texts sent in its transaction before it, BEGIN first, empty outside any.
        """
        ...


class NoHook:
    """Statements as they are: the load pass."""

    def attach(self, connection: Connection) -> None:
        """Nothing."""

    def wraps(self, statement: Statement) -> bool:  # noqa: ARG002 - the protocol's
        """Never."""
        return False

    def began(self) -> None:
        """Nothing."""

    def before(self, statement: Statement, *, in_transaction: bool) -> None:
        """Nothing."""

    def after(self, statement: Statement, *, direction: Direction, in_transaction: bool, sqlstate: str) -> None:
        """Nothing."""

    def failed(self, statement: Statement, *, direction: Direction, replay: Sequence[str]) -> None:
        """Nothing."""
