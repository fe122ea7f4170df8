"""The frozen syntax trees of pgbench: expressions and the commands of a script."""

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

Value: TypeAlias = int | float | bool | str | None
"""A value of pgbench: 64-bit integer, double, boolean, NULL; `str` is a column's text (`\\gset`), typed on use."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal: integer, double, TRUE, FALSE or NULL."""

    value: int | float | bool | None


@dataclass(frozen=True, slots=True)
class Variable:
    """`:name`."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """An operator or a function; operators are named by their symbol, the unary ones are rewritten to binary ones."""

    function: str
    arguments: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Case:
    """CASE WHEN … THEN … ELSE … END; without ELSE the default is NULL."""

    branches: tuple[tuple["Expression", "Expression"], ...]
    default: "Expression"


Expression: TypeAlias = Constant | Variable | Call | Case


class Capture(Enum):
    """What becomes of a statement's row: `\\gset` and INTO want exactly one, `\\aset` takes the last row, if any.

    `\\gset` and `\\aset` fill variables named after the columns; INTO fills the statement's own list, in order.
    """

    GSET = "gset"
    ASET = "aset"
    INTO = "into"


@dataclass(frozen=True, slots=True)
class Sql:
    """One SQL statement as written, without its semicolon; its columns go to variables `prefix` + name when captured.

    `combined` is a statement of several parts joined by `\\;`, which only the simple protocol can send.
    """

    text: str
    line: int
    capture: Capture | None = None
    prefix: str = ""
    combined: bool = False


@dataclass(frozen=True, slots=True)
class Assign:
    """`\\set name expression`."""

    name: str
    expression: Expression
    line: int


@dataclass(frozen=True, slots=True)
class Sleep:
    """`\\sleep duration [us | ms | s]`; the duration is an integer or a variable, `unit_ns` its unit in nanoseconds."""

    duration: Constant | Variable
    unit_ns: int
    line: int


@dataclass(frozen=True, slots=True)
class JumpUnless:
    """Go on at command `target` unless `condition` is true: what `\\if` and `\\elif` become."""

    condition: Expression
    target: int
    line: int


@dataclass(frozen=True, slots=True)
class Jump:
    """Go on at command `target`: the end of a taken branch."""

    target: int


class PipelineStep(Enum):
    """`\\startpipeline`, `\\syncpipeline`, `\\endpipeline`."""

    START = "start"
    SYNC = "sync"
    END = "end"


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A step of a pipeline: between start and end statements are sent without waiting for results."""

    step: PipelineStep
    line: int


@dataclass(frozen=True, slots=True)
class Shell:
    """`\\shell command` and, with a `variable` that takes the integer it prints, `\\setshell variable command`.

    `words` are literal text or variables, whose values are put in; the shell gets them joined by blanks.
    """

    words: tuple[str | Variable, ...]
    variable: str | None
    line: int


Command: TypeAlias = Sql | Assign | Sleep | JumpUnless | Jump | Pipeline | Shell


@dataclass(frozen=True, slots=True)
class Script:
    """A parsed script: its commands in order; targets of jumps are indexes, the length of `commands` is the end."""

    commands: tuple[Command, ...]
