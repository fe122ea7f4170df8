"""bytea in its hex form: as many bytes, and about as compressible as before.

Short values are permuted. In long ones every stretch of CHUNK bytes is looked at by itself: where it looks compressed
or encrypted already (many distinct bytes) it is overlaid with a keystream; elsewhere each byte value is replaced by
another, by a table made for this value alone, so that runs and repeats stay where a compressor finds them.
"""

import hashlib
import re

import numpy as np

from harness.snapshot.anonymize.transforms.keyed import digest
from harness.snapshot.anonymize.transforms.nibbles import Nibbles

SHORT_BYTES = 32
"""pglz does not try to compress less (PGLZ_strategy_default, min_input_size)."""

CHUNK = 256
DISTINCT = 128
"""Random bytes have 162 distinct values in 256 on average; text, bitmaps and machine code fewer than a hundred."""

_HEX = re.compile(rb"\\x(?:[0-9a-f]{2})*")


class Binary:
    """Values like \\x6869; ValueError for the escape format, which pg_dump writes only where it was configured."""

    def __init__(self, subkey: bytes) -> None:
        self._subkey = subkey
        self._short = Nibbles(subkey)

    def __call__(self, value: bytes) -> bytes:
        """The bytes that stand for `value`."""
        if not value.startswith(b"\\x") or len(value) % 2:
            raise ValueError("not bytea in hex form")
        if len(value) <= 2 + 2 * SHORT_BYTES:
            if _HEX.fullmatch(value) is None:
                raise ValueError("not bytea in hex form")
            return b"\\x" + self._short(value[2:])
        try:
            plain = bytes.fromhex(value[2:].decode("ascii"))
        except ValueError:
            raise ValueError("not bytea in hex form") from None
        return b"\\x" + self._long(plain).hex().encode()

    def many(self, values: list[bytes]) -> list[bytes]:
        """The same for each of `values`."""
        short = [2 < len(value) <= 2 + 2 * SHORT_BYTES and _HEX.fullmatch(value) is not None for value in values]
        digits = iter(self._short.many([value[2:] for value, one in zip(values, short, strict=True) if one]))
        return [b"\\x" + next(digits) if one else self(value) for value, one in zip(values, short, strict=True)]

    def _long(self, plain: bytes) -> bytes:
        own = digest(plain, self._subkey, b"bytea")
        table = _table(own)
        chunks = [plain[at : at + CHUNK] for at in range(0, len(plain), CHUNK)]
        dense = [len(set(chunk)) >= DISTINCT for chunk in chunks]
        stream = hashlib.shake_128(own).digest(CHUNK * sum(dense)) if any(dense) else b""
        out, used = [], 0
        for chunk, one in zip(chunks, dense, strict=True):
            out.append(_overlaid(chunk, stream[used : used + len(chunk)]) if one else chunk.translate(table))
            used += CHUNK * one
        return b"".join(out)


def _table(own: bytes) -> bytes:
    drawn = np.frombuffer(hashlib.shake_128(own + b"table").digest(256 * 8), dtype="<u8")
    return drawn.argsort(kind="stable").astype(np.uint8).tobytes()


def _overlaid(chunk: bytes, stream: bytes) -> bytes:
    return (int.from_bytes(chunk, "little") ^ int.from_bytes(stream, "little")).to_bytes(len(chunk), "little")
