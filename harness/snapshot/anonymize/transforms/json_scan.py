"""JSON text taken apart without losing how it is written: leaves with their paths, and what stands between them."""

import re
from dataclasses import dataclass

_TOKEN = re.compile(rb'[ \t\r\n]*([{}\[\],:]|"(?:[^"\\\x00-\x1f]|\\.)*"|-?[0-9][0-9.eE+-]*|true|false|null)', re.DOTALL)
_STRING = rb'"(?:[^"\\\x00-\x1f]|\\.)*+"'
# What stands before a leaf, keys and all, and the leaf; at the end what stands behind the last one.
_PAIR = re.compile(
    rb"((?:[ \t\r\n{}\[\],:]|"
    + _STRING
    + rb"[ \t\r\n]*+:)*+)("
    + _STRING
    + rb"|-?[0-9][0-9.eE+-]*+|true|false|null|\Z)",
    re.DOTALL,
)
_ESCAPE = re.compile(
    rb"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(.))", re.DOTALL
)
_BY_LETTER = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}
# How jsonb_out() writes a string (escape_json): these by letters, other control characters by their number.
_SPECIAL = re.compile(rb'[\x00-\x1f"\\]')
_TO_LETTER = {value: b"\\" + letter for letter, value in _BY_LETTER.items()} | {b'"': b'\\"', b"\\": b"\\\\"}
_END = re.compile(rb"[ \t\r\n]*")
_DOT = re.compile(r"([.\\])")


@dataclass(frozen=True, slots=True)
class Leaf:
    """A string, number, boolean or null as written, from `start` to `end`; `path` is the keys down to it with dots."""

    path: str
    start: int
    end: int


def leaves(text: bytes) -> list[Leaf]:
    """All leaves in order; elements of an array have the array's path, a leaf alone "". ValueError where it is no JSON.

    A dot or backslash in a key has a backslash before it.
    """
    found: list[Leaf] = []
    # For each open object or array: its path, and whether it is an object.
    stack: list[tuple[str, bool]] = []
    path, key_next, at, size = "", False, 0, len(text)
    while True:
        token = _TOKEN.match(text, at)
        if token is None:
            break
        at = token.end()
        sign = token[1]
        if sign in _OPENING:
            key_next = sign == b"{"
            stack.append((path, key_next))
        elif sign in _CLOSING:
            if not stack or stack.pop()[1] != (sign == b"}"):
                raise ValueError("not JSON")
            path, key_next = stack[-1][0] if stack else "", False
        elif sign == b",":
            if not stack:
                raise ValueError("not JSON")
            path, key_next = stack[-1]
        elif sign == b":":
            continue
        elif key_next:
            name = _DOT.sub(r"\\\1", unquoted(sign).decode("utf-8", "surrogateescape"))
            path = f"{stack[-1][0]}.{name}" if stack[-1][0] else name
            key_next = False
        else:
            found.append(Leaf(path, token.start(1), at))
    if stack or _END.match(text, at) is None or text[at:].strip() or size == 0:
        raise ValueError("not JSON")
    return found


def pairs(text: bytes) -> list[tuple[bytes, bytes]]:
    """What stands before each leaf, with the leaf; the last leaf is empty. All of it together is `text`.

    Fast, and no proof that it is JSON: `leaves` of what stands between has to give that.
    """
    found: list[tuple[bytes, bytes]] = _PAIR.findall(text)
    if len(found) > 1 and not found[-2][1]:
        found.pop()  # the end matches once more behind a match that reached it
    if sum([len(before) + len(leaf) for before, leaf in found]) != len(text) or found[-1][1]:
        raise ValueError("not JSON")
    return found


def unquoted(text: bytes) -> bytes:
    """The string that a JSON string stands for, in UTF-8."""
    inner = text[1:-1]
    return _ESCAPE.sub(_unescaped, inner) if b"\\" in inner else inner


def quoted(value: bytes) -> bytes:
    """The JSON string for a value, as PostgreSQL prints it."""
    return b'"' + _SPECIAL.sub(_escaped, value) + b'"'


_OPENING = frozenset({b"{", b"["})
_CLOSING = frozenset({b"}", b"]"})


def _unescaped(match: re.Match[bytes]) -> bytes:
    high, low, code, letter = match.groups()
    if high:
        return chr(0x10000 + ((int(high, 16) & 0x3FF) << 10 | int(low, 16) & 0x3FF)).encode()
    if code:
        return chr(int(code, 16)).encode("utf-8", "surrogatepass")
    return _BY_LETTER.get(letter, letter)


def _escaped(match: re.Match[bytes]) -> bytes:
    return _TO_LETTER.get(match[0]) or b"\\u%04x" % match[0][0]
