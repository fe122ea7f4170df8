"""The parser of pgbench scripts: SQL statements and meta-commands to a flat program with jumps."""

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from harness.model.errors import SpecError
from harness.spec.pgbench.expressions import parse_expression
from harness.spec.pgbench.nodes import (
    Assign,
    Capture,
    Command,
    Constant,
    Expression,
    Jump,
    JumpUnless,
    Script,
    Sleep,
    Sql,
    Variable,
)
from harness.spec.pgbench.values import ExpressionError
from harness.spec.placeholders import Piece, pieces

_META: Final = re.compile(r"\\((?:\\\r?\n|[^\r\n])*)")
_CONTINUATION: Final = re.compile(r"\\\r?\n")
_SET: Final = re.compile(r"set\s+([A-Za-z0-9_\u0080-\U0010ffff]+)\s+(.+)", re.DOTALL | re.IGNORECASE)
_SLEEP: Final = re.compile(r"sleep\s+(?:(\d+)|:([A-Za-z0-9_\u0080-\U0010ffff]+))\s*([A-Za-z]*)\s*", re.IGNORECASE)
_PREFIX: Final = re.compile(r"[A-Za-z0-9_\u0080-\U0010ffff]*")
_UNITS_NS: Final = {"us": 1_000, "ms": 1_000_000, "s": 1_000_000_000, "": 1_000_000_000}
_STOP: Final = re.compile(r"\\;|\\:|\\|;|[()]")
_REFUSED: Final = {
    "setshell": "it runs a shell command on the machine that rehearses",
    "shell": "it runs a shell command on the machine that rehearses",
    "startpipeline": "operations are sent without pipelining, as most applications do",
    "syncpipeline": "operations are sent without pipelining, as most applications do",
    "endpipeline": "operations are sent without pipelining, as most applications do",
}
_KNOWN: Final = "\\set, \\sleep, \\if, \\elif, \\else, \\endif, \\gset and \\aset"


@dataclass(slots=True)
class _Block:
    """An open \\if: where its last condition jumps from, the jumps to its end, whether \\else was seen."""

    line: int
    pending: int | None
    to_end: list[int] = field(default_factory=list)
    otherwise: bool = False


def parse_script(text: str, *, path: Path | str) -> Script:
    """The program of a script; SpecError names `path` and the line of what cannot be used.

    >>> parse_script("\\\\set x 1\\nSELECT :x;", path="one.sql").commands[1]
    Sql(text='SELECT :x', line=2, capture=None, prefix='', combined=False)
    """
    return _ScriptParser(text, path).parse()


class _ScriptParser:
    def __init__(self, text: str, path: Path | str) -> None:
        self._text = text
        self._path = path
        self._commands: list[Command] = []
        self._blocks: list[_Block] = []
        self._sql = ""
        self._sql_line = 1
        self._depth = 0
        self._combined = False

    def parse(self) -> Script:
        at = 0
        while at < len(self._text):
            at = self._advance(at)
        self._end_sql()
        if self._blocks:
            raise self._error("\\if without \\endif", self._blocks[-1].line)
        if not any(isinstance(command, Sql) for command in self._commands):
            raise self._error("the script has no SQL statement", 1)
        return Script(tuple(self._commands))

    def _advance(self, at: int) -> int:
        """Take the text up to the next place that ends a statement or begins a command; where to go on."""
        for kind, piece in pieces(self._text[at:]):
            stop = _STOP.search(piece) if kind is Piece.CODE else None
            if stop is not None:
                self._append(piece[: stop.start()], at)
                return self._stop(stop[0], at + stop.start())
            self._append(piece if kind is not Piece.COMMENT else " ", at, visible=kind is not Piece.COMMENT)
            at += len(piece)
        return at

    def _append(self, piece: str, at: int, *, visible: bool = True) -> None:
        if not self._sql.strip() and visible and piece.strip():
            start = at + len(piece) - len(piece.lstrip())
            self._sql_line = self._line(start)
        self._sql += piece

    def _stop(self, mark: str, at: int) -> int:
        if mark in ("(", ")"):
            self._depth = max(0, self._depth + (1 if mark == "(" else -1))
            self._append(mark, at)
        elif mark == "\\;":
            self._append(";", at)
            self._combined = True
        elif mark == "\\:":
            self._append(":", at)
        elif mark == ";" and self._depth > 0:
            self._append(mark, at)
        elif mark == ";":
            self._end_sql()
        else:
            return self._meta(at)
        return at + len(mark)

    def _end_sql(self) -> None:
        if text := self._sql.strip():
            self._commands.append(Sql(text, self._sql_line, combined=self._combined))
        self._sql, self._depth, self._combined = "", 0, False

    def _meta(self, at: int) -> int:
        self._end_sql()
        match = _META.match(self._text, at)
        written = match[1] if match else ""
        line = self._line(at)
        body = _CONTINUATION.sub(" ", written).strip()
        word = re.split(r"\s", body, maxsplit=1)[0].lower()
        if word in _REFUSED:
            raise self._error(f"\\{word} is not supported: {_REFUSED[word]}", line)
        handler = _HANDLERS.get(word)
        if handler is None:
            raise self._error(f"unknown command \\{word}", line, hint=f"the commands are {_KNOWN}")
        handler(self, body, line)
        return at + 1 + len(written)

    def set_variable(self, body: str, line: int) -> None:
        """\\set name expression."""
        match = _SET.fullmatch(body)
        if match is None:
            raise self._error("\\set needs a name and an expression", line, hint="\\set order_id random(1, 1000)")
        self._commands.append(Assign(match[1], self._expression(match[2], line), line))

    def sleep(self, body: str, line: int) -> None:
        """\\sleep number|:variable [us|ms|s]."""
        match = _SLEEP.fullmatch(body)
        if match is None or match[3].lower() not in _UNITS_NS:
            raise self._error(
                "\\sleep needs a number or :variable and a unit", line, hint="\\sleep 10 ms (us, ms or s)"
            )
        duration = Constant(int(match[1])) if match[1] else Variable(match[2])
        self._commands.append(Sleep(duration, _UNITS_NS[match[3].lower()], line))

    def begin_if(self, body: str, line: int) -> None:
        """\\if expression."""
        self._blocks.append(_Block(line, self._condition(body, line)))

    def begin_elif(self, body: str, line: int) -> None:
        """\\elif expression."""
        block = self._open("elif", line)
        self._leave_branch(block)
        block.pending = self._condition(body, line)

    def begin_else(self, _body: str, line: int) -> None:
        """\\else."""
        block = self._open("else", line)
        self._leave_branch(block)
        block.otherwise = True

    def end_if(self, _body: str, line: int) -> None:
        """\\endif."""
        if not self._blocks:
            raise self._error("\\endif without \\if", line)
        block = self._blocks.pop()
        for index in [*block.to_end, *([] if block.pending is None else [block.pending])]:
            self._aim(index)

    def capture(self, body: str, line: int) -> None:
        """\\gset [prefix], \\aset [prefix]."""
        word, prefix = body[:4].lower(), body[4:].strip()
        last = self._commands[-1] if self._commands else None
        if not isinstance(last, Sql) or last.capture is not None:
            raise self._error(f"\\{word} must follow an SQL statement", line)
        if _PREFIX.fullmatch(prefix) is None:
            raise self._error(f"\\{word}'s prefix must be letters, digits and underscores", line)
        self._commands[-1] = replace(last, capture=Capture(word), prefix=prefix)

    def _open(self, word: str, line: int) -> _Block:
        if not self._blocks:
            raise self._error(f"\\{word} without \\if", line)
        if self._blocks[-1].otherwise:
            raise self._error(f"\\{word} after \\else", line)
        return self._blocks[-1]

    def _leave_branch(self, block: _Block) -> None:
        block.to_end.append(len(self._commands))
        self._commands.append(Jump(-1))
        if block.pending is not None:
            self._aim(block.pending)
            block.pending = None

    def _condition(self, body: str, line: int) -> int:
        parts = re.split(r"\s", body, maxsplit=1)
        self._commands.append(JumpUnless(self._expression(parts[1] if len(parts) > 1 else "", line), -1, line))
        return len(self._commands) - 1

    def _aim(self, index: int) -> None:
        command = self._commands[index]
        if isinstance(command, Jump | JumpUnless):
            self._commands[index] = replace(command, target=len(self._commands))

    def _expression(self, text: str, line: int) -> Expression:
        try:
            return parse_expression(text.strip())
        except ExpressionError as error:
            raise self._error(str(error), line) from error

    def _line(self, at: int) -> int:
        return self._text.count("\n", 0, at) + 1

    def _error(self, message: str, line: int, *, hint: str = "") -> SpecError:
        return SpecError(message, path=self._path, key=f"line {line}", hint=hint)


_HANDLERS: Final = {
    "set": _ScriptParser.set_variable,
    "sleep": _ScriptParser.sleep,
    "if": _ScriptParser.begin_if,
    "elif": _ScriptParser.begin_elif,
    "else": _ScriptParser.begin_else,
    "endif": _ScriptParser.end_if,
    "gset": _ScriptParser.capture,
    "aset": _ScriptParser.capture,
}
