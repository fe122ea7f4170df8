"""The bytes of a stored snapshot: copied in (by reflink where the filesystem shares extents), digested, checked."""

import errno
import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from harness.model.errors import SnapshotError
from harness.model.units import format_bytes
from harness.postgres.ports import Progress
from harness.snapshot.store.entry import StoredFile

_CHUNK_BYTES = 4 * 1024 * 1024
# FICLONE of linux/fs.h: make one file share the extents of another (ioctl_ficlone(2)).
_FICLONE = 0x40049409
# hashlib lets other threads run; more of them than this wait for the disk.
_DIGESTERS = min(os.cpu_count() or 1, 4)
FILE_MODE: Final = 0o600
FOLDER_MODE: Final = 0o700


def files_below(folder: Path) -> list[Path]:
    """Every file at or below `folder`, sorted. SnapshotError for a link or a device."""
    if folder.is_file():
        return [folder]
    found = []
    for place, folders, names in os.walk(folder):
        for name in (*folders, *names):
            path = Path(place, name)
            if path.is_symlink() or not (path.is_file() or path.is_dir()):
                raise SnapshotError(f"{path} is neither a file nor a folder", hint="a snapshot holds plain files only")
        found += [Path(place, name) for name in names]
    return sorted(found)


def copy_in(
    pairs: list[tuple[Path, Path]], *, link: bool = False, doing: str = "copy", on_progress: Progress | None = None
) -> None:
    """Copy each (from, to), with modes for this user only; `link` makes hard links where that can be done."""
    total = sum(source.stat().st_size for source, _ in pairs)
    done = 0

    def advance(size: int) -> None:
        nonlocal done
        done += size
        if on_progress:
            on_progress(doing, done, max(total, 1))

    with disk_full_explained(pairs[0][1].parent if pairs else Path()):
        for source, target in pairs:
            if link and _linked(source, target):
                advance(source.stat().st_size)
                continue
            with source.open("rb") as original, _new_file(target) as copy:
                if _shares_extents(original, copy):
                    advance(source.stat().st_size)
                else:
                    _copy(original, copy, advance)


def digest_files(root: Path, files: list[Path], *, on_progress: Progress | None = None) -> dict[str, StoredFile]:
    """Size, SHA-256 and time of each file by its path below `root`; each is written through to the disk before."""
    total = max(sum(file.stat().st_size for file in files), 1)
    done = 0
    digests: dict[str, StoredFile] = {}
    with ThreadPoolExecutor(_DIGESTERS, thread_name_prefix="digest") as pool:
        for file, one in zip(files, pool.map(_digest, files), strict=True):
            digests[file.relative_to(root).as_posix()] = one
            done += one.size_bytes
            if on_progress:
                on_progress("digest", done, total)
    return digests


def keep_private(folder: Path) -> None:
    """Nobody but this user may enter folders or read files at or below `folder`; hard links keep their owner's mode."""
    for path in (folder, *folder.rglob("*")):
        if path.is_dir():
            path.chmod(FOLDER_MODE)
        elif path.stat().st_nlink == 1:
            path.chmod(FILE_MODE)


@contextmanager
def disk_full_explained(folder: Path) -> Iterator[None]:
    """A full disk, quota or file-size limit becomes a SnapshotError with the way out."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        place = next(p for p in (folder, *folder.parents) if p.exists())
        raise SnapshotError(
            f"the disk of {place} is full ({format_bytes(shutil.disk_usage(place).free)} free); nothing was stored",
            hint="free some space, `rehearse snapshot remove` what is not needed, or move REHEARSE_HOME",
        ) from None


def _digest(file: Path) -> StoredFile:
    content = hashlib.sha256()
    with file.open("rb") as opened:
        # A snapshot that appears under its name must survive a power cut whole.
        os.fsync(opened.fileno())
        while chunk := opened.read(_CHUNK_BYTES):
            content.update(chunk)
        status = os.fstat(opened.fileno())
    return StoredFile(size_bytes=status.st_size, sha256=content.hexdigest(), mtime_ns=status.st_mtime_ns)


def _new_file(target: Path) -> IO[bytes]:
    target.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    return os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE), "wb")


def _linked(source: Path, target: Path) -> bool:
    target.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        return False
    return True


def _shares_extents(original: IO[bytes], copy: IO[bytes]) -> bool:
    try:
        fcntl.ioctl(copy, _FICLONE, original.fileno())
    except OSError:
        return False
    return True


def _copy(original: IO[bytes], copy: IO[bytes], advance: Callable[[int], None]) -> None:
    while chunk := original.read(_CHUNK_BYTES):
        copy.write(chunk)
        advance(len(chunk))
