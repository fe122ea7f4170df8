"""Which variables a script reads, sets and leaves undefined."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from harness.spec.pgbench.nodes import (
    Assign,
    Call,
    Case,
    Constant,
    Expression,
    JumpUnless,
    Script,
    Shell,
    Sleep,
    Sql,
    Variable,
)
from harness.spec.placeholders import named_sql


def names_in(expression: Expression) -> Iterator[str]:
    """The variables an expression names; hash and permute without a seed read default_seed, which is always there."""
    match expression:
        case Variable(name):
            yield name
        case Call(_, arguments):
            for argument in arguments:
                yield from names_in(argument)
        case Case(branches, default):
            for condition, result in branches:
                yield from names_in(condition)
                yield from names_in(result)
            yield from names_in(default)
        case Constant():
            return


def names_set(script: Script) -> frozenset[str]:
    """What \\set and \\setshell give a value, wherever they stand."""
    assigned = {command.name for command in script.commands if isinstance(command, Assign)}
    printed = {c.variable for c in script.commands if isinstance(c, Shell) and c.variable is not None}
    return frozenset(assigned | printed)


@dataclass(frozen=True, slots=True)
class ScriptVariables:
    """The names that may have a value when a script runs; captured ones by their prefix only."""

    names: frozenset[str]
    prefixes: tuple[str, ...]

    @classmethod
    def of(cls, script: Script, *, given: Iterable[str]) -> "ScriptVariables":
        """Those of `script` where `given` have a value before it starts."""
        prefixes = tuple(c.prefix for c in script.commands if isinstance(c, Sql) and c.capture is not None)
        return cls(names_set(script) | frozenset(given), prefixes)

    def __contains__(self, name: str) -> bool:
        return name in self.names or name.startswith(self.prefixes)


def undefined(script: Script, variables: ScriptVariables) -> tuple[tuple[str, int], ...]:
    """Variables, with their line, that never have a value."""
    return tuple((name, line) for name, line in _reads(script) if name not in variables)


def _reads(script: Script) -> Iterator[tuple[str, int]]:
    for command in script.commands:
        match command:
            case Assign(_, expression, line) | JumpUnless(expression, _, line) | Sleep(expression, _, line):
                yield from ((name, line) for name in names_in(expression))
            case Shell(words, _, line):
                yield from ((word.name, line) for word in words if isinstance(word, Variable))
            case Sql(text, line):
                yield from ((name, line) for name in named_sql(text).names)
            case _:
                continue
