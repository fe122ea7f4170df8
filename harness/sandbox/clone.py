"""Copying a data directory, by the best way that a probe finds.

Sharing extents (reflink), a thin clone of the volume, or copying in parallel.
"""

import os
import secrets
import shutil
import subprocess
import sys
import time
from pathlib import Path

from harness.model.errors import SandboxError
from harness.model.units import format_bytes
from harness.postgres.ports import CloneReport, Progress
from harness.sandbox.clone_files import copy_tree, share_extents
from harness.sandbox.thin import find_volume, make_thin

# What a server needs to start. Its WAL up to max_wal_size and the migration's rewrites are the scenario's matter.
_ROOM_BYTES = 64 * 1024 * 1024


def copy_data(
    source: Path, target: Path, *, size_bytes: int, disposable: bool = False, on_progress: Progress | None = None
) -> CloneReport:
    """Copy the folder `source` to `target` (which must not exist), owners and modes kept; says how.

    `size_bytes` is the size of `source`. `disposable`: `target` may become a link into a thin clone of the volume,
    which `release_thin` of its folder removes. SandboxError where the disk is too small or the copy fails.
    """
    began = time.monotonic_ns()
    method = "reflink" if can_reflink(source, target.parent) else "copy"
    if method == "copy" and disposable and (volume := find_volume(source)):
        try:
            make_thin(volume, source, target)
            method = volume.kind
        except SandboxError:
            pass  # the tools are there but not the rights or the room: copying still works, and is reported as such
    if method == "copy":
        _check_room(target.parent, size_bytes)
    if method in ("copy", "reflink"):
        _copy(source, target, reflink=method == "reflink", size_bytes=size_bytes, on_progress=on_progress)
    if on_progress:
        on_progress("clone", size_bytes, size_bytes)
    return CloneReport(method=method, size_bytes=size_bytes, duration_ns=time.monotonic_ns() - began)


def can_reflink(source: Path, target: Path) -> bool:
    """Whether files of the folder `source` can be cloned into the folder `target`, found out by doing it once."""
    probe = target / f".reflink.{os.getpid()}.{secrets.token_hex(4)}"
    try:
        if sys.platform == "darwin":  # pragma: no cover - APFS clones, HFS+ refuses
            command = ["cp", "-c", str(source / "PG_VERSION"), str(probe)]
            return subprocess.run(command, capture_output=True, check=False).returncode == 0
        with (source / "PG_VERSION").open("rb") as original, probe.open("wb") as copy:
            share_extents(original.fileno(), copy.fileno())
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


def _copy(source: Path, target: Path, *, reflink: bool, size_bytes: int, on_progress: Progress | None) -> None:
    if sys.platform == "darwin":  # pragma: no cover - clonefile(2) only through cp, which copies where it cannot
        command = ["cp", "-cRp" if reflink else "-Rp", str(source), str(target)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SandboxError(f"copying the snapshot failed: {(done.stderr.splitlines() or ['cp failed'])[0]}")
        return

    def tell(done_bytes: int) -> None:
        if on_progress:
            on_progress("clone", min(done_bytes, size_bytes), size_bytes)

    try:
        copy_tree(source, target, reflink=reflink, on_bytes=tell)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        raise SandboxError(f"copying the snapshot failed: {where}{error.strerror or error}") from error


def _check_room(folder: Path, size_bytes: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < size_bytes + _ROOM_BYTES:
        raise SandboxError(
            f"a clone needs {format_bytes(size_bytes + _ROOM_BYTES)}; {folder} has {format_bytes(free)} free",
            hint="free some space, run `rehearse gc`, or let clones share their snapshot's extents: "
            "`rehearse doctor --make-store SIZE`, or a home on XFS, btrfs or APFS",
        )
