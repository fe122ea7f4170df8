"""A block while its columns change: where they stand as long as lengths stay, else from behind the block's end."""

import numpy as np

from harness.snapshot.anonymize.kernels.compiling import compiled
from harness.snapshot.anonymize.kernels.fields import Fields
from harness.snapshot.anonymize.kernels.words import SPARE, Bytes, Places, all_rows


class Changed:
    """Begins as a copy of `before`, and is written out as a block in the end."""

    def __init__(self, before: Fields) -> None:
        self.fields = before.copied()
        self._size = len(before.data) - SPARE
        self._moved: set[int] = set()

    def is_in_place(self, column: int) -> bool:
        """Whether the column's fields have the bounds they had."""
        return column not in self._moved

    def put(self, column: int, rows: Places, values: list[bytes]) -> None:
        """Replace the fields of a column in some rows by others, escaped already."""
        text = np.frombuffer(b"".join(values), dtype=np.uint8)
        ends = np.cumsum(np.fromiter(map(len, values), dtype=np.int64, count=len(values)))
        starts = np.concatenate(([0], ends[:-1]))
        old_starts, old_ends = self.fields.column(column)
        if self.is_in_place(column) and np.array_equal(ends - starts, old_ends[rows] - old_starts[rows]):
            _overwrite(self.fields.data, old_starts[rows], text, starts, ends)
        else:
            self._move(column, rows, text, starts, ends)

    def put_everywhere(self, column: int, value: bytes) -> None:
        """Replace all fields of a column by one, escaped already."""
        rows = all_rows(self.fields.rows)
        text = np.frombuffer(value, dtype=np.uint8)
        self._move(column, rows, text, np.zeros_like(rows), np.full_like(rows, len(value)))

    def block(self) -> bytes:
        """The lines as they are now."""
        if not self._moved:
            return self.fields.data[: self._size].tobytes()
        starts, ends = self.fields.starts, self.fields.ends
        out = np.empty(int((ends - starts).sum()) + starts.size, dtype=np.uint8)
        _gather(self.fields.data, starts, ends, out)
        return out.tobytes()

    def _move(self, column: int, rows: Places, text: Bytes, starts: Places, ends: Places) -> None:
        data, begin = self.fields.data, len(self.fields.data) - SPARE
        new_starts, new_ends = self.fields.starts.copy(), self.fields.ends.copy()
        new_starts[column, rows], new_ends[column, rows] = starts + begin, ends + begin
        spare = np.zeros(SPARE, dtype=np.uint8)
        self.fields = Fields(np.concatenate((data[:begin], text, spare)), new_starts, new_ends)
        self._moved.add(column)


@compiled
def _overwrite(data: Bytes, places: Places, text: Bytes, starts: Places, ends: Places) -> None:
    for row in range(len(places)):
        for at in range(ends[row] - starts[row]):
            data[places[row] + at] = text[starts[row] + at]


@compiled
def _gather(data: Bytes, starts: Places, ends: Places, out: Bytes) -> None:
    """Rows of fields with tabs between them and newlines behind."""
    tab, newline = 9, 10
    columns, rows = starts.shape
    to = 0
    for row in range(rows):
        for column in range(columns):
            for at in range(starts[column, row], ends[column, row]):
                out[to] = data[at]
                to += 1
            out[to] = newline if column == columns - 1 else tab
            to += 1
