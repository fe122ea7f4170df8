"""Which characters may stand for which: every letter and digit has an alphabet, and a rank in it.

ASCII: the ten digits, and the 26 letters, where case is kept and the rank is the same in both cases. Others: letters
of the same case and script within the same 64 code points, so that UTF-8 takes as many bytes; where lower and upper
case are one character each they share a rank as well. So masking commutes with lower() and upper(): `citext` columns
and unique indexes on `lower(email)` hold. What Unicode 3.2 does not know, marks, punctuation and symbols stay.
"""

import functools
import unicodedata

LARGEST = 64
"""No alphabet is larger."""

_BLOCK = 64  # code points that share all UTF-8 bytes but the last

# Python's own copy of Unicode 3.2 (made for IDNA) is the same in every version, so that outputs never change.
_UNICODE = unicodedata.ucd_3_2_0

DIGITS, LETTERS = 10, 26
CODE_DIGIT, CODE_LETTER = ord("0"), ord("a")
"""Static codes of ASCII's digits and letters; a character that stays has its own code point."""


@functools.cache
def place(char: str) -> tuple[int, int, int]:
    """The character's rank, the size of its alphabet (0 where it stays), and its static code (1 to 255)."""
    code = ord(char)
    if code < 0x80:
        return _ascii_place(char)
    members, rank = _alphabet(char)
    # A code of the alphabet, or of the character that stays; ASCII has the lower half.
    static = 0x80 | (ord(members[0].lower()[:1] if members else char) * 0x9E37 >> 4 & 0x7F)
    return rank, len(members), static


@functools.cache
def at_rank(char: str, rank: int) -> str:
    """The character of `char`'s alphabet, in its case, that has `rank`."""
    if ord(char) < 0x80:
        first = "0" if char.isdigit() else "a" if char.islower() else "A"
        return chr(ord(first) + rank)
    return _alphabet(char)[0][rank]


def _ascii_place(char: str) -> tuple[int, int, int]:
    if char.isdigit():
        return ord(char) - ord("0"), DIGITS, CODE_DIGIT
    if char.isalpha():
        return ord(char.lower()) - ord("a"), LETTERS, CODE_LETTER
    if char == "\0":
        raise ValueError("PostgreSQL's text has no zero bytes")
    return 0, 0, ord(char)


def _alphabet(char: str) -> tuple[tuple[str, ...], int]:
    """The members of the alphabet in `char`'s case, and its rank; none where the character stays."""
    low = _paired_lower(char)
    members = _paired(low) if low else _unpaired(char)
    if len(members) < 2:
        return (), 0
    rank = members.index(low or char)
    return (tuple(_upper(one) for one in members) if low and low != char else members), rank


def _kind(char: str) -> tuple[str, str] | None:
    category = _UNICODE.category(char)
    if category not in ("Lu", "Ll", "Lt", "Lm", "Lo", "Nd"):
        return None
    return category, _UNICODE.name(char, "CJK").partition(" ")[0]


def _paired_lower(char: str) -> str:
    """The lower case of a letter that has both, each one character of the same length in UTF-8; "" for others."""
    kind = _kind(char)
    if kind is None or kind[0] not in ("Lu", "Ll"):
        return ""
    low = char.lower() if kind[0] == "Lu" else char
    up = low.upper()
    whole = len(low) == len(up) == 1 and low != up and up.lower() == low and char in (low, up)
    if not whole or len(low.encode()) != len(up.encode()) or _kind(low) is None or _kind(up) is None:
        return ""
    return low


@functools.cache
def _paired(low: str) -> tuple[str, ...]:
    kind = _kind(low)
    return tuple(one for one in _block(low) if _kind(one) == kind and _paired_lower(one) == one)


def _unpaired(char: str) -> tuple[str, ...]:
    kind = _kind(char)
    return () if kind is None else _unpaired_of(ord(char) // _BLOCK, kind)


@functools.cache
def _unpaired_of(block: int, kind: tuple[str, str]) -> tuple[str, ...]:
    first = chr(block * _BLOCK)
    return tuple(one for one in _block(first) if _kind(one) == kind and not _paired_lower(one))


def _upper(low: str) -> str:
    return low.upper()


def _block(char: str) -> list[str]:
    first = ord(char) // _BLOCK * _BLOCK
    return [chr(code) for code in range(first, first + _BLOCK) if not 0xD800 <= code < 0xE000]
