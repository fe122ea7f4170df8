"""Everything that killed runs left behind, whatever engine they used."""

from pathlib import Path

from harness.sandbox.docker import collect_containers, forget_volume
from harness.sandbox.docker_client import engine_answers
from harness.sandbox.leftovers import collect_folders, remove_tree

FOLDERS = ("servers", "clones", "private")
"""Below the harness's home: what belongs to one run each."""


def collect_everything(home: Path, *, ours: bool = False) -> list[str]:
    """Remove servers, containers, volumes and folders of runs that are gone; says what was removed.

    `ours`: those of this process too, which is about to end.
    """
    removed = [line for folder in FOLDERS for line in collect_folders(home / folder, ours=ours)]
    return removed + (collect_containers(ours=ours) if engine_answers() else [])


def forget_snapshot(home: Path, digest: str) -> None:
    """Remove what any engine of this machine keeps under `digest`."""
    remove_tree(home / "snapshots" / digest)
    forget_volume(home, digest)
