"""The port through which derived operations are tried on a database: run, measured, rolled back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.spec.scenario import OperationSpec


@dataclass(frozen=True, slots=True)
class StatementTrial:
    """One statement over all draws: how often it ran, rows it gave or changed, nanoseconds of the client's clock."""

    sql: str
    calls: int = 0
    rows: int = 0
    time_ns: int = 0


@dataclass(frozen=True, slots=True)
class OperationTrial:
    """An operation over all draws; `reason` says what stopped it, "" where every draw went well.

    `sqlstate` is the server's, "" where it was not the server that refused (no values for a parameter).
    """

    statements: tuple[StatementTrial, ...] = ()
    sqlstate: str = ""
    reason: str = ""

    @property
    def ok(self) -> bool:
        """Whether every draw went well."""
        return not self.reason


class Runner(Protocol):
    """Tries operations, in transactions that are rolled back."""

    def try_out(self, operations: Sequence[OperationSpec], *, draws: int) -> tuple[OperationTrial, ...]:
        """Run each operation `draws` times with parameters drawn as traffic draws them; the first error ends its trial.

        Without rights to write (a database that is not disposable), a statement that writes is only prepared.
        """
        ...
