"""The course of the rate: how many operations a second are offered at each instant since traffic began."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from harness.model.units import NS_PER_S, parse_duration
from harness.spec.scenario import TrafficSpec

NEVER: Final = 2**63 - 1
"""After any run: the end of a course's last leg."""
# Far beyond any run, and no sum with an instant of a run overflows 64 bits.
_FAR_NS: Final = 2.0**62


class RampPoint(msgspec.Struct, frozen=True, kw_only=True):
    """The rate is `rate` at `at_ns`; straight lines between points, constant after the last."""

    at_ns: int
    rate: float


class Burst(msgspec.Struct, frozen=True, kw_only=True):
    """From `start_ns` on, every `every_ns` for `for_ns`, the rate is `rate` (more than 0) whatever it is else."""

    rate: float
    every_ns: int
    for_ns: int
    start_ns: int = 0

    def runs(self, at_ns: int) -> bool:
        """Whether it is on at `at_ns`."""
        return at_ns >= self.start_ns and (at_ns - self.start_ns) % self.every_ns < self.for_ns

    def edge_after(self, at_ns: int) -> int:
        """The first instant after `at_ns` when it begins or ends."""
        if at_ns < self.start_ns:
            return self.start_ns
        into = (at_ns - self.start_ns) % self.every_ns
        return at_ns - into + (self.for_ns if into < self.for_ns else self.every_ns)


class RateChange(msgspec.Struct, frozen=True, kw_only=True):
    """From `at_ns` on the constant `rate` counts instead of rate and ramp; None: rate and ramp count again."""

    at_ns: int
    rate: float | None


@dataclass(frozen=True, slots=True)
class Leg:
    """A stretch of the course: `rate` at `start_ns`, changing by `slope` per second, until `end_ns`."""

    start_ns: int
    end_ns: int
    rate: float
    slope: float = 0.0

    def expected(self, until_ns: int) -> float:
        """The integral of the rate from the start until `until_ns`, an instant of the leg."""
        seconds = (until_ns - self.start_ns) / NS_PER_S
        return seconds * (self.rate + self.slope * seconds / 2)

    def when(self, cumulative: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        """The instants in ns at which the integral from the start reaches each value.

        The quadratic formula in the form that divides by the sum: it loses no digits for small slopes, and it holds
        for a slope of 0 and for a rate that begins or ends at 0.
        """
        root = np.sqrt(np.maximum(self.rate * self.rate + 2 * self.slope * cumulative, 0.0))
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            after = np.where(cumulative > 0, 2 * cumulative / (self.rate + root), 0.0) * NS_PER_S
        due: npt.NDArray[np.int64] = self.start_ns + np.rint(np.minimum(after, _FAR_NS)).astype(np.int64)
        return due.clip(max=self.end_ns - 1)


@dataclass(frozen=True, slots=True)
class RateCourse:
    """Operations per second as a function of time; instants in ns since traffic began.

    A burst that runs counts first (of several the last in the file), then the last change, then the ramp, then `rate`,
    which is also where a ramp begins whose first point lies later. `changes` are in ascending order.
    """

    rate: float
    ramp: tuple[RampPoint, ...] = ()
    bursts: tuple[Burst, ...] = ()
    changes: tuple[RateChange, ...] = ()

    @classmethod
    def of(cls, traffic: TrafficSpec) -> "RateCourse":
        """The course that [traffic] asks for."""
        return cls(
            rate=traffic.rate,
            ramp=tuple(RampPoint(at_ns=parse_duration(point.at), rate=point.rate) for point in traffic.ramp),
            bursts=tuple(
                Burst(
                    rate=burst.rate,
                    every_ns=parse_duration(burst.every),
                    for_ns=parse_duration(burst.duration),
                    start_ns=parse_duration(burst.start),
                )
                for burst in traffic.burst
            ),
        )

    @property
    def peak(self) -> float:
        """The highest rate of all."""
        changed = [change.rate for change in self.changes if change.rate is not None]
        bent = [*(point.rate for point in self.ramp), *(burst.rate for burst in self.bursts)]
        return max([self.rate, *changed, *bent])

    @property
    def is_constant(self) -> bool:
        """Whether the rate is the same at all times."""
        return not (self.ramp or self.bursts or self.changes)

    def changed(self, at_ns: int, rate: float | None) -> "RateCourse":
        """The course that is the same before `at_ns` and has `rate` from then on; later changes are forgotten."""
        before = tuple(change for change in self.changes if change.at_ns < at_ns)
        return replace(self, changes=(*before, RateChange(at_ns=at_ns, rate=rate)))

    def legs(self, *, from_ns: int = 0) -> Iterator[Leg]:
        """The legs from `from_ns` on, in order and without gaps; the last one, if any is, ends at NEVER."""
        at_ns = from_ns
        while at_ns < NEVER:
            rate, slope = self._at(at_ns)
            end_ns = self._edge_after(at_ns)
            yield Leg(at_ns, end_ns, rate, slope)
            at_ns = end_ns

    def rate_at(self, at_ns: int) -> float:
        """Operations per second at `at_ns`."""
        return self._at(at_ns)[0]

    def expected(self, from_ns: int, until_ns: int) -> float:
        """The integral of the rate over [from_ns, until_ns): the mean number of operations that fall due there."""
        total = 0.0
        for leg in self.legs(from_ns=from_ns):
            total += leg.expected(min(leg.end_ns, until_ns)) if leg.start_ns < until_ns else 0.0
            if leg.end_ns >= until_ns:
                break
        return total

    def _at(self, at_ns: int) -> tuple[float, float]:
        for burst in reversed(self.bursts):
            if burst.runs(at_ns):
                return burst.rate, 0.0
        for change in reversed(self.changes):
            if change.at_ns <= at_ns:
                return (change.rate, 0.0) if change.rate is not None else self._ramped(at_ns)
        return self._ramped(at_ns)

    def _ramped(self, at_ns: int) -> tuple[float, float]:
        last = RampPoint(at_ns=0, rate=self.rate)
        for point in self.ramp:
            if point.at_ns > at_ns:
                slope = (point.rate - last.rate) * NS_PER_S / (point.at_ns - last.at_ns)
                return last.rate + slope * (at_ns - last.at_ns) / NS_PER_S, slope
            last = point
        return last.rate, 0.0

    def _edge_after(self, at_ns: int) -> int:
        edges = [burst.edge_after(at_ns) for burst in self.bursts]
        edges += [point.at_ns for point in self.ramp if point.at_ns > at_ns]
        edges += [change.at_ns for change in self.changes if change.at_ns > at_ns]
        return min(edges, default=NEVER)
