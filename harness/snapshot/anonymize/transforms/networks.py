"""Network addresses, prefix-preserving: two addresses share as many leading bits afterwards as before.

The scheme of Crypto-PAn (Xu, Fan, Ammar, Moon 2002): bit n is flipped by a keyed function of the n bits before it. Here
that function is keyed BLAKE2b over the leading bits. Net masks stay; so do the two bits of a MAC address that say
"group" and "locally administered".
"""

import hashlib
import re
import socket

_ADDRESS = re.compile(rb"([0-9a-fA-F:.]+)(/[0-9]{1,3})?")
_MAC = re.compile(rb"[0-9a-fA-F]{2}(?:[:-][0-9a-fA-F]{2}){5}(?:(?:[:-][0-9a-fA-F]{2}){2})?")
_MAC_FLAGS = 0b11
_BYTE_BITS = 8
_ENTRIES = 1 << 18


class _Prefixes:
    """The flips of one byte, for the bytes before it: eight keyed bits a step, remembered for the next address."""

    def __init__(self, subkey: bytes, purpose: bytes) -> None:
        self._subkey, self._purpose = subkey, purpose
        self._known: dict[bytes, int] = {}

    def changed(self, packed: bytes, bits: int) -> bytes:
        """The first `bits` bits changed, the rest as it is."""
        out = bytearray(packed)
        for at in range(-(-bits // _BYTE_BITS)):
            kept = max(0, _BYTE_BITS * (at + 1) - bits)
            mask = (1 << kept) - 1
            out[at] = _flipped(packed[at], self._flips(packed[:at])) & ~mask | packed[at] & mask
        return bytes(out)

    def _flips(self, before: bytes) -> int:
        """One keyed bit for each of the 255 prefixes within the byte behind `before`: "" is bit 1, "0" 2, "1" 3, …"""
        known = self._known.get(before)
        if known is None:
            if len(self._known) >= _ENTRIES:
                self._known.clear()
            drawn = hashlib.blake2b(
                bytes([len(before)]) + before, key=self._subkey, person=self._purpose, digest_size=32
            )
            known = self._known[before] = int.from_bytes(drawn.digest(), "little")
        return known


class Networks:
    """inet and cidr, IPv4 and IPv6, written as PostgreSQL does; ValueError for other text."""

    def __init__(self, subkey: bytes, *, base: str = "inet") -> None:
        self._cidr = base == "cidr"
        self._four, self._six = _Prefixes(subkey, b"ipv4"), _Prefixes(subkey, b"ipv6")

    def __call__(self, value: bytes) -> bytes:
        """The address that stands for `value`."""
        match = _ADDRESS.fullmatch(value)
        if match is None:
            raise ValueError("not a network address")
        family = socket.AF_INET6 if b":" in value else socket.AF_INET
        try:
            packed = socket.inet_pton(family, match[1].decode())
        except OSError:
            raise ValueError("not a network address") from None
        mask = match[2] or b""
        size = len(packed) * _BYTE_BITS
        bits = int(mask[1:]) if mask and self._cidr else size
        if bits > size:
            raise ValueError("not a network mask")
        changed = (self._six if family == socket.AF_INET6 else self._four).changed(packed, bits)
        return socket.inet_ntop(family, changed).encode() + mask

    def many(self, values: list[bytes]) -> list[bytes]:
        """The same for each of `values`."""
        return [self(value) for value in values]


class Macs:
    """macaddr and macaddr8, written as PostgreSQL does (or with hyphens); ValueError for other text."""

    def __init__(self, subkey: bytes) -> None:
        self._prefixes = _Prefixes(subkey, b"mac")

    def __call__(self, value: bytes) -> bytes:
        """The address that stands for `value`."""
        if _MAC.fullmatch(value) is None:
            raise ValueError("not a MAC address")
        between = value[2:3]
        packed = bytes.fromhex(value.replace(between, b"").decode())
        first = bytes([packed[0] & ~_MAC_FLAGS]) + packed[1:]
        changed = self._prefixes.changed(first, len(first) * _BYTE_BITS)
        flagged = bytes([changed[0] & ~_MAC_FLAGS | packed[0] & _MAC_FLAGS]) + changed[1:]
        return flagged.hex(between.decode()).encode()

    def many(self, values: list[bytes]) -> list[bytes]:
        """The same for each of `values`."""
        return [self(value) for value in values]


def _flipped(value: int, flips: int) -> int:
    out, node = 0, 1
    for place in range(_BYTE_BITS - 1, -1, -1):
        bit = value >> place & 1
        out = out << 1 | bit ^ (flips >> node & 1)
        node = node << 1 | bit
    return out
