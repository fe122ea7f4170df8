"""Progress as plain lines, for logs: a line when a long phase starts and when one ends, and a heartbeat."""

import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Self, TextIO

from harness.cli.signs import fit
from harness.events.codec import AnyEvent
from harness.events.migration import StatementEnded, StatementStarted
from harness.events.run import EngineChosen, PhaseEnded, PhaseStarted, QualityNoted, SnapshotReady
from harness.model.units import format_bytes, format_duration
from harness.rehearsal.options import LiveTraffic
from harness.spec.scenario import Scenario

HEARTBEAT_S = 10.0
"""A log that stays silent longer looks hung (and some CI systems kill it)."""


class Narrator:
    """Writes to `stream`; a heartbeat thread says that the current phase still runs."""

    def __init__(self, scenario: Scenario, *, verbose: bool, stream: TextIO, ascii_: bool = False) -> None:
        self._verbose = verbose
        self._ascii = ascii_
        self._stream = stream
        self._lock = threading.Lock()
        self._now = ""
        self._since = time.monotonic()
        self._spoke = time.monotonic()
        self._live: LiveTraffic | None = None
        self._started: dict[tuple[str, str, str], int] = {}
        self._done = threading.Event()
        self._heart = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self._say(f"rehearsing {scenario.name}")

    def __enter__(self) -> Self:
        self._heart.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._heart.join()

    def progress(self, what: str, done: int, total: int | None, /) -> None:
        """Remembered for the heartbeat."""
        share = f" {done / total:.0%}" if total else (f" {format_bytes(done)}" if done else "")
        with self._lock:
            self._now = what + share

    def traffic(self, live: LiveTraffic, /) -> None:
        """Read for the heartbeat."""
        self._live = live

    def event(self, event: AnyEvent, /) -> None:
        """Say what a reader of a log wants to know."""
        match event:
            case EngineChosen():
                self._say(f"engine    {event.engine}: {event.reason}; PostgreSQL {event.version}")
            case SnapshotReady():
                how = "cached" if event.cached else format_duration(event.duration_ns)
                self._say(f"snapshot  {event.source or 'empty database'}, {format_bytes(event.size_bytes)}, {how}")
            case PhaseStarted():
                self._started[_key(event)] = event.at_ns
                with self._lock:
                    self._now, self._since = _label(event), time.monotonic()
                if self._verbose:
                    self._say(f"{_label(event)} …")
            case PhaseEnded():
                took = format_duration(event.at_ns - self._started.get(_key(event), event.at_ns))
                self._say(f"{_label(event):20} {'ok' if event.ok else 'failed':7} {took}")
            case QualityNoted():
                self._say(f"note      {event.subject}: {event.message}")
            case StatementStarted() if self._verbose:
                self._say(f"  {event.statement} {event.pass_.value} {' '.join(event.sql.split())[:80]}")
            case StatementEnded() if self._verbose and event.sqlstate:
                self._say(f"  {event.statement} failed: {event.sqlstate} {event.message}")
            case _:
                pass

    def _beat(self) -> None:
        while not self._done.wait(1.0):
            if time.monotonic() - self._spoke >= HEARTBEAT_S and self._now:
                done = f", {self._live().completed:,} operations so far" if self._live else ""
                self._say(f"… {self._now}, {time.monotonic() - self._since:.0f} s{done}")

    def _say(self, line: str) -> None:
        with self._lock:
            self._spoke = time.monotonic()
            with suppress(OSError):  # a reader that went away does not end the rehearsal
                self._stream.write(fit(line, ascii_=self._ascii) + "\n")
                self._stream.flush()


def _key(event: PhaseStarted | PhaseEnded) -> tuple[str, str, str]:
    return event.pass_.value, event.phase.value, event.name


def _label(event: PhaseStarted | PhaseEnded) -> str:
    name = f" {event.name}" if event.name else ""
    return f"{event.phase.value}{name}"
