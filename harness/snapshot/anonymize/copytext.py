"""COPY's text format (PostgreSQL manual, COPY, "Text Format"): fields of a line, whole blocks by column."""

import re
from collections.abc import Sequence

from harness.snapshot.anonymize.transform import Transform

NULL = b"\\N"
"""How COPY writes NULL by default, and pg_dump always."""

END = b"\\."
"""The line that ends the data of a table."""

_BY_LETTER = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}
# One to three octal digits, one or two hex digits, or any other character, which stands for itself.
_ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|x([0-9A-Fa-f]{1,2})|(.?))", re.DOTALL)
_BYTE = 0xFF  # the backend keeps the low byte of \777 (CopyReadAttributesText)
_SPECIAL = re.compile(rb"[\b\f\n\r\t\v\\]")
_TO_LETTER = {value: b"\\" + letter for letter, value in _BY_LETTER.items()} | {b"\\": b"\\\\"}


def decode(field: bytes) -> bytes | None:
    """The value that a field stands for, None for NULL."""
    if b"\\" not in field:
        return field
    if field == NULL:
        return None
    return _ESCAPE.sub(_unescaped, field)


def encode(value: bytes | None) -> bytes:
    """The field that stands for a value, as the server writes it (CopyAttributeOutText)."""
    if value is None:
        return NULL
    if _SPECIAL.search(value) is None:
        return value
    return _SPECIAL.sub(lambda match: _TO_LETTER[match[0]], value)


def split(line: bytes) -> list[bytes]:
    """The fields of a line without its newline, still escaped: a tab in a value is written as backslash t."""
    return line.split(b"\t")


def join(fields: Sequence[bytes]) -> bytes:
    """The line without its newline."""
    return b"\t".join(fields)


def columns_of(block: bytes, *, width: int) -> list[list[bytes]]:
    """The fields of whole lines, column by column, still escaped; `block` ends with a newline, without the end marker.

    ValueError where a line has another number of fields than `width`; it names the line's place in the block only.
    """
    if width < 1:
        raise ValueError("a line has at least one field")
    fields = block.replace(b"\n", b"\t\n").split(b"\t")
    # Each line's first field now begins with the newline of the line before; a last piece is that newline alone.
    if fields.pop() != b"\n" or len(fields) % width:
        raise ValueError(_uneven(block, width=width))
    columns = [fields[at::width] for at in range(width)]
    starts = b"".join([field[:1] for field in columns[0][1:]])
    if starts.strip(b"\n") or len(starts) != len(columns[0]) - 1 or block.count(b"\n") != len(columns[0]):
        raise ValueError(_uneven(block, width=width))
    columns[0] = columns[0][:1] + [field[1:] for field in columns[0][1:]]
    return columns


def block_of(columns: Sequence[Sequence[bytes]]) -> bytes:
    """The lines whose columns these are: the inverse of `columns_of`."""
    return b"\n".join(map(b"\t".join, zip(*columns, strict=True))) + b"\n"


def transform_fields(transform: Transform, fields: list[bytes]) -> list[bytes]:
    """What becomes of a column's fields, escapes taken off and put back; NULL stays NULL."""
    if b"\\" not in b"".join(fields):
        return _encoded(transform.many(fields))
    values = [decode(field) for field in fields]
    present = _encoded(transform.many([value for value in values if value is not None]))
    if len(present) == len(values):
        return present
    following = iter(present)
    return [NULL if value is None else next(following) for value in values]


def _encoded(values: list[bytes]) -> list[bytes]:
    return [encode(value) for value in values] if _SPECIAL.search(b"".join(values)) else values


def _unescaped(match: re.Match[bytes]) -> bytes:
    octal, hexadecimal, letter = match.groups()
    if octal:
        return bytes([int(octal, 8) & _BYTE])
    if hexadecimal:
        return bytes([int(hexadecimal, 16)])
    return _BY_LETTER.get(letter, letter)


def _uneven(block: bytes, *, width: int) -> str:
    for number, line in enumerate(block.split(b"\n"), start=1):
        if line.count(b"\t") != width - 1:
            fields = line.count(b"\t") + 1
            return f"line {number} of the block has {fields} fields, not {width}"
    return "the block does not end with a newline"
