"""\\shell and \\setshell: commands of the machine that runs the traffic, as pgbench has them.

As there, the process waits for the command: every actor of the process stands still meanwhile. That shows as dispatch
lag of the generator, and the run is then judged inconclusive where it matters.
"""

import re
import subprocess
from collections.abc import Sequence
from typing import Final

from harness.rehearsal.traffic.actor import Actor, Answer
from harness.rehearsal.traffic.instructions import FailedError
from harness.rehearsal.traffic.session import ServerError
from harness.rehearsal.traffic.statement import Variables
from harness.spec.pgbench.nodes import Variable
from harness.spec.pgbench.values import to_text

SHELL_FAILED: Final = "38000"
"""A command of a script failed; PostgreSQL's own external_routine_exception."""
_INTEGER: Final = re.compile(r"\s*([+-]?\d+)\s*")


class RunShell:
    """Run a command; with `variable`, keep the integer on the first line that it prints."""

    __slots__ = ("_variable", "_words", "at")

    def __init__(self, at: int, words: Sequence[str | Variable], *, variable: str | None) -> None:
        self.at = at
        self._words = tuple(words)
        self._variable = variable

    def run(self, actor: Actor) -> int:
        """Wait for the command; FailedError where it fails or prints no integer."""
        command = " ".join(_word(word, actor.variables) for word in self._words)
        output = subprocess.DEVNULL if self._variable is None else subprocess.PIPE  # a panel may own the terminal
        # The script is the user's own program, like pgbench's: a shell is what it asks for.
        done = subprocess.run(  # noqa: S602
            command, shell=True, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.DEVNULL, check=False
        )
        if self._variable is None and done.returncode != 0:  # pgbench does not look at \\setshell's status either
            raise FailedError(ServerError(SHELL_FAILED, f"a shell command ended with status {done.returncode}"))
        if self._variable is not None:
            actor.variables[self._variable] = _integer(done.stdout)
        return self.at + 1

    def answered(self, _actor: Actor, _results: Answer, /) -> int:
        """Nothing was sent: the end of the connection, which the next statement finds out."""
        return self.at


def _word(word: str | Variable, variables: Variables) -> str:
    if isinstance(word, str):
        return word
    try:
        return to_text(variables[word.name])
    except KeyError:
        raise FailedError(ServerError("42704", f"undefined variable :{word.name}")) from None


def _integer(printed: bytes) -> int:
    first = printed.decode(errors="replace").partition("\n")[0]
    match = _INTEGER.fullmatch(first)
    if match is None:
        raise FailedError(ServerError(SHELL_FAILED, "a shell command must print an integer"))
    return int(match[1])
