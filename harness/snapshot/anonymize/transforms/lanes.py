"""The keyed permutation under most transforms: an alternating Feistel network on the characters of a string.

A string is given as three rows of small numbers, one for each character: its rank `v` in its alphabet, the alphabet's
size `radix` (0 for a character that stays), and a `static` code that the permutation keeps (the alphabet, or the
character that stays; never 0). Each of the ROUNDS rounds adds to every other character that may change, modulo its
radix, pseudo-random numbers made from the key, the round, all static codes, and the ranks of the characters *between*.
So a round can be taken back, and the whole is a bijection among the strings with the same radixes and static codes.

The structure is that of NIST SP 800-38G's FF1 and FF3-1, with characterwise addition as in its ancestor FFX
(Bellare, Rogaway, Spies 2010, `addition = 0`); the round function is not AES but the multiply-and-xorshift mixer below,
keyed by BLAKE2b, on 64-bit lanes of eight characters: that is what numpy does fast. It is not a vetted cipher; see
docs/snapshots.md, "Transforms". A number below a radix is made from the fewest bits that hold it, less the radix where
it is too large: the first ranks are twice as likely in one draw, by less than 0.2 % after the four that each half gets.

`permute` is the readable definition; `permute_many` gives the same, by columns of numbers, and so does
`kernels/permutation.py`, compiled, for strings that stand in a block.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.snapshot.anonymize.lane_keys import LANE, MASK, MULTIPLIER, ROUNDS, LaneKeys

CHUNK_BYTES = 1 << 16
"""Of ranks at once: with its temporaries this stays in a core's second-level cache."""

_ONES = 0x0101010101010101

Bytes = NDArray[np.uint8]
Words = NDArray[np.uint64]


def finish(x: int) -> int:
    """Half of `mix`, for numbers that have been multiplied before."""
    x = ((x ^ x >> 32) * MULTIPLIER) & MASK
    return x ^ x >> 32


def finish_many(x: Words, scratch: Words) -> Words:
    """`finish` of each, in place."""
    np.right_shift(x, _W32, out=scratch)
    x ^= scratch
    x *= _WM
    np.right_shift(x, _W32, out=scratch)
    x ^= scratch
    return x


_W32, _WM = np.uint64(32), np.uint64(MULTIPLIER)


def permute(keys: LaneKeys, v: Sequence[int], radix: Sequence[int], static: Sequence[int]) -> list[int]:
    """The ranks that stand for `v`."""
    out = list(v)
    movable = [at for at, size in enumerate(radix) if size]
    halves = (movable[0::2], movable[1::2])
    tweak = _absorb(keys, 0, static)
    for number in range(ROUNDS):
        changed, read = halves[number % 2], halves[1 - number % 2]
        seen = [0] * len(out)
        for at in read:
            seen[at] = out[at]
        state = finish(_absorb(keys, number + 1, seen) + tweak & MASK)
        for at in changed:
            lane, place = divmod(at, LANE)
            word = finish(state + keys.multiplier(number + 1, lane) & MASK) if lane else state
            cover = (1 << (radix[at] - 1).bit_length()) - 1
            out[at] = (out[at] + (word >> 8 * place & cover) % radix[at]) % radix[at]
    return out


def _absorb(keys: LaneKeys, which: int, row: Sequence[int]) -> int:
    total = keys.starts[which]
    for lane in range(-(-len(row) // LANE)):
        word = int.from_bytes(bytes(row[lane * LANE : lane * LANE + LANE]), "little")
        word = word * keys.multiplier(which, lane) & MASK
        total += (word ^ word >> 32) * MULTIPLIER
    return total & MASK


def permute_many(keys: LaneKeys, v: Bytes, radix: Bytes, static: Bytes) -> None:
    """The same for many strings, in place in `v`: arrays of (lanes, 8 × strings), 0 behind the end."""
    lanes = len(v)
    step = max(1, CHUNK_BYTES // (LANE * lanes)) * LANE
    multipliers = np.array(
        [[[keys.multiplier(which, lane)] for lane in range(lanes)] for which in range(ROUNDS + 1)], dtype=np.uint64
    )
    for begin in range(0, v.shape[1], step):
        part = slice(begin, begin + step)
        _permute_chunk(keys, multipliers, v[:, part], radix[:, part], static[:, part])


def lane_major(matrix: Bytes) -> Bytes:
    """A row a string becomes a row a lane, so that numpy's inner loops run over all strings; a copy."""
    words = matrix.view(np.uint64)
    return np.ascontiguousarray(words.T).view(np.uint8)


def row_major(lanes: Bytes) -> Bytes:
    """The inverse of `lane_major`."""
    return np.ascontiguousarray(lanes.view(np.uint64).T).view(np.uint8)


def _permute_chunk(keys: LaneKeys, multipliers: Words, v: Bytes, radix: Bytes, static: Bytes) -> None:
    halves = _halves(radix)
    sizes = [radix & half for half in halves]
    covers = [_covers(size).view(np.uint64) for size in sizes]
    unread = [half.view(np.uint64) for half in reversed(halves)]
    words = v.view(np.uint64)
    scratch = np.empty(words.shape, dtype=np.uint64)
    stream = static.view(np.uint64).copy()
    tweak = _absorb_many(multipliers[0], stream, scratch) + np.uint64(keys.starts[0])
    for number in range(ROUNDS):
        half = number % 2
        np.bitwise_and(words, unread[half], out=stream)
        state = _absorb_many(multipliers[number + 1], stream, scratch)
        state += tweak
        state += np.uint64(keys.starts[number + 1])
        stream[0] = finish_many(state, scratch[0])
        if len(words) > 1:
            np.add(state, multipliers[number + 1, 1:], out=stream[1:])
            finish_many(stream[1:], scratch[1:])
        stream &= covers[half]
        drawn, reduced = stream.view(np.uint8), scratch.view(np.uint8)
        _reduce(drawn, sizes[half], reduced)
        v += drawn
        _reduce(v, sizes[half], reduced)


def _reduce(ranks: Bytes, sizes: Bytes, scratch: Bytes) -> None:
    """Take the size off where the rank passes it: below it the difference wraps around and is the larger one."""
    np.subtract(ranks, sizes, out=scratch)
    np.minimum(ranks, scratch, out=ranks)


def _covers(sizes: Bytes) -> Bytes:
    """For each size the smallest 2^n - 1 that no rank passes; 0 for 0."""
    cover = sizes - np.uint8(1)
    for places in (1, 2, 4):
        cover |= cover >> np.uint8(places)
    cover *= sizes != 0
    return cover


def _halves(radix: Bytes) -> tuple[Bytes, Bytes]:
    """Masks of the first, third, … and of the second, fourth, … character with a radix in each string."""
    movable = (radix != 0).view(np.uint8)
    parity = movable.view(np.uint64).copy()
    for places in (1, 2, 4):  # after these, each byte is the parity of itself and all bytes before it in its lane
        parity ^= parity << np.uint64(8 * places)
    for lane in range(1, len(parity)):
        parity[lane] ^= (parity[lane - 1] >> np.uint64(8 * (LANE - 1))) * np.uint64(_ONES)
    odd = parity.view(np.uint8) * np.uint8(0xFF)
    mask = movable * np.uint8(0xFF)
    return odd & mask, ~odd & mask


def _absorb_many(multipliers: Words, words: Words, scratch: Words) -> Words:
    """`_absorb` of each string, without the start; `words` is overwritten."""
    words *= multipliers
    np.right_shift(words, _W32, out=scratch)
    words ^= scratch
    words *= _WM
    total: Words = words[0].copy() if len(words) == 1 else words.sum(axis=0, dtype=np.uint64)
    return total
