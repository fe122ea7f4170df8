"""The hashes of pgbench: FNV-1a and MurmurHash2 of a 64-bit integer."""

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
