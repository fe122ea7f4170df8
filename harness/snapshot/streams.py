"""Dump files as streams of plain bytes, whatever they are compressed with, never unpacked on disk."""

import zlib
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from typing import IO

import zstandard
from isal import igzip

from harness.model.errors import RestoreError

# Large enough that Python's part of the work disappears, small enough that progress moves.
CHUNK_BYTES = 1024 * 1024

Fed = Callable[[int], None]
"""Called with the bytes read from the file so far: compressed ones, so that they compare with its size."""


class Compression(Enum):
    """What a dump file is packed with, as a whole."""

    NONE = "none"
    GZIP = "gzip"
    ZSTD = "zstd"


# RFC 1952 section 2.3.1; RFC 8878 section 3.1.1.
_MAGIC = {b"\x1f\x8b": Compression.GZIP, b"\x28\xb5\x2f\xfd": Compression.ZSTD}


def compression_of(head: bytes) -> Compression:
    """What the first bytes of a file say."""
    return next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), Compression.NONE)


def chunks(path: Path, *, on_read: Fed | None = None) -> Iterator[bytes]:
    """The unpacked content of `path`, in pieces. RestoreError where it cannot be read or ends too early."""
    try:
        with path.open("rb") as file:
            kind = compression_of(file.read(4))
            file.seek(0)
            for chunk in _UNPACK[kind](file):
                if on_read:
                    on_read(file.tell())
                yield chunk
    except (EOFError, zlib.error, zstandard.ZstdError, igzip.BadGzipFile) as error:
        raise truncated(path, f"its {kind.value} data is damaged or ends too early ({_first_line(error)})") from None
    except OSError as error:
        raise RestoreError(f"{path} cannot be read: {error.strerror}") from None


def head_of(path: Path, *, size: int) -> bytes:
    """The first `size` unpacked bytes, fewer where there are no more."""
    head = b""
    for chunk in chunks(path):
        head += chunk
        if len(head) >= size:
            break
    return head[:size]


def truncated(path: Path, what: str) -> RestoreError:
    """The error for a dump that is not whole."""
    return RestoreError(
        f"{path} is not a whole dump: {what}", hint="copy it again and compare sizes, or make it anew with pg_dump"
    )


class ChunkReader:
    """The part of a file's interface that tarfile needs, over chunks."""

    def __init__(self, source: Iterator[bytes]) -> None:
        self._source = source
        self._rest = b""

    def read(self, size: int) -> bytes:
        """The next `size` bytes, fewer at the end."""
        while len(self._rest) < size:
            chunk = next(self._source, b"")
            if not chunk:
                break
            self._rest += chunk
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken


def _plain(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(CHUNK_BYTES):
        yield chunk


def _gzip(file: IO[bytes]) -> Iterator[bytes]:
    with igzip.open(file, "rb") as unpacked:  # type: ignore[no-untyped-call] # isal has no types
        while chunk := unpacked.read(CHUNK_BYTES):
            yield chunk


def _zstd(file: IO[bytes]) -> Iterator[bytes]:
    # Not stream_reader: it takes the end of the file for the end of the data, in the middle of a frame too.
    whole = True
    unpacker = zstandard.ZstdDecompressor().decompressobj()
    for packed in _plain(file):
        rest = packed
        while rest:
            yield unpacker.decompress(rest)
            whole = unpacker.eof
            rest = unpacker.unused_data if whole else b""
            if whole:
                unpacker = zstandard.ZstdDecompressor().decompressobj()
    if not whole:
        raise EOFError("the last frame is not complete")


_UNPACK: dict[Compression, Callable[[IO[bytes]], Iterator[bytes]]] = {
    Compression.NONE: _plain,
    Compression.GZIP: _gzip,
    Compression.ZSTD: _zstd,
}


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
