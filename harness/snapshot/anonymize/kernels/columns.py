"""Which strings of a column a permutation changes, found in one loop; what is not plain ASCII is left to the lists."""

from typing import NamedTuple

import numpy as np

from harness.snapshot.anonymize.kernels.compiling import compiled
from harness.snapshot.anonymize.kernels.fields import Fields
from harness.snapshot.anonymize.kernels.permutation import LANES, Cipher, change
from harness.snapshot.anonymize.kernels.words import (
    BACKSLASHES,
    HIGH,
    LANE,
    TAILS,
    ZERO,
    Bytes,
    Places,
    Words,
    has_byte,
)

_AT, _DOT = ord("@"), ord(".")
_NULL = np.uint64(int.from_bytes(b"\\N", "little"))
_NULL_BYTES = 2


class Found(NamedTuple):
    """Strings to change, by place and length in bytes, and the rows that are left to others."""

    places: Places
    lengths: Places
    left: Places


def change_characters(after: Fields, column: int, cipher: Cipher) -> Places:
    """The column of identifiers changed; the rows that are left."""
    eights = after.eights
    found = _whole(eights, *after.column(column))
    change(eights, found.places, found.lengths, cipher)
    return found.left


def change_addresses(after: Fields, column: int, local: Cipher, domain: Cipher) -> Places:
    """The column of e-mail addresses changed: local parts and domains apart; the rows that are left."""
    eights = after.eights
    locals_, domains = _addresses(after.data, eights, *after.column(column))
    change(eights, locals_.places, locals_.lengths, local)
    change(eights, domains.places, domains.lengths, domain)
    return locals_.left


@compiled
def is_null(eights: Words, start: int, size: int) -> bool:
    r"""Whether the field is \N."""
    return size == _NULL_BYTES and eights[start] & TAILS[_NULL_BYTES] == _NULL


@compiled
def is_plain(eights: Words, start: int, size: int) -> bool:
    """Whether the bytes are ASCII without a backslash, and short enough for `permutation.change`."""
    if size > LANE * LANES:
        return False
    for at in range(0, size, LANE):
        tail = TAILS[min(LANE, size - at)]
        word = eights[start + at] & tail
        # What stands behind the end must not look like a zero byte.
        if word & HIGH or has_byte(word, BACKSLASHES) or has_byte(word | ~tail, ZERO):
            return False
    return True


@compiled
def _whole(eights: Words, starts: Places, ends: Places) -> Found:
    places, lengths, left = _room(len(starts))
    found, others = 0, 0
    for row in range(len(starts)):
        start, size = starts[row], ends[row] - starts[row]
        if is_plain(eights, start, size):
            places[found], lengths[found] = start, size
            found += 1
        elif not is_null(eights, start, size):
            left[others] = row
            others += 1
    return Found(places[:found], lengths[:found], left[:others])


@compiled
def _addresses(data: Bytes, eights: Words, starts: Places, ends: Places) -> tuple[Found, Found]:
    locals_, domains = _room(len(starts)), _room(len(starts))
    found, named, others = 0, 0, 0
    for row in range(len(starts)):
        start, end = starts[row], ends[row]
        plain = is_plain(eights, start, end - start)
        at, dot = _last(data, start, end, _AT), -1
        if at >= 0:
            dot = _last(data, at + 1, end, _DOT)
        # A domain like ".org" is put together in another order.
        if not plain or dot == at + 1 > 0:
            if not is_null(eights, start, end - start):
                locals_[2][others] = row
                others += 1
            continue
        locals_[0][found], locals_[1][found] = start, (end if at < 0 else at) - start
        found += 1
        if at >= 0:
            domains[0][named], domains[1][named] = at + 1, (end if dot < 0 else dot) - at - 1
            named += 1
    return (
        Found(locals_[0][:found], locals_[1][:found], locals_[2][:others]),
        Found(domains[0][:named], domains[1][:named], domains[2][:0]),
    )


@compiled
def _last(data: Bytes, start: int, end: int, byte: int) -> int:
    for at in range(end - 1, start - 1, -1):
        if data[at] == byte:
            return at
    return -1


@compiled
def _room(rows: int) -> tuple[Places, Places, Places]:
    return np.empty(rows, dtype=np.int64), np.empty(rows, dtype=np.int64), np.empty(rows, dtype=np.int64)
