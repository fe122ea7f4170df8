"""The histogram of dispatch lag is exact when small, close when large, and merges."""

import numpy as np
import pytest

from harness.rehearsal.traffic.lag import LagHistogram


def test_quantiles_are_within_the_resolution() -> None:
    lags = np.random.default_rng(1).lognormal(12, 2, 20_000).astype(np.int64)
    histogram = LagHistogram()
    for lag in lags.tolist():
        histogram.add(lag)
    for q in (0.5, 0.9, 0.99):
        assert histogram.quantile(q) == pytest.approx(np.quantile(lags, q, method="inverted_cdf"), rel=1 / 64)
    assert histogram.quantile(1.0) == histogram.max_ns == lags.max()


def test_parts_merge_into_the_whole() -> None:
    one, other, whole = LagHistogram(), LagHistogram(), LagHistogram()
    for lag in range(0, 1_000_000, 997):
        (one if lag % 2 else other).add(lag)
        whole.add(lag)
    merged = LagHistogram((*one.counts, *other.counts), max_ns=max(one.max_ns, other.max_ns))
    assert merged.counts == whole.counts
    assert merged.quantile(0.99) == whole.quantile(0.99)


def test_nothing_has_no_lag() -> None:
    assert LagHistogram().quantile(0.99) == 0


def test_many_at_once_are_counted_as_one_by_one() -> None:
    lags = [0, 1, 2, 63, 64, 127, 128, 129, 1_000, 999_999, 2**31 - 1, 2**31, 2**52 - 1]
    one_by_one, at_once = LagHistogram(), LagHistogram()
    for lag in lags:
        one_by_one.add(lag)
    at_once.add_all(lags)
    at_once.add_all([])
    assert at_once.counts == one_by_one.counts
    assert at_once.max_ns == one_by_one.max_ns
