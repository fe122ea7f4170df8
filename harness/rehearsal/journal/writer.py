"""Writes a run directory as things happen; what was written before a kill can be read."""

import shutil
import threading
from types import TracebackType
from typing import Any, Self

import msgspec

from harness.events.codec import SCHEMA_VERSION, AnyEvent, Header, encode_line
from harness.events.history import RunInfo
from harness.model.errors import JournalError
from harness.model.redaction import mask_credentials
from harness.rehearsal.journal.layout import RunDirectory


class JournalWriter:
    """Appends events from any thread; each line is flushed before `emit` returns.

    `muted` asks whoever holds it to journal nothing for the moment; `begun` that a server stood on a clone: what ended
    before that is no run.
    """

    def __init__(self, directory: RunDirectory, info: RunInfo) -> None:
        self.directory = directory
        self.muted = False
        self.begun = False
        self._lock = threading.Lock()
        try:
            directory.path.mkdir(parents=True, exist_ok=False)
            directory.info.write_bytes(
                msgspec.json.format(msgspec.json.encode(_without_credentials(msgspec.to_builtins(info))), indent=1)
            )
            self._stream = directory.events.open("xb", buffering=0)
        except FileExistsError:
            raise JournalError(
                f"{directory.path}: exists already, and a run directory is never overwritten",
                hint="give another --out, or remove it",
            ) from None
        except OSError as error:
            raise JournalError(
                f"{directory.path}: cannot be written ({error.strerror})",
                hint="give --out a folder on a disk with room that you may write to",
            ) from None
        self._stream.write(
            encode_line(Header(schema_version=SCHEMA_VERSION, run_id=info.run_id, tool=info.tool_version))
        )

    def emit(self, event: AnyEvent) -> None:
        """Append one event; JournalError when the disk is full."""
        line = encode_line(event)
        with self._lock:
            if self._stream.closed:
                return
            try:
                self._stream.write(line)
            except OSError as error:
                raise JournalError(f"{self.directory.events}: cannot be written ({error.strerror})") from None

    def join_operations(self) -> None:
        """Join the parts that the generator processes wrote into operations.bin."""
        parts = sorted(self.directory.path.glob("operations-*.bin"))
        with self.directory.operations.open("wb") as whole:
            for part in parts:
                with part.open("rb") as records:
                    shutil.copyfileobj(records, whole)
        for part in parts:
            part.unlink()

    def close(self) -> None:
        """Close the journal; later events are dropped."""
        with self._lock:
            self._stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _without_credentials(value: Any) -> Any:
    """The same value with every text in it masked; keys are names and stay."""
    if isinstance(value, str):
        return mask_credentials(value)
    if isinstance(value, dict):
        return {key: _without_credentials(inner) for key, inner in value.items()}
    return [_without_credentials(inner) for inner in value] if isinstance(value, list | tuple) else value
