"""Values like the column's: common values by their share, the others between the bounds of the histogram."""

from collections import Counter
from random import Random

import pytest

from harness.spec.params import ColumnStatistics, CompactValues, Scale, compact
from harness.spec.params.statistics import fitted_draw, may_be_null, statistics_draw

COUNT = 20_000


def shares(statistics: ColumnStatistics, sampled: tuple[str, ...] | None = None) -> dict[str | None, float]:
    draw = statistics_draw(statistics) if sampled is None else fitted_draw(statistics, sampled)
    random = Random(3)
    return {value: times / COUNT for value, times in Counter(draw(random) for _ in range(COUNT)).items()}


def test_fitted_keeps_the_frequencies() -> None:
    statistics = ColumnStatistics(Scale.INTEGER, 0.2, ("1", "2"), (0.4, 0.2))
    found = shares(statistics, ("1", "1", "2", "3", "4", "3"))
    assert found["1"] == pytest.approx(0.5, abs=0.02)  # of the rows that are not NULL
    assert found["2"] == pytest.approx(0.25, abs=0.02)
    assert found["3"] == pytest.approx(found["4"], abs=0.02)


def test_fitted_without_others_or_statistics() -> None:
    assert shares(ColumnStatistics(Scale.NONE, 0.5, ("a", "b"), (0.2, 0.1)), ("a", "b"))["a"] == pytest.approx(
        2 / 3, abs=0.02
    )
    sampled = ("a", "a", "a", "b")
    assert Counter(fitted_draw(None, sampled)(r) for r in [Random(1)] * 4000)["a"] == pytest.approx(3000, abs=120)


def test_statistics_draw_null_common_values_and_buckets() -> None:
    statistics = ColumnStatistics(Scale.INTEGER, 0.1, ("5",), (0.3,), ("0", "10", "1000"))
    found = shares(statistics)
    assert found[None] == pytest.approx(0.1, abs=0.01)
    assert found["5"] == pytest.approx(0.3 + 0.3 / 11, abs=0.02)
    low = sum(share for value, share in found.items() if value not in (None, "5") and int(value) <= 10)
    assert low == pytest.approx(0.3 * 10 / 11, abs=0.02)
    assert all(0 <= int(value) <= 1000 for value in found if value is not None)


@pytest.mark.parametrize(
    ("scale", "bounds", "example"),
    [
        (Scale.NUMBER, ("0.50", "9.75"), "4.20"),
        (Scale.DATE, ("2024-01-01", "2024-12-31"), "2024-06-01"),
        (Scale.TIMESTAMP, ("2024-01-01 00:00:00+00", "2024-12-31 12:00:00.5+00"), "2024-06-01 00:00:00.123456+00:00"),
        (Scale.TIMESTAMP, ("2024-01-01 00:00:00", "2024-12-31 12:00:00"), "2024-06-01 00:00:00.123456"),
    ],
)
def test_values_between_bounds_look_like_them(scale: Scale, bounds: tuple[str, ...], example: str) -> None:
    found = set(shares(ColumnStatistics(scale, 0.0, bounds=bounds)))
    assert len(found) > 300
    assert max(len(value or "") for value in found) == len(example)
    assert all(bounds[0][:4] <= (value or "")[:4] <= bounds[1][:4] for value in found)


@pytest.mark.parametrize(
    ("scale", "bounds"),
    [
        (Scale.NONE, ("alpha", "beta", "gamma")),
        (Scale.TIMESTAMP, ("-infinity", "2024-01-01 00:00:00")),
        (Scale.DATE, ("0044-03-15 BC", "2024-01-01")),
        (Scale.NUMBER, ("1", "NaN")),
        (Scale.NUMBER, ("7",)),
    ],
)
def test_without_a_straight_line_bounds_themselves_are_drawn(scale: Scale, bounds: tuple[str, ...]) -> None:
    assert set(shares(ColumnStatistics(scale, 0.0, bounds=bounds))) == set(bounds)


def test_a_column_of_nulls_or_of_common_values_only() -> None:
    nulls = ColumnStatistics(Scale.NONE, 1.0)
    assert shares(nulls) == {None: 1.0}
    assert may_be_null(nulls)
    assert may_be_null(ColumnStatistics(Scale.NONE, 0.0))
    assert not may_be_null(ColumnStatistics(Scale.NONE, 0.0, ("a",), (1.0,)))
    assert set(shares(ColumnStatistics(Scale.NONE, 0.0, ("a", "b"), (0.5, 0.4)))) == {"a", "b"}


def test_many_values_take_little_memory_and_few_stay_apart() -> None:
    keys = [str(i) for i in range(1_000_000, 1_050_000)] + ["über", ""]
    many = compact(keys)
    assert isinstance(many, CompactValues)
    assert many.nbytes < 12 * len(keys)
    assert many == keys
    assert (many[0], many[-2], many[-1], many.raw(1)) == ("1000000", "über", "", b"1000001")
    assert list(many[2:4]) == keys[2:4]
    picked = many.picker()
    assert [picked(Random(4)) for _ in range(3)] == [keys[int(Random(4).random() * len(keys))]] * 3
    with pytest.raises(IndexError):
        many[len(keys)]
    assert compact(keys[:5]) == tuple(keys[:5])
