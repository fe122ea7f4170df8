"""The record of a safer migration, in the folder beside a run."""

from pathlib import Path

import msgspec

from harness.analysis.remedy.record import FOLDER, RECORD, AlternativeRecord


def read_alternative(directory: Path) -> AlternativeRecord | None:
    """The record beside the run in `directory`, None where no alternative was asked for."""
    try:
        return msgspec.json.decode((directory / FOLDER / RECORD).read_bytes(), type=AlternativeRecord)
    except (OSError, msgspec.MsgspecError):
        return None


def save_alternative(record: AlternativeRecord, directory: Path) -> None:
    """Write the record beside the run in `directory`."""
    (directory / FOLDER / RECORD).write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n")
