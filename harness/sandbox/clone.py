"""Copying a data directory: by reflink where the filesystem shares extents, else plainly."""

import fcntl
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from harness.model.errors import SandboxError
from harness.model.units import format_bytes
from harness.postgres.ports import CloneReport, Progress

# FICLONE of linux/fs.h: make one file share the extents of another (ioctl_ficlone(2)).
_FICLONE = 0x40049409
# What a server needs to start. Its WAL up to max_wal_size and the migration's rewrites are the scenario's matter.
_ROOM_BYTES = 64 * 1024 * 1024
# Counting a few thousand files takes milliseconds; more often would slow the copy down.
_PROGRESS_EVERY_S = 0.5


def copy_data(source: Path, target: Path, *, size_bytes: int, on_progress: Progress | None = None) -> CloneReport:
    """Copy the folder `source` to `target` (which must not exist), owners, modes and times kept; says how.

    `size_bytes` is the size of `source`. SandboxError where the disk is too small or the copy fails.
    """
    began = time.monotonic_ns()
    method = "reflink" if can_reflink(source, target.parent) else "copy"
    if method == "copy":
        _check_room(target.parent, size_bytes)
    _copy(source, target, method=method, size_bytes=size_bytes, on_progress=on_progress)
    return CloneReport(method=method, size_bytes=size_bytes, duration_ns=time.monotonic_ns() - began)


def can_reflink(source: Path, target: Path) -> bool:
    """Whether files of the folder `source` can be cloned into the folder `target`, found out by doing it once."""
    if sys.platform == "darwin":  # pragma: no cover - APFS clones by default, HFS+ refuses
        probe = target / ".reflink"
        done = subprocess.run(["cp", "-c", str(source / "PG_VERSION"), str(probe)], capture_output=True, check=False)
        probe.unlink(missing_ok=True)
        return done.returncode == 0
    probe = target / f".reflink.{os.getpid()}"
    try:
        with (source / "PG_VERSION").open("rb") as original, probe.open("wb") as copy:
            fcntl.ioctl(copy, _FICLONE, original.fileno())
    except OSError:
        return False
    finally:
        probe.unlink(missing_ok=True)
    return True


def tree_bytes(folder: Path) -> int:
    """Bytes of all files below `folder`; files that vanish meanwhile do not count."""
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(f"{path}/{name}").st_size
            except FileNotFoundError:
                continue
    return total


def _copy(source: Path, target: Path, *, method: str, size_bytes: int, on_progress: Progress | None) -> None:
    if sys.platform == "darwin":  # pragma: no cover
        command = ["cp", "-cRp" if method == "reflink" else "-Rp"]
    else:
        command = ["cp", "-a", "--reflink=always" if method == "reflink" else "--reflink=never"]
    process = subprocess.Popen([*command, str(source), str(target)], stderr=subprocess.PIPE, text=True)
    try:
        while True:
            try:
                _, errors = process.communicate(timeout=_PROGRESS_EVERY_S)
                break
            except subprocess.TimeoutExpired:
                if on_progress:
                    on_progress("clone", min(tree_bytes(target), size_bytes), size_bytes)
    except BaseException:
        process.kill()
        process.communicate()
        raise
    if process.returncode != 0:
        raise SandboxError(f"copying the snapshot failed: {errors.strip().splitlines()[0] if errors else 'cp failed'}")
    if on_progress:
        on_progress("clone", size_bytes, size_bytes)


def _check_room(folder: Path, size_bytes: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < size_bytes + _ROOM_BYTES:
        raise SandboxError(
            f"a clone needs {format_bytes(size_bytes + _ROOM_BYTES)}; {folder} has {format_bytes(free)} free",
            hint="free some space, run `rehearse gc`, or put the harness's home on XFS or btrfs, which share extents",
        )
