"""Reads a run directory back as a History."""

import mmap
from pathlib import Path

import msgspec

from harness.events.codec import decode_events, decode_header
from harness.events.history import History, RunInfo
from harness.events.operations import OperationRecords, decode_records, empty_records, map_records
from harness.model.errors import JournalError
from harness.rehearsal.journal.layout import RunDirectory


def read_history(path: Path) -> History:
    """The run in directory `path`; JournalError where it is missing, damaged or from a newer version."""
    directory = RunDirectory(path)
    info = _read_info(directory)
    try:
        with directory.events.open("rb") as lines:
            decode_header(lines.readline(), path=str(directory.events))
            events = sorted(decode_events(lines, path=str(directory.events)), key=lambda event: event.at_ns)
    except OSError as error:
        raise JournalError(
            f"{directory.events}: cannot be read ({error.strerror})", hint="name a run directory"
        ) from None
    return History(info=info, events=tuple(events), operations=_read_operations(directory))


def _read_info(directory: RunDirectory) -> RunInfo:
    try:
        return msgspec.json.decode(directory.info.read_bytes(), type=RunInfo)
    except OSError as error:
        raise JournalError(
            f"{directory.info}: cannot be read ({error.strerror})",
            hint="name a run directory, like reports/latest",
        ) from None
    except msgspec.MsgspecError as error:
        raise JournalError(f"{directory.info}: is not the description of a run ({error})") from None


def _read_operations(directory: RunDirectory) -> OperationRecords:
    """The joined records, or the parts that a killed run left."""
    whole = directory.operations
    if not whole.exists():
        data = b"".join(file.read_bytes() for file in sorted(directory.path.glob("operations-*.bin")))
        return decode_records(data) if data else empty_records()
    if not whole.stat().st_size:
        return empty_records()
    # Mapped, not read: 10⁷ operations are half a gigabyte, of which a judgement needs a column at a time.
    with whole.open("rb") as file:
        return map_records(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
