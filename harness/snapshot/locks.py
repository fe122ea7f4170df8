"""Lock files: the system lets go of them when their process ends, however it ends."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from harness.postgres.ports import Progress

# Short beside a restore, and the wait costs nothing.
_POLL_S = 0.2

# What this process uses until its end, so that no other one evicts it meanwhile: descriptors, which the system closes.
_HELD: dict[Path, int] = {}


@contextmanager
def locked(path: Path, on_progress: Progress | None = None) -> Iterator[None]:
    """Hold the lock file `path` alone; waits for whoever holds it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("ab") as file:
        while not _take(file, fcntl.LOCK_EX):
            if on_progress:
                on_progress("wait for another run", 0, None)
            time.sleep(_POLL_S)
        yield


@contextmanager
def locked_at_once(path: Path) -> Iterator[bool]:
    """Hold the lock file `path` alone, if nobody holds it; says whether."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("ab") as file:
        yield _take(file, fcntl.LOCK_EX)


@contextmanager
def shared(path: Path, on_progress: Progress | None = None) -> Iterator[None]:
    """Hold the lock file `path` together with others who only read."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("ab") as file:
        while not _take(file, fcntl.LOCK_SH):
            if on_progress:
                on_progress("wait for another run", 0, None)
            time.sleep(_POLL_S)
        yield


def hold_until_exit(path: Path) -> None:
    """Hold `path` together with others until this process ends: a run clones its snapshot again and again."""
    if path in _HELD:
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = os.open(path, os.O_WRONLY | os.O_CREAT, mode=0o600)
    while not _take(file, fcntl.LOCK_SH):
        time.sleep(_POLL_S)
    _HELD[path] = file


def _take(file: IO[bytes] | int, how: int) -> bool:
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
