"""A table's data cut into blocks of whole lines, with the end that pg_dump writes taken off and proven to be there."""

import os
import re
from collections.abc import Iterable, Iterator
from io import FileIO
from pathlib import Path

END = b"\\.\n\n\n"
"""What pg_dump writes after the rows of a table in an archive (dumpTableData_copy)."""

BLOCK_BYTES = 2 * 1024 * 1024
"""Large enough to keep a process busy for tens of milliseconds, small enough that a dozen in memory are nothing."""

# Most lines end within so many bytes.
_LOOKED_AT = 4096
_TAIL = 64
_ENDS = re.compile(rb"(?:\A|(?<=\n))\\\.\r?\n[\r\n]*\Z")


def blocks(chunks: Iterable[bytes], *, size: int = BLOCK_BYTES) -> Iterator[bytes]:
    """Blocks of whole lines of about `size` bytes, without the end; one line longer than that is one block.

    EOFError where the end is missing: the data was cut off.
    """
    waiting: list[bytes] = []
    held = 0
    for chunk in chunks:
        waiting.append(chunk)
        held += len(chunk)
        # While no line ends, pieces are not joined: a value of a gigabyte must not be copied with every piece of it.
        if held >= size + _TAIL and (b"\n" in chunk or len(waiting) == 1):
            data = b"".join(waiting)
            # What follows might be the end, and its last lines are no rows.
            cut = data.rfind(b"\n", 0, len(data) - _TAIL) + 1
            if cut:
                yield data[:cut]
            waiting = [data[cut:]]
            held = len(data) - cut
    data = b"".join(waiting)
    begin = max(0, len(data) - _TAIL)
    end = begin + _end_of_rows(data[begin:], after_newline=data[begin - 1 : begin] in (b"", b"\n"))
    if end:
        yield data[:end]


def rows_region(path: Path, start: int, end: int) -> int:
    """Where the rows in the bytes `start` to `end` of a file end. EOFError where the data was cut off."""
    begin = max(start, end - _TAIL)
    with path.open("rb") as file:
        file.seek(begin - 1 if begin > start else begin)
        before = file.read(1) if begin > start else b"\n"
        tail = file.read(end - begin)
    return begin + _end_of_rows(tail, after_newline=before == b"\n")


def read_range(path: Path, region: tuple[int, int], start: int, end: int) -> bytes:
    """The lines that begin at bytes `start` to `end` of a file; `region` is where the table's rows begin and end."""
    first, last = region
    with path.open("rb", buffering=0) as file:
        # From the byte before, so that a line beginning right at `start` is seen to begin there.
        begin = _after_newline(file, start - 1, end) if start > first else start
        if begin >= end:
            return b""
        return _exactly(file, begin, _after_newline(file, end - 1, last) if end < last else end)


def _after_newline(file: FileIO, at: int, limit: int) -> int:
    """The place behind the first newline at or behind `at`; `limit` where there is none before."""
    size = _LOOKED_AT
    while at < limit:
        piece = os.pread(file.fileno(), min(size, limit - at), at)
        if not piece:
            break
        if b"\n" in piece:
            return at + piece.index(b"\n") + 1
        at += len(piece)
        # A line may have a gigabyte.
        size = min(2 * size, BLOCK_BYTES)
    return limit


def _exactly(file: FileIO, start: int, end: int) -> bytes:
    """The bytes `start` to `end`, fewer where the file is shorter: read once into their place, and not copied."""
    data = os.pread(file.fileno(), end - start, start)
    while len(data) < end - start and (more := os.pread(file.fileno(), end - start - len(data), start + len(data))):
        data += more
    return data


def _end_of_rows(tail: bytes, *, after_newline: bool) -> int:
    for match in _ENDS.finditer(tail):
        if match.start() or after_newline:
            return match.start()
    raise EOFError("its last line, the end of the data, is missing")
