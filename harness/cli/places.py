"""Where state and reports go unless the caller says otherwise."""

import os
from pathlib import Path

SYSTEM_HOME = Path("/var/cache/rehearse")


def state_home() -> Path:
    """REHEARSE_HOME, else the user's cache folder; for root a folder that the servers' own account can reach."""
    if chosen := os.environ.get("REHEARSE_HOME"):
        return Path(chosen).absolute()
    if os.geteuid() == 0:
        return SYSTEM_HOME
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "rehearse"


def reports_folder() -> Path:
    """`reports/` below the current folder."""
    return Path("reports")


def point_latest(run_directory: Path) -> None:
    """Let `latest` beside the run directory point at it, where the filesystem has symbolic links."""
    link = run_directory.parent / "latest"
    fresh = link.with_name(f".latest-{run_directory.name}")
    try:
        fresh.symlink_to(run_directory.name, target_is_directory=True)
        fresh.replace(link)
    except OSError:
        fresh.unlink(missing_ok=True)
