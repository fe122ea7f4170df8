"""When an antagonist acts by itself: at even distances, or at random ones that the seed decides."""

import random
from collections.abc import Iterator
from itertools import count

from harness.rehearsal.traffic.antagonists.plan import Antagonist, Placed


def instants(antagonist: Antagonist, *, began_ns: int) -> Iterator[int]:
    """The instants of its acts, ns since run start, endless unless it acts once; none for one that waits for a word.

    Random ones have exponential gaps of mean `every`, the first one too, so that they are a Poisson process from
    `start` on; the same seed gives the same instants.
    """
    first = began_ns + antagonist.start_ns
    if antagonist.placed is Placed.CLOCK:
        return count(first, antagonist.every_ns) if antagonist.every_ns else iter((first,))
    if antagonist.placed is Placed.RANDOM:
        return _random(first, mean_ns=antagonist.every_ns, seed=antagonist.seed)
    return iter(())


def next_after(coming: Iterator[int], now_ns: int) -> int | None:
    """The first instant that is not past; those missed while an act lasted are not made up for."""
    return next((at_ns for at_ns in coming if at_ns >= now_ns), None)


def _random(first_ns: int, *, mean_ns: int, seed: str) -> Iterator[int]:
    draw = random.Random(seed)  # noqa: S311 - a schedule, not a secret
    at_ns = float(first_ns)
    while True:
        at_ns += draw.expovariate(1 / mean_ns)
        yield round(at_ns)
