"""What is shown while a rehearsal runs, on stderr: a live view on a terminal, plain lines elsewhere."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rich.console import Console
from rich.live import Live

from harness.cli.narrator import Narrator
from harness.cli.panel import Panel
from harness.cli.places import state_home
from harness.events.codec import AnyEvent
from harness.rehearsal.options import LiveTraffic, Options
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a run is shown while it goes on."""

    quiet: bool = False
    verbose: bool = False
    ascii_: bool = False


@contextmanager
def watched(scenario: Scenario, directory: Path, *, run_id: str, owned: bool, look: Look) -> Iterator[Options]:
    """The options of a run into `directory` that is shown as `look` says; the view is taken down whatever happens."""
    with _watching(scenario, look) as view:
        yield Options(
            home=state_home(),
            out=directory,
            run_id=run_id,
            command=("rehearse", *sys.argv[1:]),
            owned=owned,
            watch=view.event,
            on_progress=view.progress,
            on_traffic=view.traffic,
        )


@contextmanager
def _watching(scenario: Scenario, look: Look) -> Iterator[View]:
    if look.quiet:
        yield _Silent()
    elif sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        panel = Panel(scenario, ascii_=look.ascii_)
        console = Console(stderr=True, no_color=bool(os.environ.get("NO_COLOR")))
        with Live(panel, console=console, refresh_per_second=_FRAMES_PER_SECOND, transient=True):
            yield panel
    else:
        with Narrator(scenario, verbose=look.verbose, stream=sys.stderr, ascii_=look.ascii_) as narrator:
            yield narrator
