"""The live view on a terminal: phases with a running clock, the current statement, what the application feels."""

import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from harness.cli.signs import fit
from harness.events.codec import AnyEvent
from harness.events.migration import StatementEnded, StatementStarted, StepEnded
from harness.events.observation import LockWaited, ServerSampled
from harness.events.run import EngineChosen, PhaseEnded, PhaseStarted, SnapshotReady
from harness.model.units import format_bytes, format_duration
from harness.model.words import Role
from harness.rehearsal.options import LiveTraffic
from harness.rehearsal.traffic.process import Progress
from harness.spec.scenario import Scenario

_BAR_WIDTH = 24
_SHOWN_SQL = 72
# Two seconds at the live view's four frames a second: short enough to show a standstill, long enough not to flicker.
_PACE_FRAMES = 8


@dataclass(slots=True)
class _Line:
    """One phase as shown."""

    name: str
    since: float
    took_ns: int | None = None
    ok: bool = True
    note: str = ""
    started_ns: int = 0


@dataclass(slots=True)
class _Pace:
    """What the application gets done, from its counters at the last few frames."""

    read: LiveTraffic
    seen: deque[tuple[float, Progress]] = field(default_factory=lambda: deque(maxlen=_PACE_FRAMES))

    def text(self) -> str:
        """Completed in a second, and what queues for a connection."""
        self.seen.append((time.monotonic(), self.read()))
        (began, before), (ended, now) = self.seen[0], self.seen[-1]
        rate = (now.completed - before.completed) / (ended - began) if ended > began else 0.0
        queue = f", {now.waiting} waiting for a connection" if now.waiting else ""
        failed = f", {now.failed:,} failed" if now.failed else ""
        return f"{rate:.0f} completed/s{queue}{failed}"


@dataclass(slots=True)
class _State:
    """What is known so far."""

    header: str
    lines: list[_Line] = field(default_factory=list)
    progress: tuple[str, int, int | None] | None = None
    statement: str = ""
    statement_since: float = 0.0
    sample: ServerSampled | None = None
    longest_wait_ns: int = 0
    pace: _Pace | None = None


class Panel:
    """A rich renderable; updated from any thread, drawn by the live view's."""

    def __init__(self, scenario: Scenario, *, ascii_: bool) -> None:
        self._lock = threading.Lock()
        self._ascii = ascii_
        self._state = _State(header=f"rehearsing {scenario.name}")

    def progress(self, what: str, done: int, total: int | None, /) -> None:
        """The bar of a preparation."""
        with self._lock:
            self._state.progress = (what, done, total)

    def traffic(self, live: LiveTraffic, /) -> None:
        """The counters to show from now on."""
        with self._lock:
            self._state.pace = _Pace(live)

    def event(self, event: AnyEvent, /) -> None:
        """Take an event in."""
        with self._lock:
            _take(self._state, event)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        with self._lock:
            yield self._line(self._state.header, "bold")
            yield _table(self._state, ascii_=self._ascii)
            if self._state.progress and not self._state.lines:
                yield self._line(_bar(self._state.progress, ascii_=self._ascii), "")
            for text, style in _now(self._state):
                yield self._line(text, style)

    def _line(self, text: str, style: str) -> Text:
        """One line of the screen, cut where it is too long: a wrapped one would make the picture jump."""
        return Text(fit(text, ascii_=self._ascii), style=style, no_wrap=True, overflow="crop")


def _take(state: _State, event: AnyEvent) -> None:
    match event:
        case EngineChosen():
            state.header += f" · postgres {event.version} ({event.engine})"
        case SnapshotReady():
            state.progress = None
            how = "cached" if event.cached else format_duration(event.duration_ns)
            state.lines.append(
                _Line("snapshot", 0.0, event.duration_ns, note=f"{format_bytes(event.size_bytes)}, {how}")
            )
        case PhaseStarted():
            name = f"{event.phase.value} {event.name}".strip()
            state.lines.append(_Line(name, time.monotonic(), started_ns=event.at_ns))
        case PhaseEnded():
            name = f"{event.phase.value} {event.name}".strip()
            for line in state.lines:
                if line.name == name and line.took_ns is None:
                    line.took_ns, line.ok = event.at_ns - line.started_ns, event.ok
        case StatementStarted():
            state.statement = f"{event.statement}  {' '.join(event.sql.split())[:_SHOWN_SQL]}"
            state.statement_since = time.monotonic()
        case StatementEnded() | StepEnded():
            state.statement = ""
        case ServerSampled():
            state.sample = event
        case LockWaited() if event.role is Role.TRAFFIC:
            state.longest_wait_ns = max(state.longest_wait_ns, event.waited_ns)
        case _:
            pass


def _table(state: _State, *, ascii_: bool) -> Table:
    done, failed, running = ("ok", "FAILED", "...") if ascii_ else ("✓", "✗", "…")
    table = Table.grid(padding=(0, 2))
    for line in state.lines:
        mark = running if line.took_ns is None else done if line.ok else failed
        took = f"{time.monotonic() - line.since:.1f} s" if line.took_ns is None else format_duration(line.took_ns)
        table.add_row(fit(f"  {line.name}", ascii_=ascii_), mark, took, fit(line.note, ascii_=ascii_))
    return table


def _bar(progress: tuple[str, int, int | None], *, ascii_: bool) -> str:
    what, done, total = progress
    if not total:
        return f"  {what}  {format_bytes(done) if done else ''}"
    full, empty = ("#", "-") if ascii_ else ("█", "░")
    filled = min(_BAR_WIDTH, _BAR_WIDTH * done // total)
    return f"  {what}  {full * filled}{empty * (_BAR_WIDTH - filled)}  {done / total:.0%}"


def _now(state: _State) -> Iterator[tuple[str, str]]:
    """What happens at this moment, and how it is to look."""
    if state.statement:
        yield f"  {state.statement}  {time.monotonic() - state.statement_since:.1f} s", "bold"
    if state.pace:
        yield f"  {state.pace.text()}", "dim"
    if state.sample:
        waiting = f"{state.sample.waiting_actors} actors waiting for a lock, {state.sample.active_actors} active"
        longest = f", longest wait so far {format_duration(state.longest_wait_ns)}" if state.longest_wait_ns else ""
        yield f"  {waiting}{longest}", "red" if state.sample.waiting_actors else "dim"
