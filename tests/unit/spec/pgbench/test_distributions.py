"""The random functions: bounds, and shapes within limits that five standard errors allow."""

import math
from collections import Counter
from random import Random

from harness.spec.pgbench import distributions as d

N = 20_000


def within(share: float, expected: float) -> bool:
    return abs(share - expected) < 5 * math.sqrt(expected * (1 - expected) / N)


def test_uniform_reaches_both_ends_evenly() -> None:
    random = Random(1)
    counts = Counter(d.uniform(random, -2, 2) for _ in range(N))
    assert sorted(counts) == [-2, -1, 0, 1, 2]
    assert all(within(count / N, 0.2) for count in counts.values())
    assert d.uniform(random, -(2**61), 2**61) != d.uniform(random, -(2**61), 2**61)


def test_exponential_follows_its_definition() -> None:
    """The manual: f(x) = exp(-p (x - min) / (max - min + 1)) / (1 - exp(-p)); value i has f(i) - f(i + 1)."""
    random = Random(2)
    low, high, parameter = 1, 10, 3.0
    counts = Counter(d.exponential(random, low, high, parameter) for _ in range(N))

    def f(x: int) -> float:
        return math.exp(-parameter * (x - low) / (high - low + 1)) / (1 - math.exp(-parameter))

    assert set(counts) == set(range(low, high + 1))
    assert all(within(counts[i] / N, f(i) - f(i + 1)) for i in range(low, high + 1))


def test_gaussian_follows_its_definition() -> None:
    """The manual: value i has (PHI(2p(i - min - mu + 0.5) / w) - PHI(… - 0.5 …)) / (2 PHI(p) - 1)."""
    random = Random(3)
    low, high, parameter = 1, 11, 2.5
    counts = Counter(d.gaussian(random, low, high, parameter) for _ in range(N))
    width = high - low + 1

    def phi(x: float) -> float:
        return 0.5 * (1 + math.erf(x / math.sqrt(2)))

    def edge(x: float) -> float:
        return (phi(2 * parameter * (x - low - (width - 1) / 2) / width)) / (2 * phi(parameter) - 1)

    assert set(counts) == set(range(low, high + 1))
    assert all(within(counts[i] / N, edge(i + 0.5) - edge(i - 0.5)) for i in range(low, high + 1))


def test_zipfian_follows_its_power_law() -> None:
    """The manual: (k + 1) is ((k + 1) / k) ** parameter times less likely than k."""
    for parameter in (1.07, 1.5, 2.5):
        random = Random(4)
        counts = Counter(d.zipfian(random, 1, 20, parameter) for _ in range(N))
        total = sum(k**-parameter for k in range(1, 21))
        assert all(within(counts[k] / N, k**-parameter / total) for k in range(1, 21))


def test_zipfian_at_the_least_skew_stays_inside() -> None:
    random = Random(5)
    drawn = [d.zipfian(random, 10, 1_000_000, 1.001) for _ in range(200)]
    assert min(drawn) >= 10
    assert max(drawn) <= 1_000_000
