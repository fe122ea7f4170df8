"""Arrays: their elements transformed, dimensions, bounds and NULL elements kept (manual, 8.15.6)."""

import re
from collections.abc import Iterator

from harness.snapshot.anonymize.transform import Transform

# An opening or closing brace, a comma, a quoted element with its escapes, or an unquoted one.
_TOKEN = re.compile(rb'[{},]|"((?:[^"\\]|\\.)*)"|([^{},"\\\s][^{},"\\]*)', re.DOTALL)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_BOUNDS = re.compile(rb"(?:\[[-+]?[0-9]+:[-+]?[0-9]+\])+=")
# What array_out() puts into quotes: nothing, NULL, braces, commas, quotes, backslashes, white space.
_QUOTED = re.compile(rb'|(?i:null)|.*[{},"\\\s].*', re.DOTALL)
_TO_ESCAPE = re.compile(rb'(["\\])')


class Arrays:
    """Elements by `element`; ValueError where the text is no array."""

    def __init__(self, element: Transform) -> None:
        self._element = element

    def __call__(self, value: bytes) -> bytes:
        """The array that stands for `value`."""
        return self.many([value])[0]

    def many(self, values: list[bytes]) -> list[bytes]:
        """The same for each of `values`, the elements of all of them together."""
        parsed = [_parts(value) for value in values]
        elements = [part for parts in parsed for part in parts[1::2] if part is not None]
        changed = iter(self._element.many(elements))
        return [b"".join(_written(parts, changed)) for parts in parsed]


def _parts(value: bytes) -> list[bytes | None]:
    """Alternately what stands between elements and an element; None for NULL."""
    bounds = _BOUNDS.match(value)
    at = bounds.end() if bounds else 0
    between, parts = value[:at], list[bytes | None]()
    while at < len(value):
        token = _TOKEN.match(value, at)
        if token is None:
            raise ValueError("not an array")
        at = token.end()
        if token[1] is None and token[2] is None:
            between += token[0]
            continue
        unquoted = token[2]
        is_null = unquoted is not None and unquoted.upper() == b"NULL"
        parts += [between, None if is_null else unquoted or _ESCAPED.sub(rb"\1", token[1] or b"")]
        between = b""
    if not between.endswith(b"}") or b"{" not in value:
        raise ValueError("not an array")
    return [*parts, between]


def _written(parts: list[bytes | None], changed: Iterator[bytes]) -> list[bytes]:
    out = []
    for number, part in enumerate(parts):
        if number % 2 == 0:
            out.append(part or b"")
        else:
            out.append(b"NULL" if part is None else _element(next(changed)))
    return out


def _element(value: bytes) -> bytes:
    return b'"' + _TO_ESCAPE.sub(rb"\\\1", value) + b'"' if _QUOTED.fullmatch(value) else value
