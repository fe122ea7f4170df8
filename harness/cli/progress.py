"""Progress of a long command on stderr: a bar with rate and time left on a terminal, elsewhere a line now and then."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.progress import (
    Progress as RichProgress,
)

from harness.cli.signs import fit
from harness.model.units import format_bytes
from harness.postgres.ports import Progress

# A log that stays silent longer looks hung (and some CI systems kill it).
_HEARTBEAT_S: Final = 10.0
_FRAMES_PER_SECOND: Final = 4


@contextmanager
def progress_bar(subject: str) -> Iterator[Progress]:
    """What to call with progress in bytes; the bar is taken down whatever happens."""
    if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        console = Console(stderr=True, no_color=bool(os.environ.get("NO_COLOR")))
        columns = (
            TextColumn("{task.description}"), BarColumn(), DownloadColumn(binary_units=True), TransferSpeedColumn(),
            TimeRemainingColumn(),
        )  # fmt: skip
        with RichProgress(*columns, console=console, transient=True, refresh_per_second=_FRAMES_PER_SECOND) as progress:
            yield _Bar(progress, subject)
    else:
        yield _Lines(subject)


class _Bar:
    """One bar for each thing that is done."""

    def __init__(self, progress: RichProgress, subject: str) -> None:
        self._progress = progress
        self._subject = fit(subject, ascii_=False)
        self._task: tuple[str, TaskID] | None = None

    def __call__(self, what: str, done: int, total: int | None, /) -> None:
        if self._task is None or self._task[0] != what:
            if self._task:
                self._progress.remove_task(self._task[1])
            self._task = what, self._progress.add_task(f"{self._subject}: {fit(what, ascii_=False)}", total=total)
        self._progress.update(self._task[1], completed=done, total=total)


class _Lines:
    """A line when something begins, and one now and then while it goes on."""

    def __init__(self, subject: str) -> None:
        self._subject = subject
        self._what = ""
        self._began = self._spoke = time.monotonic()

    def __call__(self, what: str, done: int, total: int | None, /) -> None:
        now = time.monotonic()
        if what != self._what:
            self._what, self._began = what, now
        elif now - self._spoke < _HEARTBEAT_S:
            return
        self._spoke = now
        passed = now - self._began
        share = f" {done / total:.0%}" if total and done else ""
        rate = f", {format_bytes(int(done / passed))}/s" if done and passed > 1 else ""
        sys.stderr.write(fit(f"{self._subject}: {what}{share}{rate}", ascii_=False) + "\n")
        sys.stderr.flush()
