"""Packing data files block by block: members of gzip and frames of zstd may follow each other in one file."""

import zstandard
from isal import igzip

from harness.model.errors import SnapshotError

SUFFIXES = {"none": "", "gzip": ".gz", "zstd": ".zst"}
"""What pg_restore looks for after a data file's name (pg_backup_directory.c, compress_io.c)."""

# The fastest of each: the files are read once or twice, and a level more costs more than reading saves.
_LEVEL = 1
_ZSTD_SINCE = (1, 15)


def pack(data: bytes, kind: str) -> bytes:
    """`data` as one gzip member or zstd frame, or as it is."""
    if not data or kind == "none":
        return data
    if kind == "gzip":
        packed: bytes = igzip.compress(data, compresslevel=_LEVEL)
        return packed
    return zstandard.ZstdCompressor(level=_LEVEL).compress(data)


def check_packing(kind: str, *, archive: tuple[int, int]) -> None:
    """SnapshotError where an archive of that version cannot hold data packed so."""
    if kind not in SUFFIXES:
        raise SnapshotError(f"data files cannot be packed with {kind}", hint="choose same, none, gzip or zstd")
    if kind == "zstd" and archive < _ZSTD_SINCE:
        raise SnapshotError("pg_restore of this archive's version does not know zstd", hint="choose none or gzip")
