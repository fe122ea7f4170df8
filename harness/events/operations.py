"""The fixed-width record of one operation: operations.bin is an array of these, 48 bytes each, little-endian."""

import mmap
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

OPERATION_DTYPE: np.dtype[Any] = np.dtype(
    [
        ("due_ns", "<i8"),
        ("checkout_ns", "<i8"),
        ("start_ns", "<i8"),
        ("end_ns", "<i8"),
        ("operation", "<u2"),
        ("actor", "<u2"),
        ("version", "u1"),
        ("outcome", "u1"),
        ("statement", "u1"),
        ("attempts", "u1"),
        ("sqlstate", "S5"),
        ("pad", "V3"),
    ]
)
"""Times are ns since the run started; `checkout_ns` and `start_ns` are 0 when the operation never got that far.

`operation` and `version` are the indexes that operation_declared and traffic_planned give; `statement` is the index
of the statement that failed. `actor` is NO_ACTOR for an operation that never had a connection. `attempts` counts
executions: due, checkout and start are those of the first, the end is that of the last. `sqlstate` is that of the last
error: of an operation that is OK, one that a retry absorbed.
"""

NO_ACTOR = 0xFFFF

OperationRecords = npt.NDArray[np.void]


class Outcome(IntEnum):
    """How an operation ended."""

    OK = 0
    ERROR = 1
    POOL_TIMEOUT = 2
    ABANDONED = 3


def empty_records() -> OperationRecords:
    """No operations."""
    return np.zeros(0, dtype=OPERATION_DTYPE)


def decode_records(data: bytes) -> OperationRecords:
    """The records in `data`; a truncated last record (a killed run) is left out."""
    whole = len(data) // OPERATION_DTYPE.itemsize * OPERATION_DTYPE.itemsize
    return np.frombuffer(data[:whole], dtype=OPERATION_DTYPE)


def map_records(mapped: mmap.mmap) -> OperationRecords:
    """The records of a mapped file, read when they are looked at; a truncated last record is left out."""
    return np.frombuffer(mapped, dtype=OPERATION_DTYPE, count=len(mapped) // OPERATION_DTYPE.itemsize)


def let_go(records: OperationRecords) -> None:
    """Give the memory of mapped records back until they are looked at again; nothing happens to others."""
    owner: Any = records.base
    if isinstance(owner, memoryview):
        owner = owner.obj
    if isinstance(owner, mmap.mmap):
        owner.madvise(mmap.MADV_DONTNEED)
