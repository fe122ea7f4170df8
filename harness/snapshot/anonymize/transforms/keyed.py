"""Small keyed choices, by BLAKE2b: a shuffled list, a number for a value."""

import ctypes
import functools
import hashlib
from collections.abc import Sequence
from typing import Protocol, TypeVar

Item = TypeVar("Item", bound=bytes | str)

_NUMBER_BYTES = 8
# glibc's malloc.h; numpy's arrays of a block are otherwise given back to the system and faulted in again at each step,
# which took more than half of the time of a column.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_KEPT_BYTES = 32 << 20


class Many(Protocol):
    """`many` of a transform."""

    def __call__(self, values: list[bytes], /) -> list[bytes]:
        """What stands for each of `values`."""
        ...


def digest(value: bytes, subkey: bytes, purpose: bytes, *, size: int = 32) -> bytes:
    """`size` pseudo-random bytes that belong to `value`; `purpose` has up to 16 bytes."""
    return hashlib.blake2b(value, key=subkey, person=purpose, digest_size=size).digest()


def number(value: bytes, subkey: bytes, purpose: bytes) -> int:
    """A pseudo-random number of 64 bits that belongs to `value`."""
    return int.from_bytes(digest(value, subkey, purpose, size=_NUMBER_BYTES), "little")


def ranked(items: Sequence[Item], subkey: bytes, purpose: bytes) -> list[Item]:
    """The items in the order of their keyed digests."""
    return sorted(items, key=lambda item: digest(item.encode() if isinstance(item, str) else item, subkey, purpose))


def shuffled(items: bytes, subkey: bytes, purpose: bytes) -> bytes:
    """The bytes of `items` in the order of their keyed digests."""
    return b"".join(ranked([bytes([item]) for item in items], subkey, purpose))


@functools.cache
def keep_freed_memory() -> bool:
    """Ask glibc to keep up to 32 MiB of freed memory for the next block; False where the C library is another."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return False
    return bool(mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES) and mallopt(_M_MMAP_THRESHOLD, _KEPT_BYTES))
