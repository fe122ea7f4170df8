"""Everything that killed runs left behind, whatever engine they used."""

from pathlib import Path

from harness.sandbox.docker import collect_containers
from harness.sandbox.docker_client import engine_answers
from harness.sandbox.leftovers import collect_folders

FOLDERS = ("servers", "clones", "private")
"""Below the harness's home: what belongs to one run each."""


def collect_everything(home: Path) -> list[str]:
    """Remove servers, containers, volumes and folders of runs that are gone; says what was removed."""
    removed = [line for folder in FOLDERS for line in collect_folders(home / folder)]
    return removed + (collect_containers() if engine_answers() else [])
