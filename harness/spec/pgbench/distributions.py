"""The random functions of pgbench: integers in [low, high] by the distributions that the manual defines."""

import math
from random import Random
from typing import Final

from harness.spec.pgbench.values import ExpressionError, in_range

_EXACT_DOUBLE: Final = 2**52  # above this random() has too few bits to reach every integer
MIN_GAUSSIAN: Final = 2.0
"""Least parameter of random_gaussian (manual: "must be at least 2.0", for the sake of rejection speed)."""
MIN_ZIPFIAN: Final = 1.001
"""Least parameter of random_zipfian (manual: between 1.001 and 1000)."""
MAX_ZIPFIAN: Final = 1000.0
"""Greatest parameter of random_zipfian."""


def uniform(random: Random, low: int, high: int) -> int:
    """An integer in [low, high], each equally likely; 22023 for an empty range, 22003 for one over 64 bits."""
    width = _width(low, high)
    return low + (int(random.random() * width) if width < _EXACT_DOUBLE else random.randrange(width))


def exponential(random: Random, low: int, high: int, parameter: float) -> int:
    """An integer in [low, high], exponentially less likely from `low` on; `parameter` > 0."""
    width = _width(low, high)
    if parameter <= 0.0:
        raise _bad("random_exponential's parameter must be greater than 0")
    cut = math.exp(-parameter)
    share = -math.log(cut + (1.0 - cut) * (1.0 - random.random())) / parameter
    return low + min(int(width * share), width - 1)


def gaussian(random: Random, low: int, high: int, parameter: float) -> int:
    """An integer in [low, high], normal around the middle; the bounds are `parameter` (≥ 2) deviations away."""
    width = _width(low, high)
    if parameter < MIN_GAUSSIAN:
        raise _bad(f"random_gaussian's parameter must be at least {MIN_GAUSSIAN}")
    deviation = random.gauss(0.0, 1.0)
    while not -parameter <= deviation < parameter:
        deviation = random.gauss(0.0, 1.0)
    return low + min(int(width * (deviation + parameter) / (2.0 * parameter)), width - 1)


def zipfian(random: Random, low: int, high: int, parameter: float) -> int:
    """An integer in [low, high]: the k-th is as likely as k ** −parameter; `parameter` in [1.001, 1000]."""
    width = _width(low, high)
    if not MIN_ZIPFIAN <= parameter <= MAX_ZIPFIAN:
        raise _bad(f"random_zipfian's parameter must be between {MIN_ZIPFIAN} and {MAX_ZIPFIAN:g}")
    return low - 1 + zipf_rank(random, width, parameter)


def zipf_rank(random: Random, size: int, s: float) -> int:
    """A rank in 1 … size with probability proportional to rank ** −s, for s > 1.

    Rejection from the Pareto envelope: Devroye, Non-Uniform Random Variate Generation (1986), chapter X.6.1.
    """
    if size <= 1:
        return 1
    scale: float
    scale, limit = 2.0 ** (s - 1.0), math.log(size + 1)
    while True:
        exponent = -math.log(1.0 - random.random()) / (s - 1.0)
        if exponent >= limit:
            continue
        rank = math.floor(math.exp(exponent))
        growth = (1.0 + 1.0 / rank) ** (s - 1.0)
        if rank <= size and random.random() * rank * (growth - 1.0) / (scale - 1.0) <= growth / scale:
            return rank


def _width(low: int, high: int) -> int:
    if low > high:
        raise _bad("the range given to random is empty")
    return in_range(high - low, "the range given to random is") + 1


def _bad(message: str) -> ExpressionError:
    return ExpressionError(message, sqlstate="22023")
