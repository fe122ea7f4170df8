"""permute() of pgbench: a pseudorandom bijection of 0 … size − 1, the one that pgbench 15 and later has for a seed.

The round keys come from xoroshiro128** (Blackman, Vigna: Scrambled Linear Pseudorandom Number Generators, 2021),
seeded by SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014), as in PostgreSQL.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

_MASK64: Final = 2**64 - 1
_ROUNDS: Final = 6
# Increment and multipliers of SplitMix64.
_GAMMA: Final = 0x9E3779B97F4A7C15
_MIX_1: Final = 0xBF58476D1CE4E5B9
_MIX_2: Final = 0x94D049BB133111EB
_SCHEDULES: Final = 512  # sizes and seeds remembered; a script has a few, and a schedule costs 50 times a permute


class _Round(NamedTuple):
    """Odd multiplier and mask for the lower and for the upper block, then a rotation of the whole range."""

    low_factor: int
    low_mask: int
    high_factor: int
    high_mask: int
    offset: int


def permute(index: int, size: int, seed: int) -> int:
    """The place of `index`, as an unsigned 64-bit number modulo `size`, in the permutation of `seed`; `size` ≥ 1.

    >>> sorted(permute(i, 5, 42) for i in range(5))
    [0, 1, 2, 3, 4]
    """
    if size == 1:
        return 0
    place = (index & _MASK64) % size
    bits = size.bit_length() - 1
    block = (1 << bits) - 1
    for keys in _schedule(size, seed):
        if place <= block:
            place = _scramble(place, keys.low_factor, keys.low_mask, bits)
        from_end = size - 1 - place
        if from_end <= block:
            place = size - 1 - _scramble(from_end, keys.high_factor, keys.high_mask, bits)
        place = (place + keys.offset) % size
    return place


def _scramble(value: int, factor: int, mask: int, bits: int) -> int:
    """A bijection of `bits` bits: multiply by an odd number, XOR, rotate left by one."""
    block = (1 << bits) - 1
    value = ((value * factor) ^ mask) & block
    return ((value << 1) & block) | (value >> (bits - 1))


@lru_cache(maxsize=_SCHEDULES)
def _schedule(size: int, seed: int) -> tuple[_Round, ...]:
    numbers = _xoroshiro(seed & _MASK64)
    block = (1 << (size.bit_length() - 1)) - 1
    return tuple(
        _Round(
            low_factor=next(numbers) & block | 1,
            low_mask=next(numbers) & block,
            high_factor=next(numbers) & block | 1,
            high_mask=next(numbers) & block,
            offset=_below(size, numbers),
        )
        for _ in range(_ROUNDS)
    )


def _below(size: int, numbers: Iterator[int]) -> int:
    """A number in 0 … size − 1: as many high bits as it takes, drawn again while too great."""
    unused = 64 - (size - 1).bit_length()
    while (number := next(numbers) >> unused) >= size:
        pass
    return number


def _xoroshiro(seed: int) -> Iterator[int]:
    splitting = _splitmix(seed)
    first, second = next(splitting), next(splitting)
    while True:
        yield _rotated(first * 5 & _MASK64, 7) * 9 & _MASK64
        second ^= first
        first = _rotated(first, 24) ^ second ^ (second << 16 & _MASK64)
        second = _rotated(second, 37)


def _splitmix(state: int) -> Iterator[int]:
    while True:
        state = (state + _GAMMA) & _MASK64
        mixed = (state ^ state >> 30) * _MIX_1 & _MASK64
        mixed = (mixed ^ mixed >> 27) * _MIX_2 & _MASK64
        yield mixed ^ mixed >> 31


def _rotated(value: int, by: int) -> int:
    return (value << by | value >> (64 - by)) & _MASK64
