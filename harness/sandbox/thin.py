"""Thin clones of the volume that holds the store: a ZFS dataset, or a logical volume in a thin pool, by command.

Only root may mount, so these are tried only as root; asking what there is changes nothing. A clone's volume is mounted
at `home/thin/<name>`, and `home/clones/<name>/data` is a symbolic link into it; `home/thin/<name>.json` says what to
destroy and is written before anything is made, so that what a killed run left can be removed.
"""

import json
import os
import re
import shutil
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from harness.model.errors import SandboxError

_FOLDER: Final = "thin"
_TIMEOUT_S: Final = 120
# What of a volume's name may reach a command: zfs(8) and lvm(8) allow no other sign.
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:+/ -]*")
_KINDS: Final = ("zfs", "lvm")


@dataclass(frozen=True, slots=True)
class Volume:
    """The volume a folder is on: `kind` zfs or lvm, its name (dataset or group/volume), mount point, filesystem."""

    kind: str
    name: str
    mounted_at: str
    filesystem: str

    def make_commands(self, name: str, *, place: Path) -> list[list[str]]:
        """What clones the volume under the name `rehearse-<name>` and mounts the clone at `place`."""
        ours = f"rehearse-{name}"
        if self.kind == "zfs":
            return [
                ["zfs", "snapshot", f"{self.name}@{ours}"],
                ["zfs", "clone", "-o", f"mountpoint={place}", f"{self.name}@{ours}", f"{self.name}/{ours}"],
            ]
        group = self.name.partition("/")[0]
        # Two XFS of one UUID are mounted side by side only with nouuid (xfs(5)).
        options = ["-o", "nouuid"] if self.filesystem == "xfs" else []
        return [
            ["lvcreate", "--quiet", "--snapshot", "--setactivationskip", "n", "--name", ours, self.name],
            ["mount", *options, f"/dev/{group}/{ours}", str(place)],
        ]

    def remove_commands(self, name: str, *, place: Path) -> list[list[str]]:
        """What undoes `make_commands`, from whichever of its steps on."""
        ours = f"rehearse-{name}"
        if self.kind == "zfs":
            return [["zfs", "destroy", "-f", f"{self.name}/{ours}"], ["zfs", "destroy", f"{self.name}@{ours}"]]
        return [["umount", str(place)], ["lvremove", "--quiet", "--yes", f"{self.name.partition('/')[0]}/{ours}"]]


def find_volume(folder: Path, *, is_root: bool | None = None) -> Volume | None:
    """The volume with thin clones that holds `folder`; None where there is none, or this user may not mount one."""
    if not (os.geteuid() == 0 if is_root is None else is_root):
        return None
    return _zfs(folder) or _lvm(folder)


def make_thin(volume: Volume, source: Path, target: Path) -> None:
    """Let `target`, in a folder of a clone, be a link to `source` in a new clone of `volume`, which holds it.

    SandboxError where a command fails; nothing is left then.
    """
    owner = target.parent
    note, place = _note(owner), _place(owner)
    place.parent.mkdir(mode=0o711, exist_ok=True)
    note.touch(mode=0o600)
    note.write_text(json.dumps(asdict(volume)), encoding="utf-8")
    place.mkdir(mode=0o711)
    try:
        for command in volume.make_commands(owner.name, place=place):
            _run(command)
        target.symlink_to(place / source.resolve().relative_to(volume.mounted_at))
        _check_holds(volume, target)
    except BaseException:
        target.unlink(missing_ok=True)
        release_thin(owner)
        raise


def release_thin(owner: Path) -> None:
    """Destroy the volume that the clone in the folder `owner` lives on, if it lives on one; safe to call twice."""
    note, place = _note(owner), _place(owner)
    if not note.exists():
        return
    volume = _read(note)
    for command in volume.remove_commands(owner.name, place=place) if volume else ():
        # A step that was never done cannot be undone; what matters is that nothing is mounted any more.
        subprocess.run(command, capture_output=True, check=False, timeout=_TIMEOUT_S)
    if place.is_mount():
        raise SandboxError(
            f"{place} is still mounted: its clone could not be destroyed", hint="end what uses it; then `rehearse gc`"
        )
    shutil.rmtree(place, ignore_errors=True)
    note.unlink()


def _check_holds(volume: Volume, data: Path) -> None:
    if not (data / "PG_VERSION").exists():
        raise SandboxError(f"the clone of {volume.name} does not hold the snapshot")


def _place(owner: Path) -> Path:
    return owner.parent.parent / _FOLDER / owner.name


def _note(owner: Path) -> Path:
    return owner.parent.parent / _FOLDER / f"{owner.name}.json"


def _read(note: Path) -> Volume | None:
    try:
        volume = Volume(**json.loads(note.read_text(encoding="utf-8")))
    except (ValueError, TypeError):
        return None  # a killed run wrote half of it, and then made nothing
    return volume if volume.kind in _KINDS and _NAME.fullmatch(volume.name) else None


def _zfs(folder: Path) -> Volume | None:
    if not shutil.which("zfs"):
        return None
    name, _, mounted_at = _ask(["zfs", "list", "-H", "-o", "name,mountpoint", str(folder)]).partition("\t")
    return _checked("zfs", name, mounted_at, "zfs", folder)


def _lvm(folder: Path) -> Volume | None:
    if not (shutil.which("lvs") and shutil.which("findmnt")):
        return None
    device, _, rest = _ask(["findmnt", "-n", "-r", "-o", "SOURCE,FSTYPE,TARGET", "--target", str(folder)]).partition(
        " "
    )
    filesystem, _, mounted_at = rest.partition(" ")
    if not device.startswith("/dev/"):
        return None
    fields = _ask(["lvs", "--noheadings", "--separator", "\t", "-o", "vg_name,lv_name,pool_lv", device]).split("\t")
    if len(fields) != 3 or not fields[2]:  # without a thin pool every write would be copied twice
        return None
    return _checked("lvm", f"{fields[0]}/{fields[1]}", mounted_at, filesystem, folder)


def _checked(kind: str, name: str, mounted_at: str, filesystem: str, folder: Path) -> Volume | None:
    holds = mounted_at.startswith("/") and folder.resolve().is_relative_to(mounted_at)
    return Volume(kind, name, mounted_at, filesystem) if holds and _NAME.fullmatch(name) else None


def _ask(command: list[str]) -> str:
    """What a command that only looks prints; "" where it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip().split("\n")[0] if done.returncode == 0 else ""


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SandboxError(f"{command[0]} {command[1]} did not run: {error}") from error
    if done.returncode != 0:
        words = done.stderr.strip().splitlines()
        raise SandboxError(f"{command[0]} {command[1]} failed: {words[0][:200] if words else 'it said nothing'}")
