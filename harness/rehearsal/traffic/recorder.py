"""Writes one fixed-width record per operation, in blocks."""

import os
import struct
from pathlib import Path
from typing import Final, TypeAlias

from harness.events.operations import OPERATION_DTYPE, Outcome

_RECORD: Final = struct.Struct("<qqqqHHBBBB5s3x")
_BLOCK: Final = 4096  # records: 192 KiB a write, once in eight seconds at 500 operations a second
_BYTES: Final = _BLOCK * _RECORD.size
_pack_into: Final = _RECORD.pack_into
Record: TypeAlias = tuple[int, int, int, int, int, int, int, int, int, int, bytes]
"""due, checkout, start and end; operation, actor, version, outcome, statement, attempts, SQLSTATE: as in the file."""
FLUSH_EVERY_NS: Final = 1_000_000_000
"""Longest time a record stays in memory, so that the file of a killed run is complete but for a second."""

if _RECORD.size != OPERATION_DTYPE.itemsize:
    raise ImportError("the record's layout differs from harness.events.operations")


class Recorder:
    """An append-only file of operation records; counts them by outcome."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        self._buffer = bytearray(_BYTES)
        self._filled = 0
        self.counts = [0] * len(Outcome)

    def add(self, record: Record) -> None:
        """Append one record; times in ns since the run started."""
        _pack_into(self._buffer, self._filled, *record)
        self.counts[record[7]] += 1
        self._filled += _RECORD.size
        if self._filled == _BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what is in memory."""
        pending = memoryview(self._buffer)[: self._filled]
        while pending:
            pending = pending[os.write(self._file, pending) :]
        self._filled = 0

    def close(self) -> None:
        """Write the rest and close the file."""
        self.flush()
        os.close(self._file)
