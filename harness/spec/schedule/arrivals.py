"""Arrivals of a course: a process of unit rate, made from the seed alone, seen through the clock of the course.

Arrival k has an instant of *operational time* and two draws that depend on nothing but the seed. It falls due when the
integral of the rate reaches that instant (the time change of an inhomogeneous Poisson process): the number due in a
window is Poisson with the integral over it as its mean, whatever the course. So a rate that changes while traffic runs
moves no arrival of before, and the same operations come in the same order, sooner or later than else. Thinning a master
process would need a highest rate beforehand, and would make other arrivals of it at every rate.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from harness.spec.scenario import Arrival
from harness.spec.schedule.course import NEVER, Leg, RateCourse

CHUNK: Final = 1024
"""Arrivals made at once: about 0.2 ms of work, so that making them delays no dispatch by more."""

DueTimes: TypeAlias = npt.NDArray[np.int64]
Draws: TypeAlias = npt.NDArray[np.float64]
Indexes: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Block:
    """Some arrivals, in order: due in ns since traffic began, the draws in [0, 1), the operation named, if any is."""

    due_ns: DueTimes
    version_draw: Draws
    operation_draw: Draws
    named: Indexes | None = None


class Schedule(Protocol):
    """The arrivals of one process, block by block."""

    def next_block(self) -> Block | None:
        """The next arrivals, at least one; None where nothing is due any more, unless the rate changes."""

    def change_rate(self, at_ns: int, rate: float | None, *, left: int) -> None:
        """Offer `rate` from `at_ns` on (None: what [traffic] says).

        The last `left` arrivals of the last block have not happened: they come again, due when they are now.
        """


class CourseSchedule:
    """Poisson or uniform arrivals along a course: those of process `part` of `parts`, each arrival in exactly one."""

    def __init__(self, course: RateCourse, arrival: Arrival, *, seed: int, part: int = 0, parts: int = 1) -> None:
        self._course = course
        self._chunks = _chunks(arrival, seed=seed, part=part, parts=parts)
        self._chunk = next(self._chunks)
        self._at = 0
        self._legs = course.legs()
        self._leg = next(self._legs)
        self._sum = 0.0  # the integral of the rate until the leg's start
        # The leg, and the integral until its start, from which on the next arrival was looked for: until that arrival
        # is due, a change may still fall into the legs that were passed because nothing came in them.
        self._looked_from = (0, 0.0)

    def next_block(self) -> Block | None:
        """Arrivals of one leg; None where the rate stays 0."""
        if self._at == len(self._chunk.at):
            self._chunk, self._at = next(self._chunks), 0
        self._looked_from = (self._leg.start_ns, self._sum)
        while (count := self._due_in(self._leg)) == 0:
            if self._leg.end_ns == NEVER:
                return None
            self._sum += self._leg.expected(self._leg.end_ns)
            self._leg = next(self._legs)
        taken = slice(self._at, self._at + count)
        self._at += count
        chunk = self._chunk
        due = self._leg.when(chunk.at[taken] - self._sum)
        return Block(due, chunk.version_draw[taken], chunk.operation_draw[taken])

    def change_rate(self, at_ns: int, rate: float | None, *, left: int) -> None:
        """As `Schedule` says."""
        self._at -= left
        start_ns, self._sum = self._looked_from
        self._course = self._course.changed(at_ns, rate)
        self._legs = self._course.legs(from_ns=start_ns)
        self._leg = next(self._legs)

    def _due_in(self, leg: Leg) -> int:
        ahead = self._chunk.at[self._at :]
        if leg.end_ns == NEVER:
            return len(ahead) if leg.rate > 0 else 0
        return int(np.searchsorted(ahead, self._sum + leg.expected(leg.end_ns)))


@dataclass(frozen=True, slots=True)
class _Chunk:
    at: npt.NDArray[np.float64]  # operational time: one arrival per unit
    version_draw: Draws
    operation_draw: Draws


def _chunks(arrival: Arrival, *, seed: int, part: int, parts: int) -> Iterator[_Chunk]:
    times, draws = generators(seed)
    first, at = 0, np.zeros(1)
    while True:
        if arrival is Arrival.POISSON:
            at = at[-1] + np.cumsum(times.standard_exponential(CHUNK))
        else:
            at = np.arange(first, first + CHUNK, dtype=np.float64)
        own = own_part(first, part=part, parts=parts)
        yield _Chunk(at[own], draws.random(CHUNK)[own], draws.random(CHUNK)[own])
        first += CHUNK


def generators(seed: int) -> tuple[np.random.Generator, np.random.Generator]:
    """One for the times and one for the draws, so that neither depends on how many the other gave."""
    times, draws = np.random.SeedSequence(seed & (2**128 - 1)).spawn(2)
    return np.random.Generator(np.random.PCG64(times)), np.random.Generator(np.random.PCG64(draws))


def own_part(first: int, *, part: int, parts: int) -> slice:
    """Which arrivals of a chunk that begins with arrival `first` are those of `part`: every `parts`-th of all."""
    return slice((part - first) % parts, None, parts)


def arrivals(
    rate: float | RateCourse, arrival: Arrival, *, seed: int, from_ns: int = 0, until_ns: int
) -> npt.NDArray[np.int64]:
    """Due times in [from_ns, until_ns), ns since traffic began."""
    course = rate if isinstance(rate, RateCourse) else RateCourse(rate)
    return due_between(CourseSchedule(course, arrival, seed=seed), from_ns, until_ns)


def due_between(schedule: Schedule, from_ns: int, until_ns: int) -> DueTimes:
    """Due times of a fresh schedule in [from_ns, until_ns)."""
    parts = [np.zeros(0, dtype=np.int64)]
    while (block := schedule.next_block()) is not None:
        parts.append(block.due_ns)
        if block.due_ns[-1] >= until_ns:
            break
    due = np.concatenate(parts)
    return due[(due >= from_ns) & (due < until_ns)]
