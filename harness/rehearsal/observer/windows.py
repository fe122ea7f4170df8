"""When the migration ran: up and down, with the harness's own runner or with a tool."""

import threading
from dataclasses import dataclass, replace

from harness.model.units import NS_PER_MS
from harness.model.words import Direction

# Log entries carry whole milliseconds: one of the window's first or last moment may seem to lie outside.
_TOLERANCE_NS = 2 * NS_PER_MS


@dataclass(frozen=True, slots=True)
class Window:
    """One run of the migration; `end_ns` is None while it goes on."""

    direction: Direction
    tool: bool
    start_ns: int
    end_ns: int | None


class Windows:
    """The migration's runs of a pass, in order; told by one thread, asked by others."""

    def __init__(self) -> None:
        self._windows: list[Window] = []
        self._lock = threading.Lock()

    def begin(self, direction: Direction, *, tool: bool, at_ns: int) -> None:
        """The migration starts; one that was still going on ends."""
        self.end(at_ns=at_ns)
        with self._lock:
            self._windows.append(Window(direction, tool, at_ns, None))

    def end(self, *, at_ns: int) -> None:
        """The migration ended; nothing happens where none was going on."""
        with self._lock:
            if self._windows and self._windows[-1].end_ns is None:
                self._windows[-1] = replace(self._windows[-1], end_ns=at_ns)

    @property
    def had_tool(self) -> bool:
        """Whether a tool ran at any time."""
        return any(window.tool for window in self._windows)

    @property
    def current(self) -> Window | None:
        """The run that goes on now."""
        last = self._windows[-1] if self._windows else None
        return last if last is not None and last.end_ns is None else None

    def tool_at(self, at_ns: int) -> Direction | None:
        """The direction in which a tool ran at `at_ns`; None where none did."""
        for window in self._windows:
            end = window.end_ns if window.end_ns is not None else at_ns
            if window.tool and window.start_ns - _TOLERANCE_NS <= at_ns <= end + _TOLERANCE_NS:
                return window.direction
        return None

    def overlap_ns(self, start_ns: int, end_ns: int) -> int:
        """How long the migration ran between the two."""
        parts = ((w.start_ns, end_ns if w.end_ns is None else w.end_ns) for w in self._windows)
        return sum(max(min(end, end_ns) - max(start, start_ns), 0) for start, end in parts)
