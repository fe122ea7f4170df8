"""The hashes and the permutation of pgbench: FNV-1a, MurmurHash2, and a keyed bijection of 0 … size − 1."""

from typing import Final

from harness.spec.pgbench.values import wrap

_MASK64: Final = 2**64 - 1
# Offset basis and prime of the 64-bit FNV-1a hash (Fowler, Noll, Vo; RFC 9923, section 5).
_FNV_BASIS: Final = 0xCBF29CE484222325
_FNV_PRIME: Final = 0x100000001B3
# Multiplier and shift of MurmurHash64A (Austin Appleby, MurmurHash2).
_MURMUR_M: Final = 0xC6A4A7935BD1E995
_MURMUR_R: Final = 47
_KEY_BYTES: Final = 8
_FEISTEL_ROUNDS: Final = (
    6  # four rounds are a strong pseudorandom permutation (Luby, Rackoff 1988); two more for short halves
)


def hash_fnv1a(value: int, seed: int) -> int:
    """The FNV-1a hash of the eight bytes of `value`, low byte first, as a signed 64-bit integer.

    >>> hash_fnv1a(10, 5)
    4876795174170569834
    """
    result = _FNV_BASIS ^ (seed & _MASK64)
    for octet in (value & _MASK64).to_bytes(_KEY_BYTES, "little"):
        result = ((result ^ octet) * _FNV_PRIME) & _MASK64
    return wrap(result)


def hash_murmur2(value: int, seed: int) -> int:
    """The MurmurHash2 hash of the eight bytes of `value` as a signed 64-bit integer.

    >>> hash_murmur2(10, 5)
    5862924560876750601
    """
    k = ((value & _MASK64) * _MURMUR_M) & _MASK64
    k = ((k ^ (k >> _MURMUR_R)) * _MURMUR_M) & _MASK64
    result = (seed & _MASK64) ^ ((_KEY_BYTES * _MURMUR_M) & _MASK64)
    result = ((result ^ k) * _MURMUR_M) & _MASK64
    result = ((result ^ (result >> _MURMUR_R)) * _MURMUR_M) & _MASK64
    return wrap(result ^ (result >> _MURMUR_R))


def permute(index: int, size: int, seed: int) -> int:
    """The place of `index` (modulo `size`) in a pseudorandom permutation of 0 … size − 1 that `seed` chooses.

    The manual promises a permutation, not which one: a balanced Feistel network over the next even number of bits,
    walked until the result is inside. `size` is positive.

    >>> sorted(permute(i, 5, 42) for i in range(5))
    [0, 1, 2, 3, 4]
    """
    half = max(1, ((size - 1).bit_length() + 1) // 2)
    place = _feistel(index % size, half, seed)
    while place >= size:
        place = _feistel(place, half, seed)
    return place


def _feistel(value: int, half: int, seed: int) -> int:
    mask = (1 << half) - 1
    left, right = value >> half, value & mask
    for turn in range(_FEISTEL_ROUNDS):
        left, right = right, left ^ ((hash_murmur2(right, seed + turn) & _MASK64) >> (64 - half))
    return (left << half) | right
