"""The schedule: reproducible, of the right rate and shape, unmoved by a change of mix."""

import math

import numpy as np
import pytest

from harness.model.units import NS_PER_S
from harness.spec.scenario import Arrival
from harness.spec.schedule import BLOCK_NS, Chooser, Weighted, arrivals, block

SECONDS = 200
RATE = 500.0


def test_poisson_count_lies_within_four_standard_deviations() -> None:
    count = len(arrivals(RATE, Arrival.POISSON, seed=1, from_ns=0, until_ns=SECONDS * NS_PER_S))
    expected = RATE * SECONDS
    assert abs(count - expected) < 4 * math.sqrt(expected)


def test_poisson_gaps_are_exponential() -> None:
    due = arrivals(RATE, Arrival.POISSON, seed=2, from_ns=0, until_ns=SECONDS * NS_PER_S)
    gaps = np.sort(np.diff(due)) * RATE / NS_PER_S
    cumulative = np.arange(1, len(gaps) + 1) / len(gaps)
    distance = np.max(np.abs(cumulative - (1 - np.exp(-gaps))))
    assert distance < 1.95 / math.sqrt(len(gaps))  # Kolmogorov–Smirnov at p = 0.001


def test_uniform_arrivals_are_exact() -> None:
    due = arrivals(333.3, Arrival.UNIFORM, seed=1, from_ns=0, until_ns=10 * NS_PER_S)
    assert len(due) == 3333
    assert np.max(np.abs(due - np.arange(3333) * NS_PER_S / 333.3)) <= 1


@pytest.mark.parametrize("arrival", list(Arrival))
def test_any_part_of_the_schedule_is_the_same_whatever_was_made_before(arrival: Arrival) -> None:
    whole = arrivals(RATE, arrival, seed=3, from_ns=0, until_ns=4 * NS_PER_S)
    part = arrivals(RATE, arrival, seed=3, from_ns=NS_PER_S + 1, until_ns=3 * NS_PER_S)
    assert np.array_equal(part, whole[(whole > NS_PER_S) & (whole < 3 * NS_PER_S)])
    assert np.all(np.diff(whole) >= 0)
    other = arrivals(RATE, arrival, seed=4, from_ns=0, until_ns=4 * NS_PER_S)
    assert np.array_equal(whole, other) is (arrival is Arrival.UNIFORM)


def test_a_block_holds_its_own_time_and_splits_over_processes() -> None:
    whole = block(RATE, Arrival.POISSON, seed=5, index=7)
    assert np.all((whole.due_ns >= 7 * BLOCK_NS) & (whole.due_ns < 8 * BLOCK_NS))
    shares = [whole.share(part, 3) for part in range(3)]
    assert np.array_equal(np.sort(np.concatenate([share.due_ns for share in shares])), whole.due_ns)


def test_a_negative_seed_and_no_time_are_fine() -> None:
    assert len(arrivals(RATE, Arrival.POISSON, seed=-1, from_ns=0, until_ns=NS_PER_S)) > 0
    assert len(arrivals(RATE, Arrival.POISSON, seed=1, from_ns=5, until_ns=5)) == 0


OPERATIONS = [Weighted(0, 3.0, ""), Weighted(1, 1.0, "old"), Weighted(2, 1.0, "new"), Weighted(3, 0.0, "")]
VERSIONS = ("", "old", "new")


def shares(mix: dict[str, float]) -> dict[tuple[int, int], float]:
    chooser = Chooser(OPERATIONS, versions=VERSIONS, mix=mix)
    drawn = block(100_000, Arrival.POISSON, seed=6, index=0)
    chosen = [
        chooser.choose(v, o) for v, o in zip(drawn.version_draw.tolist(), drawn.operation_draw.tolist(), strict=True)
    ]
    return {pair: chosen.count(pair) / len(chosen) for pair in set(chosen)}


def test_an_empty_mix_runs_everything_by_weight() -> None:
    found = shares({})
    assert found.keys() == {(0, 0), (0, 1), (0, 2)}
    assert found[(0, 0)] == pytest.approx(0.6, abs=0.025)


def test_a_mix_is_normalised_and_chooses_among_its_versions() -> None:
    found = shares({"old": 2, "new": 6})
    assert found.keys() == {(1, 0), (1, 1), (2, 0), (2, 2)}
    assert found[(1, 0)] + found[(1, 1)] == pytest.approx(0.25, abs=0.025)
    assert found[(2, 2)] == pytest.approx(0.75 * 0.25, abs=0.025)


def test_a_version_without_operations_is_an_error() -> None:
    with pytest.raises(ValueError, match="'new'"):
        Chooser([Weighted(0, 1.0, "old")], versions=VERSIONS, mix={"old": 1, "new": 1})
    with pytest.raises(ValueError, match="share of 0"):
        Chooser(OPERATIONS, versions=VERSIONS, mix={"old": 0.0})


def test_every_draw_has_a_place() -> None:
    chooser = Chooser([Weighted(i, 0.1, "") for i in range(10)], versions=("",), mix={})
    assert chooser.choose(0.0, 0.0) == (0, 0)
    assert chooser.choose(math.nextafter(1, 0), math.nextafter(1, 0)) == (0, 9)
