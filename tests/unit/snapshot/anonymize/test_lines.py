"""Cutting data into blocks and ranges: no row lost, none twice, the end proven."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.snapshot.anonymize.rewrite.lines import END, blocks, read_range, rows_region

ROWS = st.lists(st.sampled_from([b"", b"a", b"\\\\.", b"\\N\tx", b"long" * 30, b"\\\\."]), max_size=30)


def text_of(rows: list[bytes]) -> bytes:
    return b"".join(row + b"\n" for row in rows)


@given(ROWS, st.integers(1, 200), st.integers(1, 300))
def test_blocks_are_all_rows_in_order(rows: list[bytes], piece: int, size: int) -> None:
    data = text_of(rows) + END
    pieces = [data[at : at + piece] for at in range(0, len(data), piece)]
    cut = list(blocks(iter(pieces), size=size))
    assert b"".join(cut) == text_of(rows)
    assert all(block.endswith(b"\n") for block in cut)


@given(ROWS, st.integers(1, 200), st.integers(0, 9))
def test_ranges_are_all_rows_in_order(rows: list[bytes], size: int, offset: int) -> None:
    with tempfile.NamedTemporaryFile() as file:
        path = Path(file.name)
        path.write_bytes(b"#" * offset + text_of(rows) + END + b"behind")
        end = offset + len(text_of(rows) + END)
        region = (offset, rows_region(path, offset, end))
        assert region[1] == offset + len(text_of(rows))
        found = [
            read_range(path, region, begin, min(begin + size, region[1])) for begin in range(offset, region[1], size)
        ]
    assert b"".join(found) == text_of(rows)
    assert all(not block or block.endswith(b"\n") for block in found)


@pytest.mark.parametrize("data", [b"", b"a\nb\n", b"a\n\\.", b"a\\.\n\n\n"])
def test_without_its_end_data_was_cut_off(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(EOFError):
        list(blocks(iter([data])))
    (tmp_path / "f").write_bytes(data)
    with pytest.raises(EOFError):
        rows_region(tmp_path / "f", 0, len(data))


def test_a_line_longer_than_a_block_is_one_block() -> None:
    def pieces() -> Iterator[bytes]:
        yield b"first\n"
        yield from [b"x" * 1000] * 50
        yield b"\nlast\n" + END

    cut = list(blocks(pieces(), size=2000))
    assert b"".join(cut) == b"first\n" + b"x" * 50_000 + b"\nlast\n"
    assert len(cut) <= 3
