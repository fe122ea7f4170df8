"""Many values in little memory."""

from array import array
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from random import Random
from typing import Final, overload

FEW: Final = 10_000
"""Values that stay apart: half a megabyte of keys."""


class CompactValues(Sequence[str]):
    """Texts in one block of bytes: a key of seven digits takes 11 bytes here and 60 in a tuple."""

    __slots__ = ("_data", "_ends")

    def __init__(self, values: Iterable[str]) -> None:
        encoded = [value.encode() for value in values]
        self._data = b"".join(encoded)
        self._ends = array("Q" if len(self._data) >> 32 else "I", accumulate(map(len, encoded), initial=0))

    def __len__(self) -> int:
        return len(self._ends) - 1

    @property
    def nbytes(self) -> int:
        """Bytes of memory."""
        return len(self._data) + self._ends.itemsize * len(self._ends)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> "CompactValues": ...

    def __getitem__(self, index: int | slice) -> "str | CompactValues":
        if isinstance(index, slice):
            return CompactValues(self[i] for i in range(*index.indices(len(self))))
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        return self.raw(index % len(self)).decode()

    def picker(self) -> Callable[[Random], str]:
        """Draws a value, each equally likely: in half of the time that indexing takes."""
        data, ends, size = self._data, self._ends, len(self)

        def pick(random: Random) -> str:
            index = int(random.random() * size)
            return data[ends[index] : ends[index + 1]].decode()

        return pick

    def raw(self, index: int) -> bytes:
        """Value `index`, 0 or greater, as it is sent."""
        return self._data[self._ends[index] : self._ends[index + 1]]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # equal to lists and tuples, which are hashed otherwise or not at all


def compact(values: Sequence[str]) -> Sequence[str]:
    """`values`, in little memory where they are many; few stay a tuple, which is drawn from in a tenth of the time."""
    return tuple(values) if len(values) <= FEW else CompactValues(values)
