"""Recognising dumps by their content: pg_dump's custom, directory, tar and plain formats, as they are, .gz or .zst."""

import tarfile
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from harness.model.errors import RestoreError
from harness.snapshot.header import DIRECTORY, HEADER_BYTES, MAGIC, ArchiveHeader, read_header
from harness.snapshot.streams import ChunkReader, Compression, chunks, compression_of, head_of, truncated

TOC = "toc.dat"
_EXPECTED = "expected a pg_dump archive (custom, directory or tar) or plain SQL, as it is, gzip or zstd compressed"
# "ustar" at byte 257 of the first block (POSIX pax); pg_dump writes it too.
_TAR_MAGIC = slice(257, 262)
_OTHER_PACKERS = {b"\xfd7zXZ": "xz", b"BZh": "bzip2", b"PK\x03\x04": "zip", b"\x04\x22\x4d\x18": "lz4"}
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


class Format(Enum):
    """pg_dump's output formats (manual, pg_dump --format)."""

    CUSTOM = "custom"
    DIRECTORY = "directory"
    TAR = "tar"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Dump:
    """A dump at `path`: what it is, how many bytes it takes on disk, and an archive's header (None for plain SQL)."""

    path: Path
    format: Format
    compression: Compression
    size_bytes: int
    header: ArchiveHeader | None

    @property
    def parallel(self) -> bool:
        """Whether pg_restore can use several jobs: it must be able to seek (manual, pg_restore --jobs)."""
        return self.format is Format.DIRECTORY or (
            self.format is Format.CUSTOM and self.compression is Compression.NONE
        )


def recognise(path: Path) -> Dump:
    """What the file or folder `path` is. RestoreError names it and says what was expected."""
    if path.is_dir():
        return _directory(path)
    if not path.is_file():
        raise RestoreError(f"{path} does not exist", hint=_EXPECTED)
    size = path.stat().st_size
    if size == 0:
        raise truncated(path, "it is empty")
    head = head_of(path, size=HEADER_BYTES)
    if not head:
        raise truncated(path, "it unpacks to nothing")
    with path.open("rb") as file:
        raw = file.read(HEADER_BYTES)
    compression = compression_of(raw)
    if head.startswith(MAGIC):
        return Dump(path, Format.CUSTOM, compression, size, _archive_header(head, path=path))
    if head[_TAR_MAGIC] == b"ustar":
        if compression is Compression.NONE:
            _check_members(path, size=size)
        return Dump(path, Format.TAR, compression, size, _tar_header(path))
    _refuse_what_is_not_text(head, path=path)
    return Dump(path, Format.PLAIN, compression, size, None)


def _directory(path: Path) -> Dump:
    toc = path / TOC
    if not toc.is_file():
        raise RestoreError(f"{path} is a folder without {TOC}", hint="name a folder made by pg_dump --format=directory")
    head = toc.read_bytes()[:HEADER_BYTES]
    size = sum(file.stat().st_size for file in path.iterdir() if file.is_file())
    return Dump(path, Format.DIRECTORY, Compression.NONE, size, _archive_header(head, path=toc, folder=True))


def _archive_header(head: bytes, *, path: Path, folder: bool = False) -> ArchiveHeader:
    try:
        header = read_header(head)
    except ValueError as error:
        raise truncated(path, str(error)) from None
    if header.format == DIRECTORY and not folder:
        raise RestoreError(f"{path} is one file of a directory dump", hint=f"name the folder: {path.parent}")
    return header


def _tar_header(path: Path) -> ArchiveHeader:
    """The header inside toc.dat, which pg_dump writes first."""
    try:
        with tarfile.open(fileobj=ChunkReader(chunks(path)), mode="r|") as archive:  # type: ignore[call-overload]
            for member in archive:
                if Path(member.name).name == TOC and (content := archive.extractfile(member)):
                    return _member_header(content.read(HEADER_BYTES), name=member.name, path=path)
    except (tarfile.TarError, EOFError) as error:
        raise truncated(path, f"its tar data is damaged or ends too early ({error})") from None
    raise RestoreError(f"{path} is a tar file without {TOC}", hint=_EXPECTED)


def _check_members(path: Path, *, size: int) -> None:
    """Every member ends within the file; pg_restore itself takes the rows before the cut and says nothing useful."""
    try:
        with tarfile.open(path, mode="r:") as archive:
            whole = all(member.offset_data + member.size <= size for member in archive)
    except (tarfile.TarError, EOFError) as error:
        raise truncated(path, f"its tar data is damaged or ends too early ({error})") from None
    if not whole:
        raise truncated(path, "its tar data ends too early")


def _member_header(head: bytes, *, name: str, path: Path) -> ArchiveHeader:
    try:
        header = read_header(head)
    except ValueError as error:
        raise truncated(path, str(error)) from None
    if header.format == DIRECTORY or "/" in name.removeprefix("./"):
        raise RestoreError(f"{path} is a directory dump packed with tar", hint="unpack it and name the folder")
    return header


def _refuse_what_is_not_text(head: bytes, *, path: Path) -> None:
    packer = next((name for magic, name in _OTHER_PACKERS.items() if head.startswith(magic)), "")
    if packer:
        raise RestoreError(f"{path} is {packer} compressed", hint="unpack it, or compress it with gzip or zstd")
    if head.startswith(_UTF16):
        raise RestoreError(
            f"{path} is UTF-16 text, as PowerShell's > writes it", hint="use pg_dump's own --file option"
        )
    if b"\0" in head or head.startswith(MAGIC[:3]):
        raise RestoreError(f"{path} is not a dump that can be read", hint=_EXPECTED)
