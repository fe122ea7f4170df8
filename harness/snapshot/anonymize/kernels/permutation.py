"""The permutation of `transforms/lanes.py` on many short strings of a block at once, changed where they stand.

Strings of as many lanes wait for each other until a batch is full; then every step is a loop over the batch, which the
compiler turns into vector instructions: one array is written in each, or it could not tell that they are apart.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.snapshot.anonymize.kernels.compiling import compiled, part_of_loop
from harness.snapshot.anonymize.kernels.words import (
    ALL,
    HIGH,
    LANE,
    ONES,
    TAILS,
    ZERO,
    Bytes,
    Places,
    Words,
    digits,
    letters,
    reduce,
    spread,
)
from harness.snapshot.anonymize.lane_keys import MULTIPLIER, ROUNDS, LaneKeys

LANES = 32
"""Longer strings are left to the definition by columns: they are few, and the batches stay in a core's cache."""

BATCH = 64
"""Strings: enough for full vectors, and all rows of a batch of two lanes stay in the first-level cache."""

_M = np.uint64(MULTIPLIER)
_DIGIT_SIZES, _LETTER_SIZES = ONES * np.uint64(10), ONES * np.uint64(26)
_DIGIT_CODES, _LETTER_CODES = ONES * np.uint64(ord("0")), ONES * np.uint64(ord("a"))
_CASE = ONES * np.uint64(ord("a") - ord("A"))
_TO_HIGH = np.uint64(2)  # from the bit that tells lower from upper case to a byte's highest
_B1, _B2, _B4, _B8, _B16, _B32, _B56 = (np.uint64(bits) for bits in (1, 2, 4, 8, 16, 32, 56))
_COVER_1, _COVER_2, _COVER_4 = ONES * np.uint64(0x3F), ONES * np.uint64(0x1F), ONES * np.uint64(0x07)
_NOTHING, _EVERYTHING = np.uint64(0), np.uint64((1 << 64) - 1)
# Rows of the scratch.
_RANKS, _STATIC, _UPPER, _ODD, _COVERS, _SIZES = range(6)


class Cipher(NamedTuple):
    """A permutation's tables, and its work space.

    `starts` and `multipliers` are the keys by round (the tweak first) and lane, `first` gives each ASCII character its
    rank. `counts` are of strings by lanes; `scratch` has six rows of words by lane and string, `states` three by
    string.
    """

    starts: Words
    multipliers: Words
    first: Bytes
    counts: Places
    scratch: NDArray[np.uint64]
    states: NDArray[np.uint64]


def cipher_of(keys: LaneKeys, first: bytes) -> Cipher:
    """The tables of a permutation."""
    rows = [[keys.multiplier(which, lane) for lane in range(LANES)] for which in range(ROUNDS + 1)]
    return Cipher(
        starts=np.array(keys.starts, dtype=np.uint64),
        multipliers=np.array(rows, dtype=np.uint64),
        first=np.frombuffer(first, dtype=np.uint8).copy(),
        counts=np.zeros(LANES + 2, dtype=np.int64),
        scratch=np.zeros((6, LANES, BATCH), dtype=np.uint64),
        states=np.zeros((3, BATCH), dtype=np.uint64),
    )


@compiled
def change(eights: Words, places: Places, lengths: Places, cipher: Cipher) -> None:
    """Replace the strings of `lengths` bytes at `places`, which are plain ASCII and have up to LANES lanes."""
    for at in range(len(places)):
        cipher.counts[(lengths[at] + LANE - 1) // LANE + 1] += 1
    order = np.empty(len(places), dtype=np.int64)
    first = 0
    for lanes in range(LANES + 1):
        first += cipher.counts[lanes]
        cipher.counts[lanes] = first
    for at in range(len(places)):
        lanes = (lengths[at] + LANE - 1) // LANE
        order[cipher.counts[lanes]] = at
        cipher.counts[lanes] += 1
    begin = cipher.counts[0]
    cipher.counts[:] = 0
    while begin < len(order):
        lanes = (lengths[order[begin]] + LANE - 1) // LANE
        count = 1
        while count < BATCH and begin + count < len(order) and lengths[order[begin + count]] <= lanes * LANE:
            count += 1
        batch = order[begin : begin + count]
        _load(eights, places, lengths, batch, lanes, cipher)
        _take_apart(lanes, count, cipher)
        permute(lanes, count, cipher)
        _store(eights, places, lengths, batch, lanes, cipher)
        begin += count


@part_of_loop
def _load(eights: Words, places: Places, lengths: Places, batch: Places, lanes: int, cipher: Cipher) -> None:
    for lane in range(lanes):
        words = cipher.scratch[_RANKS, lane]
        for at in range(len(batch)):
            left = min(max(lengths[batch[at]] - LANE * lane, 0), LANE)
            words[at] = eights[places[batch[at]] + LANE * lane] & TAILS[left] if left else ZERO


@part_of_loop
def _store(eights: Words, places: Places, lengths: Places, batch: Places, lanes: int, cipher: Cipher) -> None:
    for lane in range(lanes):
        ranks, static, upper = cipher.scratch[_RANKS, lane], cipher.scratch[_STATIC, lane], cipher.scratch[_UPPER, lane]
        for at in range(len(batch)):
            left = min(max(lengths[batch[at]] - LANE * lane, 0), LANE)
            if left:
                place = places[batch[at]] + LANE * lane
                eights[place] = (eights[place] & ~TAILS[left]) | (ranks[at] + static[at] - upper[at])


@part_of_loop
def _take_apart(lanes: int, count: int, cipher: Cipher) -> None:
    """From words of ASCII to ranks, sizes of alphabets, static codes and upper case."""
    for lane in range(lanes):
        words, static, upper = cipher.scratch[_RANKS, lane], cipher.scratch[_STATIC, lane], cipher.scratch[_UPPER, lane]
        sizes = cipher.scratch[_SIZES, lane]
        for at in range(count):
            sizes[at] = (spread(digits(words[at])) & _DIGIT_SIZES) | (spread(letters(words[at])) & _LETTER_SIZES)
        for at in range(count):
            digit, letter = spread(digits(words[at])), spread(letters(words[at]))
            static[at] = (words[at] & ~(digit | letter)) | (digit & _DIGIT_CODES) | (letter & _LETTER_CODES)
        for at in range(count):
            upper[at] = spread(letters(words[at])) & ~spread((words[at] & _CASE) << _TO_HIGH) & _CASE
        for at in range(count):
            words[at] = _ranks(words[at], cipher.first)


@part_of_loop
def permute(lanes: int, count: int, cipher: Cipher) -> None:
    """The rounds on what lies in the scratch as ranks, sizes and static codes."""
    carried, tweak, state = cipher.states[0], cipher.states[1], cipher.states[2]
    carried[:count] = ZERO
    tweak[:count] = cipher.starts[0]
    for lane in range(lanes):
        static, sizes = cipher.scratch[_STATIC, lane], cipher.scratch[_SIZES, lane]
        odd, covers = cipher.scratch[_ODD, lane], cipher.scratch[_COVERS, lane]
        multiplier = cipher.multipliers[0, lane]
        for at in range(count):
            tweak[at] += _absorbed(static[at], multiplier)
        for at in range(count):
            odd[at] = _parity(sizes[at]) ^ carried[at] * ONES
        for at in range(count):
            carried[at] = odd[at] >> _B56
        for at in range(count):
            odd[at] *= ALL
        for at in range(count):
            covers[at] = _covers(sizes[at])
    for number in range(ROUNDS):
        flipped = _EVERYTHING if number % 2 else _NOTHING
        start = cipher.starts[number + 1]
        for at in range(count):
            state[at] = start + tweak[at]
        _absorb(lanes, count, cipher.multipliers[number + 1], flipped, cipher)
        _add(lanes, count, cipher.multipliers[number + 1], flipped, cipher)


@part_of_loop
def _absorb(lanes: int, count: int, multipliers: Words, flipped: np.uint64, cipher: Cipher) -> None:
    """Into the state, from the half that stays. What does not move has rank 0 and needs no mask."""
    state = cipher.states[2]
    for lane in range(lanes):
        ranks, odd = cipher.scratch[_RANKS, lane], cipher.scratch[_ODD, lane]
        multiplier = multipliers[lane]
        for at in range(count):
            state[at] += _absorbed(ranks[at] & ~(odd[at] ^ flipped), multiplier)
    for at in range(count):
        state[at] = _finished(state[at])


@part_of_loop
def _add(lanes: int, count: int, multipliers: Words, flipped: np.uint64, cipher: Cipher) -> None:
    """What is drawn from the state, to the half that changes."""
    state = cipher.states[2]
    for lane in range(lanes):
        ranks, odd = cipher.scratch[_RANKS, lane], cipher.scratch[_ODD, lane]
        covers, sizes = cipher.scratch[_COVERS, lane], cipher.scratch[_SIZES, lane]
        multiplier = multipliers[lane]
        if lane == 0:
            for at in range(count):
                size = sizes[at] & (odd[at] ^ flipped)
                drawn = state[at] & covers[at] & (odd[at] ^ flipped)
                ranks[at] = reduce(ranks[at] + reduce(drawn, size), size)
        else:
            for at in range(count):
                size = sizes[at] & (odd[at] ^ flipped)
                drawn = _finished(state[at] + multiplier) & covers[at] & (odd[at] ^ flipped)
                ranks[at] = reduce(ranks[at] + reduce(drawn, size), size)


@compiled
def _absorbed(word: np.uint64, multiplier: np.uint64) -> np.uint64:
    product = word * multiplier
    return (product ^ product >> _B32) * _M


@compiled
def _finished(state: np.uint64) -> np.uint64:
    product = (state ^ state >> _B32) * _M
    return product ^ product >> _B32


@compiled
def _parity(sizes: np.uint64) -> np.uint64:
    """In each byte 1 where the characters that move, up to and with it, are odd in number."""
    parity = _moves(sizes)
    parity ^= parity << _B8
    parity ^= parity << _B16
    return parity ^ parity << _B32


@compiled
def _moves(sizes: np.uint64) -> np.uint64:
    """1 in each byte that is not 0; sizes are below 128."""
    return (((sizes | HIGH) - ONES) & HIGH) >> np.uint64(7)


@compiled
def _covers(sizes: np.uint64) -> np.uint64:
    """For each size the smallest 2^n - 1 that no rank passes; 0 for 0."""
    cover = sizes - _moves(sizes)
    cover |= cover >> _B1 & _COVER_1
    cover |= cover >> _B2 & _COVER_2
    return cover | cover >> _B4 & _COVER_4


@compiled
def _ranks(word: np.uint64, first: Bytes) -> np.uint64:
    ranks = ZERO
    for place in range(LANE):
        shift = np.uint64(8 * place)
        ranks |= np.uint64(first[np.int64((word >> shift) & ALL)]) << shift
    return ranks
