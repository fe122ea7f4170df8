"""Processes for the work on blocks: one task each at a time, results in order, nothing left behind on any path.

Why processes in this room: docs/decisions/0007-processes-for-anonymizing.md.
"""

import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, Generic, Protocol, TypeVar

from harness.model.errors import HarnessError, SnapshotError

T = TypeVar("T")
R = TypeVar("R")
Given = TypeVar("Given", contravariant=True)
Made = TypeVar("Made", covariant=True)
# One that waits ends at once; one at work is not waited for.
_IDLE_ENDS_S = 0.5
_END_S = 5.0
# Results that may wait for an earlier one, for each process: they are blocks of rows in memory.
_AHEAD = 2


class ProcessEndedError(SnapshotError):
    """A process ended from outside: out of memory, or killed."""


class Worker(Protocol[Given, Made]):
    """What one process does with its tasks."""

    def __call__(self, task: Given) -> Made:
        """Do one task."""
        ...


class _Failure:
    """An error that crosses from a process: its own words for ours, only its type for any other's."""

    def __init__(self, error: BaseException) -> None:
        self.message = error.message if isinstance(error, HarnessError) else f"{type(error).__name__} in a process"
        self.hint = error.hint if isinstance(error, HarnessError) else ""
        self.kind: type[HarnessError] = type(error) if isinstance(error, HarnessError) else SnapshotError
        self.errno = error.errno if isinstance(error, OSError) else None

    def raised(self) -> Exception:
        if self.errno is not None:
            return OSError(self.errno, "")
        return self.kind(self.message, hint=self.hint)


@dataclass(slots=True)
class _Slot(Generic[T, R]):
    """A task given out, and its result once it is there."""

    task: T
    result: list[R] = field(default_factory=list)


class Pool(Generic[T, R]):
    """`jobs` processes, each with a worker made by `make(argument)`; with one job the work is done right here."""

    def __init__(self, make: Callable[[Any], Worker[T, R]], argument: Any, *, jobs: int) -> None:
        self._inline = make(argument) if jobs <= 1 else None
        self._processes: list[tuple[SpawnProcess, Connection]] = []
        if jobs > 1:
            self._start(make, argument, jobs)

    def ordered(self, tasks: Iterable[T]) -> Iterator[tuple[T, R]]:
        """Each task with its result, in the order of the tasks, which are asked for only as they can be begun."""
        if self._inline is not None:
            for task in tasks:
                yield task, self._inline(task)
            return
        source = iter(tasks)
        waiting: deque[_Slot[T, R]] = deque()
        idle = [connection for _, connection in self._processes]
        busy: dict[Connection, _Slot[T, R]] = {}
        more = True
        while more or waiting:
            while more and idle and len(waiting) < len(self._processes) * (1 + _AHEAD):
                following = list(islice(source, 1))
                more = bool(following)
                for task in following:
                    connection = idle.pop()
                    self._send(connection, task)
                    busy[connection] = _Slot[T, R](task)
                    waiting.append(busy[connection])
            while waiting and waiting[0].result:
                done = waiting.popleft()
                yield done.task, done.result[0]
            # Results are taken as they come, also while the oldest is out: a process that is not listened to stands.
            ready = wait(list(busy), timeout=None if waiting and len(idle) == 0 else 0) if busy else []
            if not ready and waiting and not waiting[0].result:
                ready = wait(list(busy))
            for connection in [known for known in busy if known in ready]:
                busy.pop(connection).result.append(self._receive(connection))
                idle.append(connection)

    def close(self) -> None:
        """End the processes: they end by themselves when their connection does."""
        for _, connection in self._processes:
            connection.close()
        for process, _ in self._processes:
            process.join(_IDLE_ENDS_S)
            if process.is_alive():
                process.terminate()
                process.join(_END_S)
            if process.is_alive():
                process.kill()
                process.join()
            process.close()
        self._processes = []

    def _start(self, make: Callable[[Any], Worker[T, R]], argument: Any, jobs: int) -> None:
        context = multiprocessing.get_context("spawn")
        # A terminal's Ctrl-C reaches the whole group: the processes end with this one's cleaning up, in order. What is
        # blocked is inherited from the first instruction on.
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
        try:
            for _ in range(jobs):
                ours, theirs = context.Pipe()
                process = context.Process(target=_work, args=(theirs,), daemon=True)
                process.start()
                theirs.close()
                self._processes.append((process, ours))
                # Through the pipe, not on a command line: it holds the key.
                ours.send((make, argument))
        except BaseException:
            self.close()
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)

    def _send(self, connection: Connection, task: T) -> None:
        try:
            connection.send(task)
        except (BrokenPipeError, ConnectionResetError):
            raise self._ended(connection) from None

    def _receive(self, connection: Connection) -> Any:
        try:
            result = connection.recv()
        except (EOFError, ConnectionResetError):
            raise self._ended(connection) from None
        if isinstance(result, _Failure):
            raise result.raised()
        return result

    def _ended(self, connection: Connection) -> ProcessEndedError:
        process = next(process for process, ours in self._processes if ours is connection)
        process.join(_END_S)
        return ProcessEndedError(
            f"a process of the anonymizing ended (exit code {process.exitcode})",
            hint="if the machine ran out of memory, use fewer jobs; a rerun continues",
        )


@contextmanager
def pool(make: Callable[[Any], Worker[T, R]], argument: Any, *, jobs: int) -> Iterator[Pool[T, R]]:
    """A pool that is closed on every path."""
    made = Pool(make, argument, jobs=jobs)
    try:
        yield made
    finally:
        made.close()


def _work(connection: Connection) -> None:
    try:
        make, argument = connection.recv()
        worker: Worker[Any, Any] = make(argument)
    except EOFError:
        return
    while True:
        try:
            task = connection.recv()
        except EOFError:
            return
        try:
            result = worker(task)
        except Exception as error:  # noqa: BLE001 - it is raised again in the process that asked
            result = _Failure(error)
        try:
            connection.send(result)
        except (BrokenPipeError, ConnectionResetError):
            return
