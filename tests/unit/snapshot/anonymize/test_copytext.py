"""COPY's text format as the manual gives it."""

import pytest

from harness.snapshot.anonymize.copytext import columns_of, decode, encode, transform_fields


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (rb"plain", b"plain"),
        (rb"", b""),
        (rb"\N", None),
        (rb"\\N", b"\\N"),
        (rb"a\tb\nc\rd\be\ff\vg", b"a\tb\nc\rd\be\x0cf\x0bg"),
        (rb"\101\x41\x4a\7", b"AAJ\x07"),
        (rb"\1011", b"A1"),
        (rb"\q\.", b"q."),
        (rb"\xg", b"xg"),
        (b"end\\", b"end"),
    ],
)
def test_decodes_what_the_manual_names(field: bytes, value: bytes | None) -> None:
    assert decode(field) == value


def test_encodes_as_the_server_does() -> None:
    assert encode(b"a\tb\\c\nd\x07") == b"a\\tb\\\\c\\nd\x07"
    assert encode(None) == rb"\N"


class _Upper:
    def __call__(self, value: bytes) -> bytes:
        return value.upper()

    def many(self, values: list[bytes]) -> list[bytes]:
        return [self(value) for value in values]


def test_null_reaches_no_transform_and_escapes_are_taken_off() -> None:
    assert transform_fields(_Upper(), [rb"\N", rb"a\nb", b"c"]) == [rb"\N", rb"A\nB", b"C"]
    assert transform_fields(_Upper(), [b"a", rb"\\n"]) == [b"A", rb"\\N"]
    assert transform_fields(_Upper(), [rb"\N"]) == [rb"\N"]


def test_an_uneven_line_is_named_by_number() -> None:
    with pytest.raises(ValueError, match="line 2 of the block has 1 fields, not 2"):
        columns_of(b"a\tb\nsecret\n", width=2)
    with pytest.raises(ValueError, match="does not end with a newline"):
        columns_of(b"a\tb", width=2)
    with pytest.raises(ValueError, match="at least one"):
        columns_of(b"a\n", width=0)
