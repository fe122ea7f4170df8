"""Recognising dumps by content, never by name; what cannot be read is refused with the file's name."""

import gzip
import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from harness.model.errors import RestoreError
from harness.snapshot.formats import Format, recognise
from harness.snapshot.header import DIRECTORY, TAR
from harness.snapshot.streams import Compression, chunks

SHOP = Path(__file__).parents[3] / "fixtures" / "shop" / "shop.dump"
SQL = b"--\n-- PostgreSQL database dump\n--\nCREATE TABLE t (a int);\n"
FORMAT_BYTE = 10


def archive_head(kind: int) -> bytes:
    head = bytearray(SHOP.read_bytes()[:4096])
    head[FORMAT_BYTE] = kind
    return bytes(head)


def tar_of(name: str, content: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def write(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "misleading.name"
    path.write_bytes(content)
    return path


PACKERS: dict[Compression, Callable[[bytes], bytes]] = {
    Compression.NONE: bytes,
    Compression.GZIP: gzip.compress,
    Compression.ZSTD: zstandard.ZstdCompressor().compress,
}


@pytest.mark.parametrize("compression", list(Compression))
@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (Format.CUSTOM, SHOP.read_bytes()),
        (Format.TAR, tar_of("toc.dat", archive_head(TAR))),
        (Format.PLAIN, SQL),
    ],
    ids=["custom", "tar", "plain"],
)
def test_each_format_each_compression(tmp_path: Path, kind: Format, content: bytes, compression: Compression) -> None:
    path = write(tmp_path, PACKERS[compression](content))
    dump = recognise(path)
    assert (dump.format, dump.compression) == (kind, compression)
    assert dump.size_bytes == path.stat().st_size
    assert (dump.header is None) == (kind is Format.PLAIN)
    assert dump.parallel == (kind is Format.CUSTOM and compression is Compression.NONE)


def test_a_directory_dump(tmp_path: Path) -> None:
    (tmp_path / "toc.dat").write_bytes(archive_head(DIRECTORY))
    dump = recognise(tmp_path)
    assert dump.format is Format.DIRECTORY
    assert dump.parallel


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"PGDMP\x01\x0e\x00", "header ends too early"),
        (b"PGD", "not a dump that can be read"),
        (b"\x00\x01\x02", "not a dump that can be read"),
        (b"\xfd7zXZ\x00", "xz compressed"),
        (b"\xff\xfe-\x00-\x00", "UTF-16"),
        (gzip.compress(SQL, mtime=0)[:-12], "gzip data is damaged or ends too early"),
        (gzip.compress(b"", mtime=0), "unpacks to nothing"),
        (zstandard.ZstdCompressor().compress(SQL)[:-5], "zstd data is damaged or ends too early"),
        (archive_head(DIRECTORY), "one file of a directory dump"),
        (tar_of("toc.dat", archive_head(DIRECTORY)), "directory dump packed with tar"),
        (tar_of("dump/toc.dat", archive_head(TAR)), "directory dump packed with tar"),
        (tar_of("other", b"x"), "tar file without toc.dat"),
        (tar_of("toc.dat", b"PGDMP"), "header ends too early"),
    ],
)
def test_what_cannot_be_read_names_file_and_reason(tmp_path: Path, content: bytes, says: str) -> None:
    path = write(tmp_path, content)
    with pytest.raises(RestoreError, match=says) as caught:
        recognise(path)
    assert str(path) in caught.value.message
    assert caught.value.hint
    assert caught.value.exit_code == 4


def test_a_folder_without_toc_and_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(RestoreError, match=r"without toc\.dat"):
        recognise(tmp_path)
    with pytest.raises(RestoreError, match="does not exist"):
        recognise(tmp_path / "none")


@pytest.mark.parametrize("compression", list(Compression))
def test_chunks_are_the_content_and_reading_is_counted_in_packed_bytes(
    tmp_path: Path, compression: Compression
) -> None:
    content = SQL * 50_000
    path = write(tmp_path, PACKERS[compression](content))
    read: list[int] = []
    assert b"".join(chunks(path, on_read=read.append)) == content
    assert read == sorted(read)
    assert read[-1] == path.stat().st_size


def test_members_one_after_the_other_are_one_stream(tmp_path: Path) -> None:
    for packer in (gzip.compress, zstandard.ZstdCompressor().compress):
        path = write(tmp_path, packer(b"SELECT 1;\n") + packer(b"SELECT 2;\n"))
        assert b"".join(chunks(path)) == b"SELECT 1;\nSELECT 2;\n"


def test_a_truncated_stream_is_found_at_its_end(tmp_path: Path) -> None:
    noise = SHOP.read_bytes()
    for packer in (gzip.compress, zstandard.ZstdCompressor().compress):
        path = write(tmp_path, packer(noise)[:-20])
        with pytest.raises(RestoreError, match="ends too early"):
            b"".join(chunks(path))
