"""The bijection that keeps length and class of every character: under identifiers, words, numbers, e-mails."""

import functools
from collections.abc import Sequence
from itertools import compress
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness.snapshot.anonymize.lane_keys import lane_keys
from harness.snapshot.anonymize.transforms import alphabets
from harness.snapshot.anonymize.transforms.alphabets import CODE_DIGIT, CODE_LETTER, DIGITS, LETTERS, at_rank, place
from harness.snapshot.anonymize.transforms.keyed import Many, shuffled
from harness.snapshot.anonymize.transforms.lanes import (
    Bytes,
    lane_major,
    permute,
    permute_many,
    row_major,
)
from harness.snapshot.anonymize.transforms.widths import by_width

if TYPE_CHECKING:
    from harness.snapshot.anonymize.kernels.fields import Fields
    from harness.snapshot.anonymize.kernels.permutation import Cipher
    from harness.snapshot.anonymize.kernels.words import Places

_PURPOSE = b"characters"
# Few values are not worth the arrays: below this the readable path is as fast.
_FEW = 4


class Characters:
    """Every letter becomes a letter, every digit a digit, each in its alphabet; the rest stays (see `alphabets`)."""

    def __init__(self, subkey: bytes, *, purpose: bytes = _PURPOSE) -> None:
        self._keys = lane_keys(subkey, purpose)
        digits = shuffled(bytes(range(DIGITS)), subkey, b"digits")
        letters = shuffled(bytes(range(LETTERS)), subkey, b"letters")
        self._first = _first_table(digits, letters)

    def __call__(self, value: bytes) -> bytes:
        """The readable definition, for UTF-8; bytes that are none stay."""
        text = value.decode("utf-8", "surrogateescape")
        places = [place(char) for char in text]
        ranks = [
            self._first[ord(char)] if char < "\x80" else rank for char, (rank, _, _) in zip(text, places, strict=True)
        ]
        ranks = permute(self._keys, ranks, [radix for _, radix, _ in places], [static for _, _, static in places])
        out = [
            at_rank(char, rank) if radix else char
            for char, rank, (_, radix, _) in zip(text, ranks, places, strict=True)
        ]
        return "".join(out).encode("utf-8", "surrogateescape")

    def many(self, values: list[bytes]) -> list[bytes]:
        """The same for each of `values`, by columns of numbers."""
        if len(values) < _FEW:
            return [self(value) for value in values]
        joined = b"".join(values)
        if b"\0" in joined:
            raise ValueError("PostgreSQL's text has no zero bytes")
        if not joined.isascii():
            return _apart(values, [value.isascii() for value in values], self.many, self._many_wide)
        return by_width(values, list(map(len, values)), self._many_ascii)

    @functools.cached_property
    def cipher(self) -> "Cipher":
        """The tables of the compiled permutation."""
        from harness.snapshot.anonymize.kernels.permutation import cipher_of

        return cipher_of(self._keys, self._first)

    def change_fields(self, before: "Fields", after: "Fields", column: int) -> "Places":  # noqa: ARG002 - as InPlace
        """The same for the column of a block."""
        from harness.snapshot.anonymize.kernels.columns import change_characters

        return change_characters(after, column, self.cipher)

    def _many_ascii(self, values: list[bytes], width: int) -> list[bytes]:
        matrix = np.array(values, dtype=f"S{width}")
        chars = lane_major(matrix.view(np.uint8).reshape(len(values), width))
        digit = (chars - np.uint8(ord("0"))) < DIGITS
        upper = (chars - np.uint8(ord("A"))) < LETTERS
        letter = upper | ((chars - np.uint8(ord("a"))) < LETTERS)
        radix = digit * np.uint8(DIGITS) + letter * np.uint8(LETTERS)
        keep = ~(digit | letter) * chars
        static = keep + digit * np.uint8(CODE_DIGIT) + letter * np.uint8(CODE_LETTER)
        ranks = np.frombuffer(chars.tobytes().translate(self._first), dtype=np.uint8).reshape(chars.shape).copy()
        permute_many(self._keys, ranks, radix, static)
        ranks += static
        ranks -= upper * np.uint8(ord("a") - ord("A"))
        out: list[bytes] = row_major(ranks).reshape(-1).view(f"S{width}").tolist()
        return out

    def _many_wide(self, values: list[bytes]) -> list[bytes]:
        texts = [value.decode("utf-8", "surrogateescape") for value in values]
        changed = by_width(texts, list(map(len, texts)), self._many_text)
        return [text.encode("utf-8", "surrogateescape") for text in changed]

    def _many_text(self, texts: list[str], width: int) -> list[str]:
        codes = np.array(texts, dtype=f"U{width}").view(np.uint32).reshape(len(texts), width)
        known, where = np.unique(codes, return_inverse=True)
        where = where.reshape(codes.shape)
        places = np.array([place(chr(code)) if code else (0, 0, 0) for code in known.tolist()], dtype=np.uint8)
        ascii_ = [at for at, code in enumerate(known.tolist()) if code < 0x80]
        places[ascii_, 0] = [self._first[known[at]] for at in ascii_]
        ranks = lane_major(places[:, 0][where])
        permute_many(self._keys, ranks, lane_major(places[:, 1][where]), lane_major(places[:, 2][where]))
        return _written(codes, known, where, row_major(ranks))


def _written(codes: NDArray[np.uint32], known: NDArray[np.uint32], where: NDArray[np.intp], ranks: Bytes) -> list[str]:
    table = np.zeros((len(known), alphabets.LARGEST), dtype=np.uint32)
    for at, code in enumerate(known.tolist()):
        table[at] = _members(chr(code)) if code else 0
    out: list[str] = table[where, ranks].reshape(-1).view(f"U{codes.shape[1]}").tolist()
    return out


@functools.cache
def _members(char: str) -> tuple[int, ...]:
    size = place(char)[1]
    members = [ord(at_rank(char, rank)) for rank in range(size)] if size else [ord(char)]
    return tuple(members + [0] * (alphabets.LARGEST - len(members)))


def _first_table(digits: bytes, letters: bytes) -> bytes:
    """A keyed rank for each ASCII character: the substitution before the rounds, so that single characters mix too."""
    table = bytearray(256)
    for rank, changed in enumerate(digits):
        table[ord("0") + rank] = changed
    for rank, changed in enumerate(letters):
        table[ord("a") + rank] = table[ord("A") + rank] = changed
    return bytes(table)


def _apart(values: list[bytes], chosen: Sequence[bool], yes: Many, no: Many) -> list[bytes]:
    first = iter(yes(list(compress(values, chosen))))
    second = iter(no(list(compress(values, [not one for one in chosen]))))
    return [next(first) if one else next(second) for one in chosen]
