"""The parser of pgbench scripts: SQL statements and meta-commands to a flat program with jumps."""

import re
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from harness.model.errors import SpecError
from harness.spec.pgbench.blocks import Blocks
from harness.spec.pgbench.commands import CAPTURING, COMMANDS, CONDITIONAL, SIMPLE, CommandError, prefix
from harness.spec.pgbench.nodes import Capture, Command, Script, Sql
from harness.spec.pgbench.pipelines import pipeline_faults
from harness.spec.placeholders import Piece, pieces

_META: Final = re.compile(r"\\((?:\\\r?\n|[^\r\n])*)")
_CONTINUATION: Final = re.compile(r"\\\r?\n")
_STOP: Final = re.compile(r"\\;|\\:|\\|;|[()]")


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
        self._blocks = Blocks(self._commands)
        self._capturable = False  # whether the command just read is a statement, which \gset may follow
        self._sql = ""
        self._sql_line = 1
        self._depth = 0
        self._combined = False

    def parse(self) -> Script:
        at = 0
        while at < len(self._text):
            at = self._advance(at)
        self._end_sql()
        if self._blocks.unfinished is not None:
            raise self._error("\\if without \\endif", self._blocks.unfinished)
        if not any(isinstance(command, Sql) for command in self._commands):
            raise self._error("the script has no SQL statement", 1)
        for message, line in pipeline_faults(self._commands):
            raise self._error(message, line)
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
            self._capturable = True
        self._sql, self._depth, self._combined = "", 0, False

    def _meta(self, at: int) -> int:
        self._end_sql()
        match = _META.match(self._text, at)
        written = match[1] if match else ""
        line = self._line(at)
        word, _, rest = _CONTINUATION.sub(" ", written).strip().replace("\t", " ").partition(" ")
        try:
            self._command(word.lower(), rest.strip(), line)
        except CommandError as error:
            raise self._error(str(error), line, hint=error.hint) from error
        self._capturable = False
        return at + 1 + len(written)

    def _command(self, word: str, rest: str, line: int) -> None:
        if word in SIMPLE:
            self._commands.append(SIMPLE[word](rest, line))
        elif word in CONDITIONAL:
            self._blocks.take(word, rest, line)
        elif word in CAPTURING:
            self._capture(word, rest)
        else:
            near = get_close_matches(word, COMMANDS, n=1)
            known = ", ".join(f"\\{name}" for name in COMMANDS)
            hint = f"did you mean \\{near[0]}?" if near else f"the commands are {known}"
            raise CommandError(f"unknown command \\{word}", hint=hint)

    def _capture(self, word: str, rest: str) -> None:
        last = self._commands[-1] if self._capturable else None
        if not isinstance(last, Sql):
            raise CommandError(f"\\{word} must follow an SQL statement")
        self._commands[-1] = replace(last, capture=Capture(word), prefix=prefix(word, rest))

    def _line(self, at: int) -> int:
        return self._text.count("\n", 0, at) + 1

    def _error(self, message: str, line: int, *, hint: str = "") -> SpecError:
        return SpecError(message, path=self._path, key=f"line {line}", hint=hint)
