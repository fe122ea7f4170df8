"""Where the tests' servers have their files."""

import os
import shutil
from pathlib import Path

_MEMORY = Path("/dev/shm")  # noqa: S108 - its only use is a folder made by mkdtemp
_ENOUGH_BYTES = 10 * 1024**3


def place_for_servers() -> Path | None:
    """Memory where there is enough of it, else None for the usual place.

    What is tested is not the disk, and making and removing a thousand files for each server takes a third of the time.
    """
    try:
        free = shutil.disk_usage(_MEMORY).free
    except OSError:
        return None
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    enough = free >= _ENOUGH_BYTES and memory >= 2 * _ENOUGH_BYTES and os.access(_MEMORY, os.W_OK)
    return _MEMORY if enough else None
