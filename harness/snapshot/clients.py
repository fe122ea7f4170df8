"""Running psql and pg_restore against a server: fed, watched and ended on every path."""

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from harness.model.errors import RestoreError, SandboxError
from harness.model.words import Role
from harness.postgres.binaries import find_client, installations
from harness.postgres.ports import Server

# Short against any restore, and the cost of a look is a stat.
_POLL_S = 0.05
# Long enough for a server to notice a lost client; afterwards it is killed.
_END_S = 5.0
# The production settings of the scenario may hold timeouts meant for the application.
_SESSION = "-c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0 -c lc_messages=C"

OnLine = Callable[[str], None]
"""Called with each line the program prints to its standard error; may raise, which ends the program."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a client program ended, and all it printed to its standard error."""

    returncode: int
    stderr: str


def client(program: str, *, least_major: int) -> Path:
    """The program, of `least_major` or newer. RestoreError says which dump or server it would need."""
    try:
        return find_client(program, least_major)
    except SandboxError as error:
        raise RestoreError(error.message, hint=error.hint) from None


def newest_client(program: str) -> Path:
    """The newest such program here: psql and vacuumdb also talk to older and to slightly newer servers."""
    able = [i for i in installations() if i.program(program).exists()]
    if not able:
        raise RestoreError(f"no {program} on this machine", hint="install PostgreSQL's client programs")
    return max(able, key=lambda i: i.major).program(program)


def psql_command(*, variables: Mapping[str, str] | None = None, file: str = "-") -> list[str]:
    """psql as a script runs it: no personal start-up file, stop at the first error, errors with their SQLSTATE."""
    # \restrict, which newer dumps begin with, is unknown to old psqls: the newest one is taken.
    command = [str(newest_client("psql")), "-X", "-q", "-o", os.devnull]
    ours = {"ON_ERROR_STOP": "1", "VERBOSITY": "verbose", "SHOW_CONTEXT": "never"}
    for name, value in {**(variables or {}), **ours}.items():
        command += ["-v", f"{name}={value}"]
    return [*command, "-f", file]


def environment(server: Server) -> dict[str, str]:
    """The environment of a client program: this process's own without its PG* settings, and the server's."""
    theirs = server.environment(application_name=Role.HARNESS.application_name)
    return {**environment_without_server(), **theirs, "PGCLIENTENCODING": "UTF8", "PGOPTIONS": _SESSION}


def environment_without_server() -> dict[str, str]:
    """This process's environment without its PG* settings, which would lead elsewhere, and with English messages."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return {**own, "LC_ALL": "C"}


def run_client(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    feed: Iterable[bytes] | None = None,
    on_line: OnLine | None = None,
    cwd: Path | None = None,
    stdout: IO[bytes] | None = None,
    keep: Sequence[int] = (),
    on_wait: Callable[[], None] | None = None,
) -> Outcome:
    """Run a program to its end, give it `feed` as standard input, and its standard error to `on_line`, line by line.

    `keep` are file descriptors it inherits; `on_wait` is called now and then while it runs. Its standard error goes
    through a file, so neither side can block the other; an exception in `feed` or `on_line`, or Ctrl-C, ends the
    program before it goes on.
    """
    with tempfile.NamedTemporaryFile(prefix="rehearse-") as errors, Path(errors.name).open("rb") as reader:
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE if feed is not None else subprocess.DEVNULL,
            stdout=stdout or subprocess.DEVNULL,
            stderr=errors,
            env=dict(env),
            cwd=cwd,
            pass_fds=tuple(keep),
        )
        lines = _Lines(reader, on_line)
        with _ended(process):
            if feed is not None:
                _feed(process, feed, lines)
            while process.poll() is None:
                lines.read()
                if on_wait:
                    on_wait()
                time.sleep(_POLL_S)
        lines.read(last=True)
        return Outcome(returncode=process.returncode, stderr=lines.text)


class _Lines:
    """The lines of a growing file, each handed on once."""

    def __init__(self, file: IO[bytes], on_line: OnLine | None) -> None:
        self._file = file
        self._on_line = on_line
        self._rest = b""
        self._seen: list[str] = []

    @property
    def text(self) -> str:
        return "\n".join(self._seen)

    def read(self, *, last: bool = False) -> None:
        *whole, self._rest = (self._rest + self._file.read()).split(b"\n")
        if last and self._rest:
            whole.append(self._rest)
        for line in whole:
            text = line.decode("utf-8", "replace")
            self._seen.append(text)
            if self._on_line:
                self._on_line(text)


def _feed(process: subprocess.Popen[bytes], feed: Iterable[bytes], lines: _Lines) -> None:
    assert process.stdin is not None  # noqa: S101 - it was asked for
    try:
        for chunk in feed:
            process.stdin.write(chunk)
            lines.read()
        process.stdin.close()
    except BrokenPipeError:
        # The program has ended or does not want more; its exit code tells which.
        return


@contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        yield
    except BaseException:
        process.terminate()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
        raise
    finally:
        _close(process.stdin)
        process.wait()


def _close(stdin: IO[bytes] | None) -> None:
    if stdin is not None and not stdin.closed:
        try:
            stdin.close()
        except BrokenPipeError:
            return
