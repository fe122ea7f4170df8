"""An operation as a frozen, picklable program: its statements, the instructions around them, what it expects."""

from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

from harness.spec.params import Parameter
from harness.spec.pgbench.nodes import Assign, Capture, Jump, JumpUnless, Pipeline, Shell, Sleep
from harness.spec.targets import LedgerTarget

MAX_STATEMENTS: Final = 255
"""The statement's index in operations.bin has 8 bits, and 255 is none of them."""


class OperationKind(Enum):
    """Where an operation comes from."""

    SQL = "sql"
    PGBENCH = "pgbench"


@dataclass(frozen=True, slots=True)
class Statement:
    """One SQL statement of an operation.

    `text` has `$n` for `names[n - 1]`; `template` is the text cut at the names (text, name, …, text), for the simple
    protocol.
    `textual` marks what only the simple protocol can send: several statements in one, or a variable inside a literal.
    `into` names the variables that take the columns of its one row in order (capture INTO).
    """

    source: str
    text: str
    names: tuple[str, ...]
    template: tuple[str, ...]
    textual: bool = False
    capture: Capture | None = None
    prefix: str = ""
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    ledger: LedgerTarget | None = None
    into: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Send:
    """Send statement `statement` of the operation and wait for its result."""

    statement: int


Instruction: TypeAlias = Send | Assign | Sleep | JumpUnless | Jump | Pipeline | Shell


@dataclass(frozen=True, slots=True)
class Retry:
    """What the application does about an SQLSTATE in `on`: at most `attempts` executions, the first one counted.

    The pause before the second is `backoff_ns` and doubles with each one after it.
    """

    on: frozenset[str]
    attempts: int
    backoff_ns: int


@dataclass(frozen=True, slots=True)
class Operation:
    """One unit of app work.

    `transaction`: the driver puts BEGIN and COMMIT around it. `expected`: SQLSTATEs the application handles.
    `pipeline`: its statements are sent without waiting for one another's results. `retry` is None where the
    application does not try again.
    """

    index: int
    name: str
    version: str
    weight: float
    kind: OperationKind
    statements: tuple[Statement, ...]
    program: tuple[Instruction, ...]
    parameters: tuple[tuple[str, Parameter], ...]
    transaction: bool
    expected: tuple[str, ...] = ()
    pipeline: bool = False
    retry: Retry | None = None

    @property
    def reads(self) -> tuple[str, ...]:
        """Relations its statements read, as written."""
        return tuple(sorted({name for statement in self.statements for name in statement.reads}))

    @property
    def writes(self) -> tuple[str, ...]:
        """Relations its statements write, as written."""
        return tuple(sorted({name for statement in self.statements for name in statement.writes}))
