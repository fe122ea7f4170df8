"""What comes back from the processes: written in order, and counted."""

from typing import IO

from isal import isal_zlib

from harness.postgres.ports import Progress
from harness.snapshot.anonymize.rewrite.journal import Finished, Partial, create
from harness.snapshot.anonymize.rewrite.lines import END
from harness.snapshot.anonymize.rewrite.pack import pack
from harness.snapshot.anonymize.rewrite.work import Done, Task, count_found


class Output:
    """The data file being written: by the process that did the whole of it, or here from the blocks in order."""

    def __init__(self, partial: Partial, task: Task, packing: str) -> None:
        self._name = task.part
        self._packing = packing
        self._file: IO[bytes] | None = None if task.file else create(partial.folder / task.part)
        self._total = Done()

    def add(self, done: Done) -> None:
        """A task's result."""
        if self._file is None:
            self._total = done
            return
        self._write(done.rewritten.data)
        done.rewritten.data = b""
        self._total.rewritten.add(done.rewritten)

    def finished(self, table: str) -> Finished:
        """The entry of the journal, after the last block."""
        if self._file is not None:
            self._write(pack(END, self._packing))
            self._file.close()
        rewritten = self._total.rewritten
        return Finished(
            name=self._name,
            table=table,
            size_bytes=self._total.size_bytes,
            crc=self._total.crc,
            rows=rewritten.rows,
            found=count_found(rewritten.found),
            unchanged={number: hashes.tolist() for number, hashes in rewritten.unchanged.items()},
        )

    def _write(self, data: bytes) -> None:
        assert self._file is not None  # noqa: S101 - the callers have looked
        self._file.write(data)
        self._total.size_bytes += len(data)
        self._total.crc = isal_zlib.crc32(data, self._total.crc)


class Meter:
    """Bytes of the source done, told as they grow: by tasks, or by the stream that feeds them."""

    def __init__(self, on_progress: Progress | None, what: str, total: int) -> None:
        self._on_progress = on_progress
        self._what = what
        self._total = total
        self._done = 0
        self._tell()

    def add(self, size: int) -> None:
        """So many more."""
        if size:
            self.at(self._done + size)

    def at(self, done: int) -> None:
        """So many in all."""
        self._done = max(self._done, min(done, self._total))
        self._tell()

    def end(self) -> None:
        """All of them."""
        self.at(self._total)

    def _tell(self) -> None:
        if self._on_progress:
            self._on_progress(self._what, self._done, self._total)
