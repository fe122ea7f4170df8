"""What a caller of the conductor decides, beside the scenario."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.events.codec import AnyEvent
from harness.postgres.ports import Progress as Preparation
from harness.rehearsal.traffic.process import Progress

Watcher = Callable[[AnyEvent], None]
"""Called with every event as it is journaled, from any thread; must be quick and must not raise."""


LiveTraffic = Callable[[], Progress]
"""Reads the generator's live counters, which are at most 100 ms old; from any thread, as often as one likes."""


def _ignore_event(_event: AnyEvent) -> None:
    """Nobody watches."""


def _ignore_progress(_what: str, _done: int, _total: int | None) -> None:
    """Nobody watches."""


def _ignore_traffic(_live: LiveTraffic) -> None:
    """Nobody watches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Where state is kept (`home`), where the run directory goes, who watches, and the caller's overrides."""

    home: Path
    out: Path
    run_id: str
    command: tuple[str, ...]
    owned: bool = False
    """The caller said --i-own-this-database."""
    watch: Watcher = _ignore_event
    on_progress: Preparation = _ignore_progress
    on_traffic: Callable[[LiveTraffic], None] = _ignore_traffic
    """Called once, when traffic is about to begin."""
