"""Any migration tool as a process against the clone; the observer sees its sessions by their application_name."""

import os
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from harness.events.migration import ToolEnded
from harness.model.clock import Clock
from harness.model.errors import SpecError
from harness.model.words import Direction, Pass, Role
from harness.postgres.ports import Server
from harness.rehearsal.migration.executor import Sink
from harness.rehearsal.migration.output import fit_to_keep
from harness.rehearsal.migration.plan import MigrationPlan
from harness.rehearsal.migration.runner import RunOutcome

# Every statement of the tool's sessions goes to the server log with its duration; that is how the observer knows them.
_LOG_STATEMENTS = "-c log_min_duration_statement=0"
# A tool gets this long to roll back and disconnect after SIGTERM.
_GRACE_S = 5.0
# The output is kept in memory until the end; what is older than this many lines is not shown anyway.
_KEPT_LINES = 2000
_STEP = "command"
_TIMED_OUT, _CANCELLED = "timed out", "cancelled"


@dataclass(frozen=True, slots=True)
class _Ended:
    """A process that ended: its code (negative: the signal), its lines, why it was stopped, "" if it was not."""

    code: int
    lines: tuple[str, ...]
    stopped: str


class CommandRunner:
    """Runs the plan's command each way, in a process group of its own; `cancel` may be called from any thread.

    The environment is this process's with DATABASE_URL and PG* of the clone; PGAPPNAME says `rehearse/migration`.
    PGOPTIONS that are set already are kept.
    """

    def __init__(
        self,
        plan: MigrationPlan,
        *,
        server: Server,
        pass_: Pass,
        clock: Clock,
        sink: Sink,
        environment: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
    ) -> None:
        self._plan = plan
        self._server = server
        self._pass = pass_
        self._clock = clock
        self._sink = sink
        self._inherited = dict(os.environ if environment is None else environment)
        self._timeout_s = timeout_s
        self._process: subprocess.Popen[str] | None = None
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """End the tool and everything it started."""
        self._cancelled.set()
        process = self._process
        if process is not None:
            _stop_group(process)

    def run(self, direction: Direction) -> RunOutcome:
        """Run the command of this way to its end; a ToolEnded event has its exit code and last lines.

        An outcome that failed has no SQLSTATE of its own ("XX000"): the server's log has it. SpecError where the
        command's shell says that there is no such program (exit code 127).
        """
        command = self._command(direction)
        ended = self._execute(command)
        password = self.environment()["PGPASSWORD"]
        # A tool that prints its environment prints it bare; by its form alone nothing tells that it is one.
        output = fit_to_keep(line.replace(password, "***") if password else line for line in ended.lines)
        self._sink(
            ToolEnded(
                at_ns=self._clock.now_ns(),
                pass_=self._pass,
                direction=direction,
                command=command,
                exit_code=ended.code,
                output=f"{output}\n({ended.stopped})" if ended.stopped else output,
            )
        )
        if ended.code == 0 and not ended.stopped:
            return RunOutcome(applied=(_STEP,))
        if ended.code == _NOT_FOUND:
            raise SpecError(
                f"{command!r} cannot be run: {output.splitlines()[-1] if output else 'not found'}",
                path=self._plan.scenario_file,
                key=f"migration.command.{direction.value}",
                hint="install the tool, or name it with its path",
            )
        reason = ended.stopped or f"{command!r} ended with exit code {ended.code}"
        return RunOutcome(
            applied=(),
            failed_step=_STEP,
            sqlstate="XX000",
            message=reason,
            cancelled=ended.stopped == _CANCELLED,
        )

    def environment(self) -> dict[str, str]:
        """What the tool is started with."""
        given = self._server.environment(application_name=Role.MIGRATION.application_name)
        options = " ".join(part for part in (self._inherited.get("PGOPTIONS", ""), _LOG_STATEMENTS) if part)
        return {**self._inherited, **given, "PGOPTIONS": options}

    def _command(self, direction: Direction) -> str:
        command = self._plan.command
        if command is None:
            raise RuntimeError("this plan has no command")
        return command.up if direction is Direction.UP else command.down

    def _execute(self, command: str) -> _Ended:
        process = subprocess.Popen(  # noqa: S602 - the scenario's author wrote a shell command
            command,
            shell=True,
            cwd=Path(self._plan.cwd),
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._process = process
        lines: deque[str] = deque(maxlen=_KEPT_LINES)
        reader = threading.Thread(target=_read, args=(process.stdout, lines), name="tool output", daemon=True)
        reader.start()
        if self._cancelled.is_set():
            _stop_group(process)
        stopped = ""
        try:
            process.wait(timeout=self._timeout_s)
        except subprocess.TimeoutExpired:
            stopped = _TIMED_OUT
            _stop_group(process)
        except BaseException:
            _stop_group(process)
            raise
        # What the tool left running in its group would go on changing the clone.
        _kill_group(process)
        reader.join(timeout=_GRACE_S)
        return _Ended(process.returncode, tuple(lines), _CANCELLED if self._cancelled.is_set() else stopped)


# What a POSIX shell returns for a command that it does not find.
_NOT_FOUND = 127


def _read(stream: IO[str] | None, lines: deque[str]) -> None:
    if stream is not None:
        with stream:
            lines.extend(stream)


def _stop_group(process: subprocess.Popen[str]) -> None:
    """SIGTERM to the group, SIGKILL to what is still there after the grace."""
    _signal_group(process, signal.SIGTERM)
    try:
        process.wait(timeout=_GRACE_S)
    except subprocess.TimeoutExpired:
        _kill_group(process)
        process.wait()


def _kill_group(process: subprocess.Popen[str]) -> None:
    _signal_group(process, signal.SIGKILL)


def _signal_group(process: subprocess.Popen[str], number: signal.Signals) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return
