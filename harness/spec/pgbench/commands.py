"""Meta-commands of pgbench that stand alone: the text of one to its node."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from harness.spec.pgbench.expressions import parse_expression
from harness.spec.pgbench.nodes import (
    Assign,
    Capture,
    Command,
    Constant,
    Expression,
    Pipeline,
    PipelineStep,
    Shell,
    Sleep,
    Variable,
)
from harness.spec.pgbench.values import ExpressionError

VARIABLE: Final = re.compile(r"[A-Za-z_\u0080-\U0010ffff][A-Za-z0-9_\u0080-\U0010ffff]*")
"""A variable's name as pgbench accepts it: letters, digits, underscores, no digit first."""
_PREFIX: Final = re.compile(rf"(?:{VARIABLE.pattern})?")
_SLEEP: Final = re.compile(r"([-+]?\d+)\s*(us|ms|s)?|:(\S+)(?:\s+(us|ms|s))?", re.IGNORECASE)
_UNITS_NS: Final = {"us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}


class CommandError(ValueError):
    """A meta-command cannot be used as written; `hint` is the way out."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def expression(text: str) -> Expression:
    """The tree of a \\set's, \\if's or \\elif's expression."""
    try:
        return parse_expression(text.strip())
    except ExpressionError as error:
        raise CommandError(str(error)) from error


def no_argument(word: str, rest: str) -> None:
    """CommandError where something follows a command that takes nothing."""
    if rest:
        raise CommandError(f"\\{word} takes no argument")


def prefix(word: str, rest: str) -> str:
    """The prefix of \\gset or \\aset."""
    if _PREFIX.fullmatch(rest) is None:
        raise CommandError(f"\\{word}'s prefix must be letters, digits and underscores", hint=f"\\{word} order_")
    return rest


def _set(rest: str, line: int) -> Assign:
    parts = rest.split(maxsplit=1)
    if len(parts) < 2:
        raise CommandError("\\set needs a name and an expression", hint="\\set order_id random(1, 1000)")
    return Assign(_name("set", parts[0]), expression(parts[1]), line)


def _sleep(rest: str, line: int) -> Sleep:
    match = _SLEEP.fullmatch(rest)
    if match is None:
        hint = "\\sleep 10 ms, \\sleep :delay us (us, ms or s)"
        raise CommandError("\\sleep needs a whole number or :variable, and a unit", hint=hint)
    duration = Constant(int(match[1])) if match[1] else Variable(match[3])
    return Sleep(duration, _UNITS_NS[(match[2] or match[4] or "s").lower()], line)


def _shell(rest: str, line: int) -> Shell:
    if not rest:
        raise CommandError("\\shell needs a command", hint="\\shell touch marker")
    return Shell(_words(rest), None, line)


def _setshell(rest: str, line: int) -> Shell:
    parts = rest.split(maxsplit=1)
    if len(parts) < 2:
        raise CommandError("\\setshell needs a name and a command", hint="\\setshell count wc -l < orders.txt")
    return Shell(_words(parts[1]), _name("setshell", parts[0]), line)


def _words(text: str) -> tuple[str | Variable, ...]:
    """A word that begins with one colon is a variable; two colons stand for one."""
    return tuple(
        word if not word.startswith(":") else word[1:] if word.startswith("::") else Variable(word[1:])
        for word in text.split()
    )


def _name(word: str, name: str) -> str:
    if VARIABLE.fullmatch(name) is None:
        hint = "letters, digits and underscores, not beginning with a digit"
        raise CommandError(f"\\{word}: {name!r} is not a variable's name", hint=hint)
    return name


def _pipeline(step: PipelineStep) -> Callable[[str, int], Pipeline]:
    def build(rest: str, line: int) -> Pipeline:
        no_argument(f"{step.value}pipeline", rest)
        return Pipeline(step, line)

    return build


SIMPLE: Final[Mapping[str, Callable[[str, int], Command]]] = {
    "set": _set,
    "sleep": _sleep,
    "shell": _shell,
    "setshell": _setshell,
    **{f"{step.value}pipeline": _pipeline(step) for step in PipelineStep},
}
"""What each command alone becomes, from the text after its name and its line; CommandError says what is wrong."""
CONDITIONAL: Final = ("if", "elif", "else", "endif")
"""The commands that become jumps."""
CAPTURING: Final = tuple(capture.value for capture in (Capture.GSET, Capture.ASET))
"""The commands that belong to the statement before them."""
COMMANDS: Final = (*SIMPLE, *CONDITIONAL, *CAPTURING)
"""Every command of the manual's section "Meta-Commands"."""
