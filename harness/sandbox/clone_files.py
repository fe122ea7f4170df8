"""Copying the files of a folder by several threads: each by sharing its extents, or its bytes inside the kernel."""

import errno
import fcntl
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# FICLONE of linux/fs.h: make one file share the extents of another (ioctl_ficlone(2)).
_FICLONE: Final = 0x40049409
# Copying inside the kernel is bound by memory, not by Python; measured on two cores, more than four gain nothing.
_MAX_THREADS: Final = 4
# Between two chunks a copy looks whether it is to stop: at 100 MB/s every 0.16 s.
_CHUNK_BYTES: Final = 16 * 1024 * 1024
# A call that works for one pair of filesystems need not work for the next: then the plainer way is taken.
_NOT_HERE: Final = frozenset({errno.EXDEV, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL, errno.EPERM, errno.EBADF})
_PROGRESS_EVERY_S: Final = 0.5
# As PostgreSQL makes them (initdb without --allow-group-access).
_FILE_MODE: Final = 0o600
_FOLDER_MODE: Final = 0o700
# A cluster is a thousand files of a page or two: handing them over one by one costs as much as cloning them.
_TOGETHER: Final = 32


@dataclass(frozen=True, slots=True)
class _File:
    """A file to copy."""

    source: str
    target: str
    about: os.stat_result


def share_extents(source: int, target: int) -> None:
    """Let the empty open file `target` share the extents of the open file `source`; OSError where it cannot."""
    fcntl.ioctl(target, _FICLONE, source)


def copy_tree(source: Path, target: Path, *, reflink: bool, on_bytes: Callable[[int], None] | None = None) -> None:
    """Copy the folder `source` to `target`, which must not exist: modes, owners and symbolic links are kept.

    Times are not; sockets and pipes are left out. `on_bytes` hears of the bytes done so far, now and then. OSError
    where it fails; what was copied so far is left to the caller.
    """
    folders, files = _make_skeleton(str(source), str(target))
    files.sort(key=lambda one: one.about.st_size, reverse=True)  # the longest first: no thread is left with it alone
    work = _Work(reflink=reflink)
    with ThreadPoolExecutor(max_workers=min(_MAX_THREADS, (os.cpu_count() or 1)), thread_name_prefix="clone") as pool:
        futures = [pool.submit(work.copy_all, few) for few in _shares(files)]
        try:
            _watch(futures, work, on_bytes)
        except BaseException:
            work.stop.set()
            pool.shutdown(cancel_futures=True)
            raise
    for copy, about in reversed(folders):  # last: a folder may be one that this process must not write in
        _dress(copy, about, made_with=_FOLDER_MODE)


class _Work:
    """What the threads share: how they copy, how much is done, and whether to stop."""

    def __init__(self, *, reflink: bool) -> None:
        self._reflink = reflink
        self._lock = threading.Lock()
        self.done_bytes = 0
        self.stop = threading.Event()

    def copy_all(self, files: list[_File]) -> None:
        for one in files:
            if self.stop.is_set():
                return
            self.copy(one)

    def copy(self, one: _File) -> None:
        with _opened(one) as (source, target):
            if not (self._reflink and _try_sharing(source, target)):
                self._copy_bytes(source, target, one.about.st_size)
            elif one.about.st_size:
                self._count(one.about.st_size)
            _dress(target, one.about, made_with=_FILE_MODE)

    def _copy_bytes(self, source: int, target: int, size: int) -> None:
        move: Callable[[int, int], int] = _by_range
        while size and not self.stop.is_set():
            try:
                moved = move(source, target)
            except OSError as error:
                if move is _by_range and error.errno in _NOT_HERE:
                    move = _by_buffer
                    continue
                raise
            if moved == 0:
                return
            self._count(moved)

    def _count(self, size: int) -> None:
        with self._lock:
            self.done_bytes += size


def _by_range(source: int, target: int) -> int:
    return os.copy_file_range(source, target, _CHUNK_BYTES)


def _by_buffer(source: int, target: int) -> int:
    piece = os.read(source, 1024 * 1024)
    rest = memoryview(piece)
    while rest:
        rest = rest[os.write(target, rest) :]
    return len(piece)


def _try_sharing(source: int, target: int) -> bool:
    try:
        share_extents(source, target)
    except OSError as error:
        if error.errno in _NOT_HERE:  # btrfs refuses a file whose attributes differ, as NOCOW's do
            return False
        raise
    return True


@contextmanager
def _opened(one: _File) -> Iterator[tuple[int, int]]:
    source = os.open(one.source, os.O_RDONLY)
    try:
        # 0600 until the owner is set: nobody else reads it meanwhile.
        target = os.open(one.target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE)
        try:
            yield source, target
        finally:
            os.close(target)
    finally:
        os.close(source)


def _make_skeleton(source: str, target: str) -> tuple[list[tuple[str, os.stat_result]], list[_File]]:
    """Make the folders and symbolic links; the folders as they are to become, and the files to copy."""
    folders: list[tuple[str, os.stat_result]] = []
    files: list[_File] = []
    waiting = [(source, target)]
    while waiting:
        original, copy = waiting.pop()
        os.mkdir(copy, _FOLDER_MODE)  # noqa: PTH102 - thousands of paths, as strings
        folders.append((copy, Path(original).stat()))
        with os.scandir(original) as entries:
            for entry in entries:
                about = entry.stat(follow_symlinks=False)
                there = f"{copy}/{entry.name}"
                if stat.S_ISDIR(about.st_mode):
                    waiting.append((entry.path, there))
                elif stat.S_ISLNK(about.st_mode):
                    Path(there).symlink_to(Path(entry.path).readlink())
                    os.chown(there, about.st_uid, about.st_gid, follow_symlinks=False)
                elif stat.S_ISREG(about.st_mode):
                    files.append(_File(entry.path, there, about))
    return folders, files


def _dress(path: str | int, about: os.stat_result, *, made_with: int) -> None:
    """Give the copy the original's owner and mode, where it has not: each is a transaction of the filesystem."""
    if (about.st_uid, about.st_gid) != (os.geteuid(), os.getegid()):
        os.chown(path, about.st_uid, about.st_gid)
    # Last, because a change of owner clears set-id bits.
    if stat.S_IMODE(about.st_mode) != made_with:
        os.chmod(path, stat.S_IMODE(about.st_mode))  # noqa: PTH101 - a path or an open file


def _shares(files: list[_File]) -> list[list[_File]]:
    """Large files alone, small ones by the dozen."""
    large = [[one] for one in files if one.about.st_size >= _CHUNK_BYTES]
    small = files[len(large) :]
    return large + [small[at : at + _TOGETHER] for at in range(0, len(small), _TOGETHER)]


def _watch(futures: list[Future[None]], work: _Work, on_bytes: Callable[[int], None] | None) -> None:
    """Wait for the end, telling how far it is; raises what a thread raised."""
    waiting: set[Future[None]] = set(futures)
    told = time.monotonic()
    while waiting:
        done, waiting = wait(waiting, timeout=_PROGRESS_EVERY_S, return_when=FIRST_EXCEPTION)
        for one in done:
            one.result()
        if on_bytes and time.monotonic() - told >= _PROGRESS_EVERY_S:
            told = time.monotonic()
            on_bytes(work.done_bytes)
