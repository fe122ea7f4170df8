"""pg_dump's archives as a table of contents and a stream of each table's data, whatever the format."""

import io
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import zstandard
from isal import igzip_lib, isal_zlib

from harness.model.errors import RestoreError, SnapshotError
from harness.snapshot.anonymize.rewrite.toc import Entry, Toc, read_toc
from harness.snapshot.formats import TOC, Dump, Format
from harness.snapshot.streams import CHUNK_BYTES, Compression, chunks, truncated

_DATA, _BLOBS = 1, 3  # BLK_DATA, BLK_BLOBS of pg_backup_custom.c
_SUFFIXES = {"": "none", ".gz": "gzip", ".zst": "zstd", ".lz4": "lz4"}
_NO_LZ4 = "make the dump with --compress=gzip, zstd or none"
_DAMAGED: Any = (ValueError, EOFError, zlib.error, zstandard.ZstdError, igzip_lib.IsalError)
# Data of large objects: pg_dump 16 and older, and 17 and newer, call both so.
LARGE_OBJECTS = b"BLOBS"


@dataclass(frozen=True, slots=True)
class Part:
    """The data of one entry.

    `region` is where its plain bytes lie in a file (path, first byte, end), None where they must be unpacked;
    `chunks` gives them in pieces; `size_bytes` is what they take in the source, `packed` with what.
    """

    entry: Entry
    size_bytes: int
    packed: str
    chunks: Callable[[], Iterator[bytes]]
    file: Path | None = None
    region: tuple[Path, int, int] | None = None


class Archive(Protocol):
    """An archive: its table of contents, its bytes where they are a directory's, and its data in order."""

    toc: Toc
    raw_toc: bytes | None

    def parts(self, *, on_read: Callable[[int], None]) -> Iterator[Part]:
        """Each part, to be read before the next is asked for; `on_read` is told the source's bytes done by streams."""
        ...


def open_archive(dump: Dump) -> Archive:
    """The archive of a dump that is not plain SQL. RestoreError or SnapshotError where it cannot be read here."""
    try:
        if dump.format is Format.DIRECTORY:
            return _Directory(dump)
        if dump.format is Format.TAR:
            return _Tar(dump)
        return _Custom(dump)
    except (ValueError, tarfile.TarError) as error:
        raise truncated(dump.path, str(error)) from None


class Stream(io.RawIOBase):
    """Chunks as a file that is read in small pieces; each byte is copied once."""

    def __init__(self, source: Iterator[bytes]) -> None:
        super().__init__()
        self._source = source
        self._chunk = b""
        self._at = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def read(self, size: int = -1) -> bytes:
        """The next `size` bytes, fewer at the end."""
        if size == 0:
            return b""
        if 0 < size <= len(self._chunk) - self._at:
            self._at += size
            return self._chunk[self._at - size : self._at]
        parts, missing = [self._chunk[self._at :]], size - (len(self._chunk) - self._at)
        self._chunk, self._at = b"", 0
        while missing > 0 or size < 0:
            chunk = next(self._source, b"")
            if not chunk:
                break
            taken = chunk if size < 0 else chunk[:missing]
            parts.append(taken)
            missing -= len(taken)
            self._chunk, self._at = chunk, len(taken)
        return b"".join(parts)


class _Directory:
    """toc.dat, and a file for each table's data."""

    def __init__(self, dump: Dump) -> None:
        self._folder = dump.path
        self.raw_toc: bytes | None = (dump.path / TOC).read_bytes()
        self.toc = read_toc(io.BytesIO(self.raw_toc))

    def parts(self, *, on_read: Callable[[int], None]) -> Iterator[Part]:  # noqa: ARG002 - files tell their sizes
        for entry in self.toc.entries:
            if entry.has_data and entry.kind == b"TABLE DATA":
                yield self._part(entry)

    def _part(self, entry: Entry) -> Part:
        name = entry.file.decode()
        # A name with a folder in it would lead out of the dump, and be written outside of the target.
        if Path(name).name != name:
            raise truncated(self._folder, "its table of contents is damaged")
        there = [suffix for suffix in _SUFFIXES if (self._folder / f"{name}{suffix}").is_file()]
        if not there:
            raise truncated(self._folder, f"the data file {name} of table {entry.table} is missing")
        file, packed = self._folder / f"{name}{there[0]}", _SUFFIXES[there[0]]
        if packed == "lz4":
            raise SnapshotError(f"{file} is lz4 compressed, which is not read here", hint=_NO_LZ4)
        size = file.stat().st_size
        region = (file, 0, size) if packed == "none" else None
        return Part(entry, size, packed, lambda: read_file(file, packed), file=file, region=region)


class _Tar:
    """The same files inside a tar file; their data is never compressed there."""

    def __init__(self, dump: Dump) -> None:
        self._dump = dump
        self.raw_toc: bytes | None = None
        with self._opened(lambda _: None) as archive:
            member = next((m for m in archive if Path(m.name).name == TOC), None)
            content = archive.extractfile(member) if member else None
            if content is None:
                raise truncated(dump.path, f"it holds no {TOC}")
            self.toc = read_toc(io.BytesIO(content.read()))

    def parts(self, *, on_read: Callable[[int], None]) -> Iterator[Part]:
        wanted = {e.file: e for e in self.toc.entries if e.has_data and e.kind == b"TABLE DATA"}
        try:
            with self._opened(on_read) as archive:
                for member in archive:
                    if entry := wanted.pop(Path(member.name).name.encode(), None):
                        yield self._part(archive, member, entry)
        except (tarfile.TarError, EOFError) as error:
            raise truncated(self._dump.path, f"its tar data is damaged or ends too early ({error})") from None
        _refuse_missing(self._dump, wanted.values())

    def _part(self, archive: tarfile.TarFile, member: tarfile.TarInfo, entry: Entry) -> Part:
        region = None
        if self._dump.compression is Compression.NONE:
            region = (self._dump.path, member.offset_data, member.offset_data + member.size)
        return Part(entry, member.size, "none", lambda: _member(archive, member), region=region)

    def _opened(self, on_read: Callable[[int], None]) -> tarfile.TarFile:
        if self._dump.compression is Compression.NONE:
            return tarfile.open(self._dump.path, mode="r:")
        return tarfile.open(fileobj=Stream(chunks(self._dump.path, on_read=on_read)), mode="r|")


class _Custom:
    """One file: the table of contents, then a block of compressed pieces for each table (pg_backup_custom.c)."""

    def __init__(self, dump: Dump) -> None:
        self._dump = dump
        self.raw_toc: bytes | None = None
        with self._opened(lambda _: None) as file:
            self.toc = read_toc(file)
        if self.toc.compression not in _UNPACKERS:
            raise SnapshotError(f"{dump.path} holds {self.toc.compression} data, which is not read here", hint=_NO_LZ4)

    def parts(self, *, on_read: Callable[[int], None]) -> Iterator[Part]:
        wanted = {e.dump_id: e for e in self.toc.entries if e.has_data and e.kind == b"TABLE DATA"}
        try:
            with self._opened(on_read) as file:
                read_toc(file)
                while kind := file.read(1):
                    number = self._integer(file)
                    pieces = self._pieces(file) if kind[0] == _DATA else self._objects(file, kind[0])
                    if entry := wanted.pop(number, None):
                        unpacked = _UNPACKERS[self.toc.compression](pieces)
                        yield Part(entry, 0, self.toc.compression, unpacked.__iter__)
                    # Whatever was not wanted, or not read to its end.
                    for _ in pieces:
                        pass
        except _DAMAGED as error:
            raise truncated(self._dump.path, f"its data is damaged or ends too early ({error})") from None
        _refuse_missing(self._dump, wanted.values())

    def _pieces(self, file: Stream) -> Iterator[bytes]:
        while size := self._integer(file):
            yield _exactly(file, size)

    def _objects(self, file: Stream, kind: int) -> Iterator[bytes]:
        if kind != _BLOBS:
            raise ValueError(f"a block of kind {kind}")
        while self._integer(file):
            yield from self._pieces(file)

    def _integer(self, file: Stream) -> int:
        raw = _exactly(file, 1 + self.toc.int_size)
        size = int.from_bytes(raw[1:], "little")
        return -size if raw[0] else size

    def _opened(self, on_read: Callable[[int], None]) -> Stream:
        return Stream(chunks(self._dump.path, on_read=on_read))


def read_file(file: Path, packed: str) -> Iterator[bytes]:
    """The plain bytes of a data file. RestoreError where it cannot be read or ends too early."""
    if packed != "none":
        yield from chunks(file)
        return
    try:
        with file.open("rb") as opened:
            while chunk := opened.read(CHUNK_BYTES):
                yield chunk
    except OSError as error:
        raise RestoreError(f"{file} cannot be read: {error.strerror}") from None


def _member(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Iterator[bytes]:
    content = archive.extractfile(member)
    while content and (chunk := content.read(CHUNK_BYTES)):
        yield chunk


def _exactly(file: Stream, size: int) -> bytes:
    if size < 0:
        raise ValueError("a length is damaged")
    piece = file.read(size)
    if len(piece) < size:
        raise EOFError("the file ends in the middle of a table's data")
    return piece


def _refuse_missing(dump: Dump, entries: Iterable[Entry]) -> None:
    for entry in entries:
        raise truncated(dump.path, f"the data of table {entry.table} is missing")


def _unpack_gzip(pieces: Iterator[bytes]) -> Iterator[bytes]:
    unpacker = isal_zlib.decompressobj()
    for piece in pieces:
        yield unpacker.decompress(piece)
    if not unpacker.eof:
        raise EOFError("compressed data ends too early")


def _unpack_zstd(pieces: Iterator[bytes]) -> Iterator[bytes]:
    unpacker = zstandard.ZstdDecompressor().decompressobj()
    for piece in pieces:
        if unpacker.eof:
            unpacker = zstandard.ZstdDecompressor().decompressobj()
        yield unpacker.decompress(piece)
    if not unpacker.eof:
        raise EOFError("compressed data ends too early")


_UNPACKERS: dict[str, Callable[[Iterator[bytes]], Iterator[bytes]]] = {
    "none": lambda pieces: pieces,
    "gzip": _unpack_gzip,
    "zstd": _unpack_zstd,
}
