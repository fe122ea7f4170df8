"""Sorting the leak check's numbers, which are spread evenly: a quarter of the time that comparing takes."""

import numpy as np

from harness.snapshot.anonymize.kernels.compiling import compiled
from harness.snapshot.anonymize.kernels.words import LOW_6, ONE, SIX, Words
from harness.snapshot.anonymize.spill import Sorting, shift_of

# Buckets for so many numbers each on average: fewer buckets than a core's second-level cache has counters for, and few
# enough numbers in one that putting them in order is a handful of comparisons (measured: 2 to 8 are alike).
_BUCKET_BITS = 2
_MOST_BITS = 19


def distinct(numbers: Words, shared: int) -> Words:
    """Each number once, in order; the highest `shared` bits are alike in all of them."""
    bits = min(max(len(numbers).bit_length() - _BUCKET_BITS, 1), _MOST_BITS, 64 - shared)
    return _distinct(numbers, np.uint64(64 - shared - bits), bits)


def mark(filter_: Words, numbers: Words) -> None:
    """Set the bits of numbers in the leak check's filter."""
    _mark(filter_, shift_of(filter_), numbers)


COMPILED = Sorting(distinct, mark)
"""What large dumps are sorted with."""


@compiled
def _distinct(numbers: Words, shift: np.uint64, bits: int) -> Words:
    """By buckets of `bits` bits above `shift`; numbers of one bucket are put among those before them."""
    inside = np.uint64((1 << bits) - 1)
    ends = np.zeros((1 << bits) + 1, dtype=np.int64)
    for number in numbers:
        ends[np.int64(number >> shift & inside) + 1] += 1
    for bucket in range(1 << bits):
        ends[bucket + 1] += ends[bucket]
    out = np.empty(len(numbers), dtype=np.uint64)
    for number in numbers:
        at = np.int64(number >> shift & inside)
        out[ends[at]] = number
        ends[at] += 1
    begin, count = np.int64(0), 0
    for bucket in range(1 << bits):
        first = count
        for place in range(begin, ends[bucket]):
            count = _put(out, out[place], first, count)
        begin = ends[bucket]
    return out[:count]


@compiled
def _put(out: Words, number: np.uint64, first: int, count: int) -> int:
    """Put the number among those in order from `first` to `count`, if it is not there; how far they go then."""
    place = count
    while place > first and out[place - 1] > number:
        place -= 1
    if place > first and out[place - 1] == number:
        return count
    for at in range(count, place, -1):
        out[at] = out[at - 1]
    out[place] = number
    return count + 1


@compiled
def _mark(filter_: Words, shift: np.uint64, numbers: Words) -> None:
    for number in numbers:
        bits = ONE << (number & LOW_6) | ONE << (number >> SIX & LOW_6) | ONE << (number >> SIX >> SIX & LOW_6)
        filter_[np.int64(number >> shift)] |= bits
