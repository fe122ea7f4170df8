"""A table's data cut into blocks of whole lines, with the end that pg_dump writes taken off and proven to be there."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

END = b"\\.\n\n\n"
"""What pg_dump writes after the rows of a table in an archive (dumpTableData_copy)."""

BLOCK_BYTES = 2 * 1024 * 1024
"""Large enough to keep a process busy for tens of milliseconds, small enough that a dozen in memory are nothing."""

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
    with path.open("rb") as file:
        if start > first:
            # From the byte before, so that a line beginning right at `start` is seen to begin there.
            file.seek(start - 1)
            start += len(file.readline(end - start + 2)) - 1
            if start >= end:
                return b""
        else:
            file.seek(start)
        data = file.read(end - start)
        if end < last and not data.endswith(b"\n"):
            data += file.readline()
    return data


def _end_of_rows(tail: bytes, *, after_newline: bool) -> int:
    for match in _ENDS.finditer(tail):
        if match.start() or after_newline:
            return match.start()
    raise EOFError("its last line, the end of the data, is missing")
