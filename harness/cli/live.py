"""What is shown while a rehearsal runs, on stderr: a live view on a terminal, plain lines elsewhere."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.live import Live

from harness.cli.narrator import Narrator
from harness.cli.panel import Panel
from harness.events.codec import AnyEvent
from harness.rehearsal.options import LiveTraffic
from harness.spec.scenario import Scenario

# Fast enough to look alive, slow enough to cost nothing beside the server.
_FRAMES_PER_SECOND = 4


class View(Protocol):
    """Somebody who watches a run; called from any thread."""

    def event(self, event: AnyEvent, /) -> None:
        """Something was journaled."""
        ...

    def progress(self, what: str, done: int, total: int | None, /) -> None:
        """Preparation went on: `done` of `total` (None: not known)."""
        ...

    def traffic(self, live: LiveTraffic, /) -> None:
        """Traffic is about to begin; `live` reads its counters."""
        ...


class _Silent:
    def event(self, _event: AnyEvent, /) -> None:
        """Nothing is shown."""

    def progress(self, _what: str, _done: int, _total: int | None, /) -> None:
        """Nothing is shown."""

    def traffic(self, _live: LiveTraffic, /) -> None:
        """Nothing is shown."""


@contextmanager
def watching(scenario: Scenario, *, quiet: bool, verbose: bool, ascii_: bool) -> Iterator[View]:
    """A view for one run, taken down whatever happens."""
    if quiet:
        yield _Silent()
    elif sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        panel = Panel(scenario, ascii_=ascii_)
        console = Console(stderr=True, no_color=bool(os.environ.get("NO_COLOR")))
        with Live(panel, console=console, refresh_per_second=_FRAMES_PER_SECOND, transient=True):
            yield panel
    else:
        with Narrator(scenario, verbose=verbose, stream=sys.stderr, ascii_=ascii_) as narrator:
            yield narrator
