"""The keys of the permutation of characters (`transforms/lanes.py`), and the constants that define it."""

import hashlib
import struct
from dataclasses import dataclass

ROUNDS = 8
"""As NIST's FF3-1 (SP 800-38G Rev. 1 draft, section 6); FF1 has ten."""

LANE = 8
MASK = (1 << 64) - 1
# The multiplier of degski's 64-bit mixer; https://gist.github.com/degski/6e2069d6035ae04d5d6f64981c995ec2
MULTIPLIER = 0xD6E8FEB86659FD93
_STEP = 0x9E3779B97F4A7C15  # 2^64 / golden ratio, odd: walks through all 64-bit numbers (Knuth, TAOCP 3, 6.4)


def mix(x: int) -> int:
    """A bijection of 64-bit numbers in which every bit of `x` bears on every bit; 0 stays 0."""
    x = ((x ^ x >> 32) * MULTIPLIER) & MASK
    x = ((x ^ x >> 32) * MULTIPLIER) & MASK
    return x ^ x >> 32


@dataclass(frozen=True, slots=True)
class LaneKeys:
    """What a subkey becomes: for the tweak and each round a start and the seed of the lanes' multipliers."""

    starts: tuple[int, ...]
    seeds: tuple[int, ...]

    def multiplier(self, which: int, lane: int) -> int:
        """The odd number by which lane `lane` is multiplied; `which` is 0 for the tweak, else the round plus 1."""
        return mix(self.seeds[which] + (lane + 1) * _STEP & MASK) | 1


def lane_keys(subkey: bytes, purpose: bytes) -> LaneKeys:
    """The keys of one permutation; `purpose` (up to 16 bytes) keeps several under one subkey apart."""
    numbers: list[int] = []
    for block in range(3):
        digest = hashlib.blake2b(bytes([block]), key=subkey, person=purpose).digest()
        numbers += struct.unpack("<8Q", digest)
    return LaneKeys(tuple(numbers[: ROUNDS + 1]), tuple(numbers[ROUNDS + 1 : 2 * (ROUNDS + 1)]))
