"""What this machine has, for `rehearse doctor`: measured, not guessed."""

import os
import secrets
import shutil
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.model.errors import SandboxError
from harness.postgres.ports import CloneReport
from harness.sandbox.clone import copy_data
from harness.sandbox.docker_client import engine_answers
from harness.sandbox.thin import find_volume, release_thin

# The probe: enough that the time of a copy shows its rate, in files as large as a small table.
_PROBE_BYTES: Final = 256 * 1024 * 1024
_FILE_BYTES: Final = 16 * 1024 * 1024
# A slow disk ends the writing of it; the probe is then as large as what was written by then.
_WRITING_S: Final = 4.0

_METHODS: Final = {
    "reflink": "reflink: files share their extents, a clone takes the same short time whatever the size",
    "zfs": "zfs: a snapshot and a clone of the dataset, the same short time whatever the size",
    "lvm": "lvm: a thin snapshot of the logical volume, the same short time whatever the size",
    "copy": "copy: a clone takes as long as copying the data, by several threads",
}


@dataclass(frozen=True, slots=True)
class CloneProbe:
    """A clone that was really made: how, of what, how fast, and how to get a better one ("" where there is none)."""

    report: CloneReport
    advice: str

    @property
    def text(self) -> str:
        """The method in a sentence."""
        return _METHODS[self.report.method]

    @property
    def bytes_per_s(self) -> float:
        """Rate of the probe's clone."""
        return self.report.size_bytes / max(self.report.duration_ns / 1e9, 1e-9)


def docker_state() -> str:
    """Whether a Docker engine answers, and what to do where none does."""
    if engine_answers():
        return "an engine answers"
    if shutil.which("docker"):
        return "the client is here, but no engine answers: start dockerd (.ci/docker-engine does it on Debian)"
    return "not here: the embedded server is used"


def probe_clone(home: Path, *, size_bytes: int = _PROBE_BYTES) -> CloneProbe:
    """Clone up to `size_bytes` of random data below `home`, as an engine would, and remove it.

    Less where the disk writes slowly or is nearly full. SandboxError where nothing can be written.
    """
    home.mkdir(parents=True, exist_ok=True)
    room = home / "clones"
    had_room = room.exists()
    room.mkdir(mode=0o700, exist_ok=True)
    owner = room / f"probe-{secrets.token_hex(4)}"
    size_bytes = min(size_bytes, shutil.disk_usage(home).free // 4)
    try:
        with tempfile.TemporaryDirectory(dir=home, prefix="probe-") as scratch:
            owner.mkdir(mode=0o700)
            written = _fill(Path(scratch) / "data", size_bytes)
            report = copy_data(Path(scratch) / "data", owner / "data", size_bytes=written, disposable=True)
    except OSError as error:
        raise SandboxError(f"{home}: {error.strerror}", hint="free some space, or set REHEARSE_HOME") from error
    finally:
        release_thin(owner)
        shutil.rmtree(owner, ignore_errors=True)
        if not had_room:
            with suppress(OSError):  # a run that began meanwhile has something in it
                room.rmdir()
    return CloneProbe(report=report, advice=_advice(report.method, home))


def _fill(data: Path, size_bytes: int) -> int:
    """Write the probe and flush it, so that its clone does not wait for it; the bytes written."""
    data.mkdir()
    (data / "PG_VERSION").write_text("0\n", encoding="utf-8")
    block = os.urandom(1024 * 1024)
    written = 0
    deadline = time.monotonic() + _WRITING_S
    while written < size_bytes and time.monotonic() < deadline:
        with (data / str(written)).open("wb") as file:
            for _ in range(min(_FILE_BYTES, size_bytes - written) // len(block)):
                written += file.write(block)
            file.flush()
            os.fsync(file.fileno())
        if size_bytes - written < len(block):
            break
    return written


def _advice(method: str, home: Path) -> str:
    if method != "copy":
        return ""
    if find_volume(home):
        return "this volume has thin clones, but making one failed: look at its rights and at the room in its pool"
    return (
        "at once whatever the size: a home (REHEARSE_HOME) on XFS, btrfs or APFS, or a volume of that kind"
        " in a file: rehearse doctor --make-store 100G shows how"
    )
