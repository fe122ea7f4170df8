"""COPY's text format there and back, whatever the bytes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.snapshot.anonymize.copytext import (
    NULL,
    block_of,
    columns_of,
    decode,
    encode,
    join,
    split,
    transform_fields,
)
from harness.snapshot.anonymize.transforms.plain import Keep

_BYTES = st.one_of(st.binary(max_size=30), st.text(alphabet="\\\b\f\n\r\t\vNab01x.", max_size=20).map(str.encode))
_VALUES = st.one_of(st.none(), _BYTES)


@given(_VALUES)
def test_a_value_comes_back(value: bytes | None) -> None:
    field = encode(value)
    assert decode(field) == value
    assert not set(field) & set(b"\t\n\r\b\f\v")
    assert (field == NULL) == (value is None)


@given(st.binary(max_size=30))
def test_decoding_takes_any_field(field: bytes) -> None:
    value = decode(field)
    assert decode(encode(value)) == value
    if b"\\" not in field:
        assert value == field


@given(st.lists(st.lists(_VALUES, min_size=3, max_size=3), min_size=1, max_size=8))
def test_lines_and_blocks_come_back(rows: list[list[bytes | None]]) -> None:
    lines = [join([encode(value) for value in row]) for row in rows]
    assert [[decode(field) for field in split(line)] for line in lines] == rows
    block = b"\n".join(lines) + b"\n"
    columns = columns_of(block, width=3)
    assert [[decode(field) for field in column] for column in columns] == [list(one) for one in zip(*rows, strict=True)]
    assert block_of(columns) == block
    assert [transform_fields(Keep(), column) for column in columns] == columns


@given(st.lists(st.sampled_from([b"a", b"", b"b\tc", b"\t", b"a\tb\tc"]), min_size=1, max_size=6), st.integers(1, 3))
def test_uneven_lines_are_refused(lines: list[bytes], width: int) -> None:
    block = b"\n".join(lines) + b"\n"
    if all(line.count(b"\t") == width - 1 for line in lines):
        assert block_of(columns_of(block, width=width)) == block
    else:
        with pytest.raises(ValueError, match=r"fields, not|does not end") as caught:
            columns_of(block, width=width)
        assert re.search("[abc]\t", str(caught.value)) is None
