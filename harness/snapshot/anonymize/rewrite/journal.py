"""The folder in which a target is built, `<target>.partial`, and the journal of what in it is finished."""

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec
from isal import isal_zlib

from harness.model.errors import SnapshotError

_JOURNAL, _LOCK, _LEAKS = ".journal", ".lock", ".leaks"
_CHUNK_BYTES = 1024 * 1024
_NO_ROOM = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)


class Finished(msgspec.Struct, frozen=True, kw_only=True):
    """A data file that is whole: its name, size and CRC-32, and what was made of which source.

    `found` holds place, number of the masked column and count; `unchanged` the distinct values left, by number.
    """

    name: str
    table: str
    size_bytes: int
    crc: int
    rows: int
    found: list[tuple[str, int, int]] = []
    unchanged: dict[int, list[int]] = {}


class _Header(msgspec.Struct, frozen=True):
    run: str


class Partial:
    """The folder, locked by this process; made by `building`."""

    def __init__(self, folder: Path, *, run: str) -> None:
        self.folder = folder
        self.finished: dict[str, Finished] = {}
        self._journal = folder / _JOURNAL
        self._begin(run)

    @property
    def leaks(self) -> Path:
        """Where the leak check may keep its files."""
        return self.folder / _LEAKS

    def finish(self, entry: Finished) -> None:
        """Note a file that is whole."""
        self.finished[entry.name] = entry
        with self._journal.open("ab") as file:
            file.write(msgspec.json.encode(entry) + b"\n")

    def publish(self, target: Path) -> None:
        """Make the folder the target, at once: everything is on disk before its name is."""
        shutil.rmtree(self.leaks, ignore_errors=True)
        for name in (_JOURNAL, _LOCK):
            (self.folder / name).unlink(missing_ok=True)
        for file in self.folder.iterdir():
            _sync(file)
        _sync(self.folder)
        self.folder.rename(target)
        _sync(target.parent)

    def publish_file(self, name: str, target: Path) -> None:
        """Make one file of the folder the target, at once, and remove the folder."""
        _sync(self.folder / name)
        (self.folder / name).rename(target)
        _sync(target.parent)
        shutil.rmtree(self.folder, ignore_errors=True)

    def tidy(self, *, keep: bool) -> None:
        """After a failure: what a rerun can continue with stays (if `keep`), everything else is removed."""
        if not keep or not self.finished:
            shutil.rmtree(self.folder, ignore_errors=True)
            return
        self._clean(self.finished)

    def _begin(self, run: str) -> None:
        entries = _read(self._journal, run=run)
        whole = {entry.name: entry for entry in entries if _is_whole(self.folder / entry.name, entry)}
        self._clean(whole)
        with create(self._journal) as file:
            file.write(msgspec.json.encode(_Header(run)) + b"\n")
        for entry in whole.values():
            self.finish(entry)

    def _clean(self, names: "dict[str, Finished]") -> None:
        for path in self.folder.iterdir():
            if path.name in names or path.name in (_JOURNAL, _LOCK):
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


@contextmanager
def building(target: Path, *, run: str) -> Iterator[Partial]:
    """The folder beside `target` to build it in, with what an earlier `run` of the same source, policy and key left.

    SnapshotError where the target is there already, or another process builds it.
    """
    if target.exists() or target.is_symlink():
        raise SnapshotError(f"{target} is there already", hint="name another target, or remove it first")
    folder = target.with_name(target.name + ".partial")
    folder.mkdir(mode=0o700, parents=False, exist_ok=True)
    folder.chmod(0o700)
    with create(folder / _LOCK) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SnapshotError(
                f"another run is writing {target}", hint="wait for it, or name another target"
            ) from None
        yield Partial(folder, run=run)


def create(path: Path) -> IO[bytes]:
    """A new file that only this user may read."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def no_room(error: OSError, target: Path) -> SnapshotError:
    """The error for what the disk of the target refused."""
    if error.errno in _NO_ROOM:
        return SnapshotError(
            f"no room on the disk of {target.parent} to write {target.name}",
            hint="free some space and run it again: with the same key it continues with the finished tables",
        )
    return SnapshotError(f"{target} cannot be written: {error.strerror or type(error).__name__}")


def _read(path: Path, *, run: str) -> list[Finished]:
    """What the journal of the same run says; a last line cut off by a crash is no entry."""
    try:
        header, *lines = path.read_bytes().split(b"\n")
        if msgspec.json.decode(header, type=_Header).run != run:
            return []
        return [msgspec.json.decode(line, type=Finished) for line in lines[:-1]]
    except (FileNotFoundError, msgspec.DecodeError):
        return []


def _is_whole(path: Path, entry: Finished) -> bool:
    if not path.is_file() or path.stat().st_size != entry.size_bytes:
        return False
    crc = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            crc = isal_zlib.crc32(chunk, crc)
    return crc == entry.crc


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
