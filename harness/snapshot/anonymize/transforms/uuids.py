"""UUIDs (RFC 9562): version and variant stay, and the time of versions 1, 6 and 7, so that they sort as they did."""

import re
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness.snapshot.anonymize.lane_keys import MASK, ROUNDS, LaneKeys, lane_keys
from harness.snapshot.anonymize.transforms.lanes import Words, finish, finish_many

if TYPE_CHECKING:
    from harness.snapshot.anonymize.kernels.fields import Fields
    from harness.snapshot.anonymize.kernels.words import Places

_HEX = re.compile(rb"\{?[0-9a-fA-F]{8}(?:-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}\}?")
_PRINTED_LENGTH = 36
_DIGITS = 32
_FIXED = (0, MASK << 64 | MASK)  # the nil and the max UUID (RFC 9562, sections 5.9 and 5.10)
# Which bits of the first half may change: those of a time and of the version may not.
_VERSION_BITS = 0xF000
_FIRST_HALF = {1: 0, 6: 0, 7: 0x0FFF}
_RFC_VARIANT = 0b10
_RFC_BITS, _OTHER_BITS = MASK >> 2, MASK >> 3
_DASHES = (8, 13, 18, 23)
_FEW = 8


class Uuids:
    """A permutation of the UUIDs of one version, variant and (versions 1, 6, 7) time; nil and max stay."""

    def __init__(self, subkey: bytes) -> None:
        self._keys = lane_keys(subkey, b"uuid")

    def __call__(self, value: bytes) -> bytes:
        """The UUID that stands for `value`, written as it was; ValueError where it is none."""
        if _HEX.fullmatch(value) is None:
            raise ValueError("not a UUID")
        number = int(value.translate(None, b"-{}"), 16)
        if number in _FIXED:
            return value
        changed = self._changed(number)
        while changed in _FIXED:
            changed = self._changed(changed)
        return _written(changed, value)

    def many(self, values: list[bytes]) -> list[bytes]:
        """The same for each of `values`; by columns where all are written as PostgreSQL writes them."""
        if len(values) < _FEW or set(map(len, values)) != {_PRINTED_LENGTH}:
            return [self(value) for value in values]
        text = np.array(values, dtype=f"S{_PRINTED_LENGTH}").view(np.uint8).reshape(len(values), _PRINTED_LENGTH)
        digits = np.delete(text, _DASHES, axis=1).tobytes()
        if digits.lower() != digits or (text[:, _DASHES] != ord("-")).any():
            return [self(value) for value in values]
        try:
            halves = np.frombuffer(bytes.fromhex(digits.decode("ascii")), dtype=">u8").astype(np.uint64).reshape(-1, 2)
        except ValueError:
            raise ValueError("not a UUID") from None
        first, second = halves[:, 0].copy(), halves[:, 1].copy()
        self._change(first, second)
        return _written_many(first, second)

    def change_fields(self, before: "Fields", after: "Fields", column: int) -> "Places":
        """The same for the column of a block."""
        from harness.snapshot.anonymize.kernels.uuids import read_uuids, write_uuids

        first, second, places, left = read_uuids(before, column)
        self._change(first, second)
        write_uuids(after.data, places, first, second)
        return left

    def _change(self, first: Words, second: Words) -> None:
        """The halves of many, in place."""
        again = ~_is_fixed(first, second)
        while again.any():
            new_first, new_second = _permute_many(self._keys, first[again], second[again])
            first[again], second[again] = new_first, new_second
            again &= _is_fixed(first, second)

    def _changed(self, number: int) -> int:
        first, second = number >> 64, number & MASK
        masks = _masks(first, second)
        halves = [first, second]
        for place in range(ROUNDS):
            half = place % 2
            read = halves[1 - half] * self._keys.multiplier(place + 1, 0) & MASK
            # The bits that stay steer as well, so that each time and version has a permutation of its own.
            stays = (halves[half] & ~masks[half] & MASK) + self._keys.starts[place + 1] & MASK
            halves[half] ^= finish(finish(read) + stays & MASK) & masks[half]
        return halves[0] << 64 | halves[1]


def _masks(first: int, second: int) -> tuple[int, int]:
    version = first >> 12 & 0xF
    variant = second >> 62
    changing = _FIRST_HALF.get(version, MASK ^ _VERSION_BITS) if variant == _RFC_VARIANT else MASK ^ _VERSION_BITS
    return changing, _RFC_BITS if variant == _RFC_VARIANT else _OTHER_BITS


def _permute_many(keys: LaneKeys, first: Words, second: Words) -> tuple[Words, Words]:
    version = (first >> np.uint64(12)) & np.uint64(0xF)
    standard = (second >> np.uint64(62)) == _RFC_VARIANT
    changing = np.full_like(first, MASK ^ _VERSION_BITS)
    for number, mask in _FIRST_HALF.items():
        changing[standard & (version == number)] = mask
    masks = (changing, np.where(standard, np.uint64(_RFC_BITS), np.uint64(_OTHER_BITS)))
    halves = [first, second]
    scratch = np.empty_like(first)
    for place in range(ROUNDS):
        half = place % 2
        state = finish_many(halves[1 - half] * np.uint64(keys.multiplier(place + 1, 0)), scratch)
        state += (halves[half] & ~masks[half]) + np.uint64(keys.starts[place + 1])
        halves[half] = halves[half] ^ (finish_many(state, scratch) & masks[half])
    return halves[0], halves[1]


def _is_fixed(first: Words, second: Words) -> NDArray[np.bool_]:
    fixed: NDArray[np.bool_] = (first == second) & ((first == 0) | (first == np.uint64(MASK)))
    return fixed


def _written(number: int, like: bytes) -> bytes:
    digits = iter(b"%032x" % number if like == like.lower() else b"%032X" % number)
    return bytes(char if char in b"-{}" else next(digits) for char in like)


def _written_many(first: Words, second: Words) -> list[bytes]:
    halves = np.stack((first, second), axis=1).astype(">u8")
    digits = np.frombuffer(halves.tobytes().hex().encode(), dtype=np.uint8).reshape(-1, _DIGITS)
    text = np.full((len(first), _PRINTED_LENGTH), ord("-"), dtype=np.uint8)
    text[:, [at for at in range(_PRINTED_LENGTH) if at not in _DASHES]] = digits
    out: list[bytes] = text.reshape(-1).view(f"S{_PRINTED_LENGTH}").tolist()
    return out
