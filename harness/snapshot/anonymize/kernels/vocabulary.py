"""Columns of names and free text, word by word, as `transforms/words.py` defines them."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.snapshot.anonymize.kernels.columns import Found, is_null, is_plain
from harness.snapshot.anonymize.kernels.compiling import compiled, part_of_loop
from harness.snapshot.anonymize.kernels.fields import Fields
from harness.snapshot.anonymize.kernels.permutation import LANES, Cipher, change
from harness.snapshot.anonymize.kernels.words import HIGH, LANE, ONE, TAILS, ZERO, Bytes, Places, Words, letters

KEPT_BYTES = 16
"""Words of a dictionary up to this length are looked up here; rows with longer ones are left to the lists."""

_LONGEST = LANE * LANES  # as many bytes as `permutation.change` takes
_DIGIT, _LETTER = 1, 2
_KINDS = np.zeros(256, dtype=np.uint8)
_KINDS[list(b"0123456789")] = _DIGIT
_KINDS[[*range(ord("A"), ord("Z") + 1), *range(ord("a"), ord("z") + 1)]] = _LETTER
_LEAST_BITS, _MARKED_BITS = 4, 3  # of the slots; a word of marks for eight slots
_MARKS, _SIX, _LOW_6 = np.uint64(3), np.uint64(6), np.uint64(63)
_M1, _M2 = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)


class Vocabulary(NamedTuple):
    """A dictionary's words with what stands for them: open addressing over `slots`, -1 where there is none.

    `marks` has a bit for the hash of each word, eight times as many as slots: most other words end there, in a core's
    second-level cache. `words` has four columns: a word's two eights, then those of what stands for it. `longer` says
    that there are words of more than KEPT_BYTES, which are not in it.
    """

    slots: NDArray[np.int32]
    marks: Words
    words: Words
    shift: np.uint64
    longer: bool


def vocabulary_of(table: Mapping[bytes, bytes]) -> Vocabulary:
    """The ASCII words of `table` that are short enough."""
    short = [word for word in table if len(word) <= KEPT_BYTES and word.isascii()]
    both = np.array([short, [table[word] for word in short]], dtype=f"S{KEPT_BYTES}").reshape(2, -1)
    words = np.concatenate(both.view("<u8").reshape(2, -1, 2), axis=1)
    bits = max(_LEAST_BITS, (2 * len(words)).bit_length())
    out = Vocabulary(
        slots=np.full(1 << bits, -1, dtype=np.int32),
        marks=np.zeros(1 << bits - _MARKED_BITS, dtype=np.uint64),
        words=words,
        shift=np.uint64(64 - bits),
        longer=any(len(word) > KEPT_BYTES for word in table),
    )
    _enter(out)
    return out


def change_words(after: Fields, column: int, vocabulary: Vocabulary, others: Cipher) -> Places:
    """The column changed: words of the dictionary looked up, others permuted until they are none of it."""
    eights = after.eights
    found = _strange(after.data, eights, *after.column(column), vocabulary)
    places, lengths = found.places, found.lengths
    while len(places):
        change(eights, places, lengths, others)
        places, lengths = _known_of(eights, places, lengths, vocabulary)
    return found.left


@compiled
def _enter(vocabulary: Vocabulary) -> None:
    slots, words = vocabulary.slots, vocabulary.words
    for number in range(len(words)):
        hash_ = _hash(words[number, 0], words[number, 1])
        bit = hash_ >> vocabulary.shift - _MARKS
        vocabulary.marks[np.int64(bit >> _SIX)] |= ONE << (bit & _LOW_6)
        at = np.int64(hash_ >> vocabulary.shift)
        while slots[at] >= 0:
            at = (at + 1) & (len(slots) - 1)
        slots[at] = number


@part_of_loop
def _hash(first: np.uint64, second: np.uint64) -> np.uint64:
    mixed = (first * _M1 ^ second) * _M2
    return (mixed ^ mixed >> np.uint64(29)) * _M1


@part_of_loop
def _lookup(eights: Words, start: int, size: int, vocabulary: Vocabulary) -> int:
    """The number of the word at `start`, -1 where it is not known."""
    if size > KEPT_BYTES:
        return -1
    first = eights[start] & TAILS[min(size, LANE)]
    second = eights[start + LANE] & TAILS[size - LANE] if size > LANE else ZERO
    hash_ = _hash(first, second)
    bit = hash_ >> vocabulary.shift - _MARKS
    if vocabulary.marks[np.int64(bit >> _SIX)] >> (bit & _LOW_6) & ONE == ZERO:
        return -1
    at = np.int64(hash_ >> vocabulary.shift)
    while vocabulary.slots[at] >= 0:
        number = vocabulary.slots[at]
        if vocabulary.words[number, 0] == first and vocabulary.words[number, 1] == second:
            return int(number)
        at = (at + 1) & (len(vocabulary.slots) - 1)
    return -1


@compiled
def _strange(data: Bytes, eights: Words, starts: Places, ends: Places, vocabulary: Vocabulary) -> Found:
    """Replace the words that are known; the others, and the rows that are left."""
    # Every other byte may be a word.
    most = (np.sum(ends - starts) + len(starts)) // 2 + 1
    places, lengths = np.empty(most, dtype=np.int64), np.empty(most, dtype=np.int64)
    left = np.empty(len(starts), dtype=np.int64)
    found, others, more = 0, 0, 0
    for row in range(len(starts)):
        start, size = starts[row], ends[row] - starts[row]
        if not _is_one_word(eights, start, size):
            left[more] = row
            more += 1
            continue
        number = _lookup(eights, start, size, vocabulary)
        if number < 0:
            places[found], lengths[found] = start, size
            found += 1
        else:
            _put(eights, start, size, vocabulary.words[number])
    for row in left[:more]:
        start, end = starts[row], ends[row]
        if not _is_for_words(data, eights, start, end, vocabulary.longer):
            if not is_null(eights, start, end - start):
                left[others] = row
                others += 1
            continue
        at = start
        while at < end:
            kind, begin = _KINDS[data[at]], at
            at += 1
            if kind == 0:
                continue
            while at < end and _KINDS[data[at]] == kind:
                at += 1
            number = _lookup(eights, begin, at - begin, vocabulary)
            if number < 0:
                places[found], lengths[found] = begin, at - begin
                found += 1
            else:
                _put(eights, begin, at - begin, vocabulary.words[number])
    return Found(places[:found], lengths[:found], left[:others])


@part_of_loop
def _put(eights: Words, start: int, size: int, word: Words) -> None:
    tail = TAILS[min(size, LANE)]
    eights[start] = (eights[start] & ~tail) | word[2]
    if size > LANE:
        eights[start + LANE] = (eights[start + LANE] & ~TAILS[size - LANE]) | word[3]


@part_of_loop
def _is_one_word(eights: Words, start: int, size: int) -> bool:
    """Whether a field is letters of ASCII, so many that they can be looked up."""
    if size == 0 or size > KEPT_BYTES:
        return False
    first, second = eights[start], eights[start + LANE]
    others = (~letters(first) | first) & TAILS[min(size, LANE)]
    if size > LANE:
        others |= (~letters(second) | second) & TAILS[size - LANE]
    return bool(others & HIGH == ZERO)


@part_of_loop
def _is_for_words(data: Bytes, eights: Words, start: int, end: int, longer: bool) -> bool:
    """Whether a field is ASCII without escapes, and no word of it too long."""
    for begin in range(start, end, KEPT_BYTES):
        if not is_plain(eights, begin, min(KEPT_BYTES, end - begin)):
            return False
    if end - start <= KEPT_BYTES:
        return True
    limit = KEPT_BYTES if longer else _LONGEST
    run, before = 0, 0
    for at in range(start, end):
        kind = _KINDS[data[at]]
        run = run + 1 if kind == before else 1
        before = kind
        if kind and run > limit:
            return False
    return True


@compiled
def _known_of(eights: Words, places: Places, lengths: Places, vocabulary: Vocabulary) -> tuple[Places, Places]:
    """Those that are words of the dictionary, which are taken already."""
    again, sizes = np.empty(len(places), dtype=np.int64), np.empty(len(places), dtype=np.int64)
    count = 0
    for at in range(len(places)):
        if _lookup(eights, places[at], lengths[at], vocabulary) >= 0:
            again[count], sizes[count] = places[at], lengths[at]
            count += 1
    return again[:count], sizes[:count]
