"""Hex digits permuted: short binary values, digests, tokens."""

import numpy as np

from harness.snapshot.anonymize.lane_keys import lane_keys
from harness.snapshot.anonymize.transforms.lanes import lane_major, permute, permute_many, row_major
from harness.snapshot.anonymize.transforms.widths import by_width

_HEX_RADIX = 16
_DIGITS = b"0123456789abcdef"
_RANKS = bytes(_DIGITS.find(char) if char in _DIGITS else 0 for char in range(256))


class Nibbles:
    """A bijection of the strings of lower-case hex digits of one length."""

    def __init__(self, subkey: bytes) -> None:
        self._keys = lane_keys(subkey, b"nibbles")

    def __call__(self, value: bytes) -> bytes:
        """The hex digits that stand for `value`."""
        size = len(value)
        ranks = permute(
            self._keys, [int(char, 16) for char in value.decode()], [_HEX_RADIX] * size, [_HEX_RADIX] * size
        )
        return b"".join(b"%x" % rank for rank in ranks)

    def many(self, values: list[bytes]) -> list[bytes]:
        """The same for each of `values`, by columns of numbers."""
        return by_width(values, list(map(len, values)), self._many)

    def _many(self, values: list[bytes], width: int) -> list[bytes]:
        chars = lane_major(np.array(values, dtype=f"S{width}").view(np.uint8).reshape(len(values), width))
        sizes = (chars != 0) * np.uint8(_HEX_RADIX)
        ranks = np.frombuffer(chars.tobytes().translate(_RANKS), dtype=np.uint8).reshape(chars.shape).copy()
        permute_many(self._keys, ranks, sizes, sizes)
        digits = np.frombuffer(_DIGITS, dtype=np.uint8)[ranks] * (chars != 0)
        out: list[bytes] = row_major(digits).reshape(-1).view(f"S{width}").tolist()
        return out
