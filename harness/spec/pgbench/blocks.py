"""\\if … \\elif … \\else … \\endif as jumps: what is skipped is not evaluated, as in pgbench."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from harness.spec.pgbench.commands import CommandError, expression, no_argument
from harness.spec.pgbench.nodes import Command, Jump, JumpUnless


@dataclass(slots=True)
class _Block:
    """An open \\if: where its last condition jumps from, the jumps to its end, whether \\else was seen."""

    line: int
    pending: int | None
    to_end: list[int] = field(default_factory=list)
    otherwise: bool = False


class Blocks:
    """The open \\if blocks of a script; puts jumps into its `commands` and aims them when it knows where to."""

    def __init__(self, commands: list[Command]) -> None:
        self._commands = commands
        self._open: list[_Block] = []

    @property
    def unfinished(self) -> int | None:
        """The line of the innermost \\if without \\endif."""
        return self._open[-1].line if self._open else None

    def take(self, word: str, rest: str, line: int) -> None:
        """One of the four commands; CommandError where it has no place."""
        steps: dict[str, Callable[[str, int], None]] = {
            "if": self._if,
            "elif": self._elif,
            "else": self._else,
            "endif": self._endif,
        }
        steps[word](rest, line)

    def _if(self, rest: str, line: int) -> None:
        self._open.append(_Block(line, self._condition(rest, line)))

    def _elif(self, rest: str, line: int) -> None:
        block = self._branch("elif")
        block.pending = self._condition(rest, line)

    def _else(self, rest: str, _line: int) -> None:
        no_argument("else", rest)
        self._branch("else").otherwise = True

    def _endif(self, rest: str, _line: int) -> None:
        no_argument("endif", rest)
        if not self._open:
            raise CommandError("\\endif without \\if")
        block = self._open.pop()
        for index in [*block.to_end, *([] if block.pending is None else [block.pending])]:
            self._aim(index)

    def _branch(self, word: str) -> _Block:
        """The innermost block, with its branch so far closed."""
        if not self._open:
            raise CommandError(f"\\{word} without \\if")
        block = self._open[-1]
        if block.otherwise:
            raise CommandError(f"\\{word} after \\else")
        block.to_end.append(len(self._commands))
        self._commands.append(Jump(-1))
        if block.pending is not None:
            self._aim(block.pending)
            block.pending = None
        return block

    def _condition(self, text: str, line: int) -> int:
        self._commands.append(JumpUnless(expression(text), -1, line))
        return len(self._commands) - 1

    def _aim(self, index: int) -> None:
        command = self._commands[index]
        if isinstance(command, Jump | JumpUnless):
            self._commands[index] = replace(command, target=len(self._commands))
