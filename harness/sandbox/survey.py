"""What this machine has, for `rehearse doctor`: measured, not guessed."""

import shutil
import tempfile
from pathlib import Path

from harness.sandbox.clone import can_reflink
from harness.sandbox.docker_client import engine_answers


def docker_state() -> str:
    """Whether a Docker engine answers, and what to do where none does."""
    if engine_answers():
        return "an engine answers"
    if shutil.which("docker"):
        return "the client is here, but no engine answers: start dockerd (.ci/docker-engine does it on Debian)"
    return "not here: the embedded server is used"


def clone_method(home: Path) -> tuple[str, str]:
    """How snapshots are copied below `home`, found out by doing it; and how to get the better way, "" where it is."""
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home, prefix="probe-") as folder:
        (Path(folder) / "PG_VERSION").write_text("0\n", encoding="utf-8")
        reflink = can_reflink(Path(folder), Path(folder))
    if reflink:
        return "reflink: a clone takes the same short time whatever the size", ""
    return (
        "copy: a clone takes as long as copying the data",
        "a home on XFS, btrfs or APFS clones at once: set REHEARSE_HOME to a folder there",
    )
