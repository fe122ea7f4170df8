"""Eight bytes of text at once, in a 64-bit number: the lowest byte is the first character.

Marks are 0x80 in each byte that fits. All but `has_byte` and `signs` are right for bytes below 128 only, as those of
ASCII are.
"""

import numpy as np
from numpy.typing import NDArray

from harness.snapshot.anonymize.kernels.compiling import compiled

LANE = 8
SPARE = 16
"""Bytes behind the text that may be read and written over: those of a word that begins in its last byte, and more."""

Bytes = NDArray[np.uint8]
Words = NDArray[np.uint64]
Places = NDArray[np.int64]

HIGH = np.uint64(0x8080808080808080)
ONES = np.uint64(0x0101010101010101)
ALL = np.uint64(0xFF)
ZERO, ONE, SEVEN = np.uint64(0), np.uint64(1), np.uint64(7)
SIX, LOW_6 = np.uint64(6), np.uint64(63)
"""A 64-bit word of bits: which word is the number without its six lowest bits, which bit of it these say."""

BACKSLASHES = ONES * np.uint64(ord("\\"))
_AFTER_9, _DIGIT_0 = ONES * np.uint64(ord("9") + 1), ONES * np.uint64(ord("0"))
_AFTER_Z, _A = ONES * np.uint64(ord("z") + 1), ONES * np.uint64(ord("a"))
_CASE = ONES * np.uint64(ord("a") - ord("A"))
# The product with 1 in byte n alone has n in its highest byte.
_PLACES, _B56 = np.uint64(0x0001020304050607), np.uint64(56)
TAILS = np.array([(1 << 8 * size) - 1 for size in range(LANE + 1)], dtype=np.uint64)
"""For a count of bytes, the mask of so many first ones."""


def eights_of(data: Bytes) -> Words:
    """Every run of eight bytes of `data`, at any place, as a number: a view, to read and to write."""
    return np.ndarray((len(data) - LANE + 1,), dtype="<u8", buffer=data, strides=(1,))


def padded(block: bytes) -> Bytes:
    """A copy that can be written to, with SPARE zero bytes behind it."""
    data = np.empty(len(block) + SPARE, dtype=np.uint8)
    data[: len(block)] = np.frombuffer(block, dtype=np.uint8)
    data[len(block) :] = 0
    return data


def all_rows(count: int) -> Places:
    """The numbers of `count` rows."""
    return np.arange(count, dtype=np.int64)


@compiled
def spread(marks: np.uint64) -> np.uint64:
    """0xFF in each byte that is marked with 0x80."""
    return (marks >> SEVEN) * ALL


@compiled
def digits(word: np.uint64) -> np.uint64:
    """Marks the digits."""
    return ((word | HIGH) - _DIGIT_0) & ~((word | HIGH) - _AFTER_9) & HIGH


@compiled
def letters(word: np.uint64) -> np.uint64:
    """Marks the letters of either case."""
    low = word | _CASE | HIGH
    return (low - _A) & ~(low - _AFTER_Z) & HIGH


@compiled
def signs(word: np.uint64) -> np.uint64:
    """Marks what is of no word of the leak check (`tokens.WORD`): neither digit nor letter nor above 127."""
    return ~(digits(word) | letters(word) | word) & HIGH


@compiled
def has_byte(word: np.uint64, repeated: np.uint64) -> bool:
    """Whether some byte is the one that `repeated` has eight times."""
    other = word ^ repeated
    return bool((other - ONES) & ~other & HIGH != ZERO)


@compiled
def place_of(mark: np.uint64) -> int:
    """Which of the eight bytes a single mark is of."""
    return int(((mark >> SEVEN) * _PLACES) >> _B56)


@compiled
def reduce(ranks: np.uint64, sizes: np.uint64) -> np.uint64:
    """Each rank less its size, where it is not below it; sizes are at most 127."""
    passed = ((ranks | HIGH) - sizes) & HIGH
    return ranks - (sizes & spread(passed))
