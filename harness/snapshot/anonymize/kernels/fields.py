"""A block of COPY text with the bounds of its fields: lines are rows, fields stand where they stood."""

from dataclasses import dataclass

import numpy as np

from harness.snapshot.anonymize.kernels.compiling import compiled
from harness.snapshot.anonymize.kernels.words import LANE, ONE, ZERO, Bytes, Places, Words, eights_of, padded, place_of

_TAB, _NEWLINE = 9, 10
# Bytes from 8 to 11, tab and newline among them, as 0x80 marks: most words of text have none.
_LOW_BITS = np.uint64(0x0303030303030303)
_EIGHTS = np.uint64(0x0808080808080808)
_MORE = np.uint64(0x7F7F7F7F7F7F7F7F)


@dataclass(frozen=True, slots=True)
class Fields:
    """A block's bytes (SPARE more behind them), and where each field begins and ends: an array of (columns, rows)."""

    data: Bytes
    starts: Places
    ends: Places

    @property
    def rows(self) -> int:
        """How many lines."""
        return len(self.starts[0])

    @property
    def eights(self) -> Words:
        """The bytes as words at any place."""
        return eights_of(self.data)

    def column(self, at: int) -> tuple[Places, Places]:
        """Starts and ends of a column."""
        return self.starts[at], self.ends[at]

    def field(self, column: int, row: int) -> bytes:
        """One field, still escaped."""
        return self.data[self.starts[column, row] : self.ends[column, row]].tobytes()

    def values(self, column: int, rows: Places) -> list[bytes]:
        """The fields of a column in some rows."""
        data, starts, ends = self.data.tobytes(), self.starts[column, rows].tolist(), self.ends[column, rows].tolist()
        return [data[start:end] for start, end in zip(starts, ends, strict=True)]

    def copied(self) -> "Fields":
        """The same bounds over bytes of its own."""
        return Fields(self.data.copy(), self.starts, self.ends)


def fields_of(block: bytes, *, width: int) -> Fields | None:
    """The fields of whole lines; None where a line has another number of them, or the last does not end."""
    data = padded(block)
    rows = int(np.count_nonzero(data == _NEWLINE))
    if not block.endswith(b"\n"):
        return None
    starts, ends = np.empty((2, width, rows), dtype=np.int64)
    if not _split(data, eights_of(data), len(block), starts, ends):
        return None
    return Fields(data, starts, ends)


@compiled
def _split(data: Bytes, eights: Words, size: int, starts: Places, ends: Places) -> bool:
    width, rows = starts.shape
    first, last = starts.reshape(-1), ends.reshape(-1)
    to, in_last_column, begin = 0, (width - 1) * rows, 0
    for at in range(0, size, LANE):
        # A byte that is 8 to 11 has nothing left here but its two low bits.
        other = eights[at] & ~_LOW_BITS ^ _EIGHTS
        marks = ~(((other & _MORE) + _MORE) | other | _MORE)
        while marks != ZERO:
            lowest = marks & (~marks + ONE)
            marks ^= lowest
            place = at + place_of(lowest)
            byte = data[place]
            if to < in_last_column:
                if byte != _TAB:
                    if byte == _NEWLINE:
                        return False
                    continue
                first[to], last[to] = begin, place
                to += rows
            else:
                if byte != _NEWLINE:
                    if byte == _TAB:
                        return False
                    continue
                first[to], last[to] = begin, place
                to += 1 - in_last_column
            begin = place + 1
    return bool(to == rows)
