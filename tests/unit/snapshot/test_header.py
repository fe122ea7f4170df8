"""The header of archives, against one that pg_dump wrote and against every way to cut it short."""

from pathlib import Path

import pytest

from harness.snapshot.header import CUSTOM, HEADER_BYTES, major, read_header

SHOP = Path(__file__).parents[3] / "fixtures" / "shop" / "shop.dump"


def test_the_header_of_a_custom_dump() -> None:
    header = read_header(SHOP.read_bytes()[:HEADER_BYTES])
    assert header.format == CUSTOM
    assert header.dbname == "shop"
    assert header.dump_major >= 15
    assert header.server_major >= 15
    assert 10 < header.entries < 500


def test_a_header_cut_anywhere_is_refused() -> None:
    head = SHOP.read_bytes()[:60]
    for size in range(len(head)):
        with pytest.raises(ValueError, match=r"PGDMP|too early"):
            read_header(head[:size])


@pytest.mark.parametrize(("version", "expected"), [("18.4", 18), ("9.6.24", 9), ("19beta1", 19), ("", 0), ("x", 0)])
def test_major(version: str, expected: int) -> None:
    assert major(version) == expected
