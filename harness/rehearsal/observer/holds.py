"""Holds of locks from repeated sightings, with what is not known between two polls as their error."""

from collections.abc import Iterable
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, order=True)
class HoldKey:
    """What makes two sightings one hold; `transaction` is the virtual transaction, "" for a mode that outlives it.

    An advisory lock has no relation (`oid` 0) but its key.
    """

    pid: int
    oid: int
    mode: str
    transaction: str
    advisory: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A granted lock, seen `sightings` times.

    Each end lies midway between a poll that shows it and the next that does not, and is off by `error_ns` at most: no
    hold is ever shorter than the time between two polls.
    """

    key: HoldKey
    start_ns: int
    end_ns: int
    error_ns: int
    sightings: int
    last_asked_ns: int


class HoldTracker:
    """Turns the rows of each poll into holds: first and last sighting of each lock."""

    def __init__(self) -> None:
        self._open: dict[HoldKey, Hold] = {}
        self._last_asked_ns: int | None = None

    @property
    def open(self) -> frozenset[HoldKey]:
        """The locks that the last poll showed."""
        return frozenset(self._open)

    def poll(self, keys: Iterable[HoldKey], *, asked_ns: int, answered_ns: int) -> list[Hold]:
        """Take in one poll, sent at `asked_ns` and answered at `answered_ns`; the holds that it no longer shows."""
        seen = set(keys)
        ended = [_end(self._open.pop(key), answered_ns) for key in sorted(self._open.keys() - seen)]
        for key in seen:
            known = self._open.get(key)
            if known is None:
                self._open[key] = self._begin(key, asked_ns=asked_ns, answered_ns=answered_ns)
            else:
                self._open[key] = replace(known, sightings=known.sightings + 1, last_asked_ns=asked_ns)
        self._last_asked_ns = asked_ns
        return ended

    def finish(self, *, at_ns: int) -> list[Hold]:
        """The holds that nothing ended, up to `at_ns`; none is open afterwards."""
        ended = [_end(hold, max(at_ns, hold.last_asked_ns)) for _, hold in sorted(self._open.items())]
        self._open.clear()
        return ended

    def _begin(self, key: HoldKey, *, asked_ns: int, answered_ns: int) -> Hold:
        earliest = asked_ns if self._last_asked_ns is None else self._last_asked_ns
        return Hold(
            key=key,
            start_ns=(earliest + answered_ns) // 2,
            end_ns=answered_ns,
            error_ns=(answered_ns - earliest + 1) // 2,
            sightings=1,
            last_asked_ns=asked_ns,
        )


def _end(hold: Hold, answered_ns: int) -> Hold:
    end = (hold.last_asked_ns + answered_ns) // 2
    error = max(hold.error_ns, (answered_ns - hold.last_asked_ns + 1) // 2)
    return replace(hold, end_ns=max(end, hold.start_ns), error_ns=error)
