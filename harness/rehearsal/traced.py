"""What the trace pass saw of the way up, kept for those who aim at it."""

from dataclasses import dataclass, field

from harness.events.codec import AnyEvent
from harness.events.migration import LocksTaken, StatementEnded, StatementStarted, TakenLock, WorkDone
from harness.model.words import Direction, Pass


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedStatement:
    """One statement of the way up, its first run; `locks` on what was there before its transaction."""

    started: StatementStarted
    locks: tuple[TakenLock, ...] = ()
    rows_changed: int = 0
    """The most rows of one table that it updated or deleted."""


@dataclass(slots=True)
class Traced:
    """Takes events as they are journaled."""

    _started: dict[str, StatementStarted] = field(default_factory=dict)
    _locks: dict[str, tuple[TakenLock, ...]] = field(default_factory=dict)
    _changed: dict[str, int] = field(default_factory=dict)
    _ends_ns: list[int] = field(default_factory=list)

    def take(self, event: AnyEvent) -> None:
        """Keep what is of the trace pass's way up."""
        match event:
            case StatementStarted(pass_=Pass.TRACE, direction=Direction.UP):
                self._started.setdefault(event.statement, event)
            case LocksTaken(pass_=Pass.TRACE, direction=Direction.UP):
                self._locks.setdefault(event.statement, event.locks)
            case WorkDone(pass_=Pass.TRACE, direction=Direction.UP):
                rows = (event.rows_updated or 0) + (event.rows_deleted or 0)
                self._changed[event.statement] = max(rows, self._changed.get(event.statement, 0))
            case StatementEnded(pass_=Pass.TRACE, direction=Direction.UP):
                self._ends_ns.append(event.at_ns)
            case _:
                pass

    @property
    def statements(self) -> tuple[TracedStatement, ...]:
        """The statements in the order they were sent."""
        return tuple(
            TracedStatement(
                started=started,
                locks=tuple(lock for lock in self._locks.get(name, ()) if lock.existed),
                rows_changed=self._changed.get(name, 0),
            )
            for name, started in self._started.items()
        )

    @property
    def took_ns(self) -> int:
        """How long the way up took, quiet."""
        begins = [started.at_ns for started in self._started.values()]
        return max(self._ends_ns) - min(begins) if begins and self._ends_ns else 0
