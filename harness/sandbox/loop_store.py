"""A reflink store on any Linux: an XFS in a sparse file, mounted through a loop device."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.model.errors import SandboxError
from harness.model.units import format_bytes

# mkfs.xfs refuses less than 300 MB since xfsprogs 5.19, and a store smaller than its snapshots is of no use.
_LEAST_BYTES: Final = 512 * 1024 * 1024
_TOOLS: Final = ("truncate", "mkfs.xfs", "mount", "umount")
# Debian keeps them where an ordinary user's PATH does not lead.
_SYSTEM_FOLDERS: Final = "/usr/local/sbin:/usr/sbin:/sbin"
_TIMEOUT_S: Final = 600


@dataclass(frozen=True, slots=True)
class StorePlan:
    """What makes the store: the image file, where it is mounted, and the commands in order."""

    image: Path
    mounted_at: Path
    commands: tuple[tuple[str, ...], ...]

    @property
    def lines(self) -> list[str]:
        """The commands as one would type them."""
        return [shlex.join(command) for command in self.commands]

    @property
    def fstab_line(self) -> str:
        """What mounts it again after a restart."""
        return f"{self.image} {self.mounted_at} xfs loop,nofail 0 0"

    @property
    def way_back(self) -> str:
        """What removes it, with everything in it."""
        return f"umount {shlex.quote(str(self.mounted_at))} && rm {shlex.quote(str(self.image))}"


def plan_store(size_bytes: int, *, home: Path, environment: Mapping[str, str] = os.environ) -> StorePlan:
    """How a store of `size_bytes` is made for `home`; nothing is changed.

    It is mounted at `home` where that is empty or not there yet, else at `<home>-store` beside it. SandboxError where
    the system, the size, the tools, the room or a file in the way forbid it.
    """
    mounted_at = home if _is_vacant(home) else home.with_name(f"{home.name}-store")
    image = mounted_at.with_name(f"{mounted_at.name}.xfs")
    _check_possible(size_bytes, image=image, mounted_at=mounted_at, environment=environment)
    owner = f"{environment.get('SUDO_UID', os.getuid())}:{environment.get('SUDO_GID', os.getgid())}"
    return StorePlan(
        image=image,
        mounted_at=mounted_at,
        commands=(
            ("mkdir", "-p", str(mounted_at)),
            ("truncate", "-s", str(size_bytes), str(image)),
            ("chmod", "600", str(image)),
            ("mkfs.xfs", "-q", "-m", "reflink=1", str(image)),
            ("mount", "-o", "loop", str(image), str(mounted_at)),
            ("chown", owner, str(mounted_at)),
        ),
    )


def require_root(plan: StorePlan, *, user_id: int | None = None) -> None:
    """SandboxError with the way out where this process may not run the plan."""
    if (os.geteuid() if user_id is None else user_id) != 0:
        raise SandboxError(
            "only root may mount a filesystem",
            hint="type the commands above with sudo, or "
            f"`sudo env REHEARSE_HOME={shlex.quote(str(plan.mounted_at))} rehearse doctor --make-store …`",
        )


def make_store(plan: StorePlan) -> None:
    """Run the commands. SandboxError where one fails, after what the others made was removed."""
    was_there = plan.mounted_at.exists()
    try:
        for command in plan.commands:
            _run(command)
    except BaseException:
        remove_store(plan, keep_folder=was_there)
        raise


def remove_store(plan: StorePlan, *, keep_folder: bool = False) -> None:
    """Unmount it and delete its image and everything in it. SandboxError while something uses it."""
    if plan.mounted_at.is_mount():
        _run(("umount", str(plan.mounted_at)))
    plan.image.unlink(missing_ok=True)
    if not keep_folder:
        with suppress(FileNotFoundError):
            plan.mounted_at.rmdir()


def _check_possible(size_bytes: int, *, image: Path, mounted_at: Path, environment: Mapping[str, str]) -> None:
    if sys.platform != "linux":
        raise SandboxError(
            "a loopback store is made on Linux only",
            hint="on macOS the home's APFS shares extents by itself: `rehearse doctor` says whether it does",
        )
    if size_bytes < _LEAST_BYTES:
        raise SandboxError(f"a store of {format_bytes(size_bytes)} is too small", hint="give it 1GB or more")
    path = f"{environment.get('PATH', '')}:{_SYSTEM_FOLDERS}"
    if missing := [tool for tool in _TOOLS if shutil.which(tool, path=path) is None]:
        raise SandboxError(
            f"{', '.join(missing)} is not here", hint="install xfsprogs (apt install xfsprogs, dnf install xfsprogs)"
        )
    if image.exists() or not _is_vacant(mounted_at):
        taken = image if image.exists() else mounted_at
        raise SandboxError(
            f"{taken} is there already",
            hint=f"use it (export REHEARSE_HOME={shlex.quote(str(mounted_at))}), or set REHEARSE_HOME to a new folder",
        )
    existing = next(folder for folder in image.parents if folder.exists())
    free = shutil.disk_usage(existing).free
    if free < size_bytes:
        # A sparse file larger than what is free would run out in the middle of a write, and break the filesystem in it.
        raise SandboxError(
            f"{existing} has {format_bytes(free)} free, not {format_bytes(size_bytes)}",
            hint="make it smaller, or set REHEARSE_HOME to a folder on a larger disk",
        )


def _is_vacant(folder: Path) -> bool:
    return not folder.exists() or (folder.is_dir() and not folder.is_mount() and next(folder.iterdir(), None) is None)


def _run(command: tuple[str, ...]) -> None:
    environment = {**os.environ, "PATH": f"{os.environ.get('PATH', '')}:{_SYSTEM_FOLDERS}"}
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_TIMEOUT_S, env=environment)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SandboxError(f"{command[0]} did not run: {error}") from error
    if done.returncode != 0:
        words = done.stderr.strip().splitlines()
        raise SandboxError(
            f"{command[0]} failed: {words[-1][:200] if words else f'it ended with {done.returncode}'}",
            hint="in a container without the right to mount, make the store on the host and share its folder"
            if command[0] == "mount"
            else "",
        )
