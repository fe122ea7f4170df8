"""Writes one fixed-width record per operation, in blocks."""

import os
import struct
from pathlib import Path
from typing import Final, TypeAlias

from harness.events.operations import OPERATION_DTYPE, Outcome

_RECORD: Final = struct.Struct("<qqqqHHBBBB5s3x")
_SUCCESS: Final = struct.Struct("<qqqqQ8x")  # the same for an operation that went well, its small numbers in one
_BLOCK: Final = 4096  # records: 192 KiB a write, once in eight seconds at 500 operations a second
_BYTES: Final = _BLOCK * _RECORD.size
_SIZE: Final = _RECORD.size
_pack_into: Final = _RECORD.pack_into
_pack_success: Final = _SUCCESS.pack_into
Record: TypeAlias = tuple[int, int, int, int, int, int, int, int, int, int, bytes]
"""due, checkout, start and end; operation, actor, version, outcome, statement, attempts, SQLSTATE: as in the file."""
FLUSH_EVERY_NS: Final = 1_000_000_000
"""Longest time a record stays in memory, so that the file of a killed run is complete but for a second."""

if not _RECORD.size == _SUCCESS.size == OPERATION_DTYPE.itemsize:
    raise ImportError("the record's layout differs from harness.events.operations")


def what_ran(operation: int) -> int:
    """The operation, and one attempt, in their places of a record; `what_served` is added."""
    return operation | 1 << 56


def what_served(actor: int) -> int:
    """The actor in its place of a record; `version << VERSION` is added where it is not 0."""
    return actor << 16


VERSION: Final = 32
"""The version's place in a record: bits after its actor's."""


class Recorder:
    """An append-only file of operation records; counts them by outcome."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        self._buffer = bytearray(_BYTES)
        self._filled = self._written = 0
        self._counts = [0] * len(Outcome)

    @property
    def counts(self) -> list[int]:
        """Records by outcome. Those that went well are all the others: they need not be counted one by one."""
        counts = self._counts.copy()
        counts[Outcome.OK] = 0
        counts[Outcome.OK] = (self._written + self._filled) // _SIZE - sum(counts)
        return counts

    def add(self, record: Record) -> None:
        """Append one record; times in ns since the run started."""
        _pack_into(self._buffer, self._filled, *record)
        self._counts[record[7]] += 1
        self._filled += _RECORD.size
        if self._filled == _BYTES:
            self.flush()

    def succeeded(self, due: int, checkout: int, start: int, end: int, what: int) -> None:
        """Append the record of an operation that went well at its first attempt.

        `what` is the sum of what `what_ran` and `what_served` give, and of the version.
        """
        _pack_success(self._buffer, self._filled, due, checkout, start, end, what)
        self._filled += _SIZE
        if self._filled == _BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what is in memory."""
        pending = memoryview(self._buffer)[: self._filled]
        while pending:
            pending = pending[os.write(self._file, pending) :]
        self._written += self._filled
        self._filled = 0

    def close(self) -> None:
        """Write the rest and close the file."""
        self.flush()
        os.close(self._file)
