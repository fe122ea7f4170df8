"""Units: parsed exactly, refused with the way out, rendered for people."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.model.units import format_bytes, format_duration, parse_duration, parse_ratio, parse_size


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("0", 0),
        ("500ms", 500_000_000),
        ("2s", 2_000_000_000),
        ("1m", 60_000_000_000),
        ("0.1 ms", 100_000),
        ("1h", 3_600 * 10**9),
    ],
)
def test_durations(text: str, ns: int) -> None:
    assert parse_duration(text) == ns


@pytest.mark.parametrize("text", ["5", "", "fast", "-1s", "1 parsec", "1s 2ms", "1e3s"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="ms"):
        parse_duration(text)


@pytest.mark.parametrize(("text", "size"), [("64MB", 64 * 1024**2), ("10 GB", 10 * 1024**3), ("8kB", 8192), ("3B", 3)])
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["64", "64 MiB", "large"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="64MB"):
        parse_size(text)


def test_ratios() -> None:
    assert (parse_ratio("10x"), parse_ratio("0.1%"), parse_ratio("100%")) == (10.0, 0.001, 1.0)
    with pytest.raises(ValueError, match="10x"):
        parse_ratio("10")


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0 ms"),
        (412, "0.412 µs"),
        (99_000, "99.0 µs"),
        (3_140_000, "3.14 ms"),
        (23_640_000, "23.6 ms"),
        (1_507_000_000, "1,507 ms"),
        (41_200_000_000, "41.2 s"),
        (150 * 10**9, "2 min 30 s"),
        (-3_140_000, "-3.14 ms"),
    ],
)
def test_durations_for_people(ns: int, text: str) -> None:
    assert format_duration(ns) == text


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 kB"), (642 * 1024**2, "642 MB"), (5 * 1024**4, "5 TB")]
)
def test_sizes_for_people(size: int, text: str) -> None:
    assert format_bytes(size) == text


@given(st.integers(min_value=0, max_value=10**6))
def test_milliseconds_survive(milliseconds: int) -> None:
    assert parse_duration(f"{milliseconds}ms") == milliseconds * 1_000_000
