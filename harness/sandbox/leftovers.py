"""Who made a server, whether that process still lives, and how to end one that nobody owns any more."""

import json
import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from harness.sandbox.thin import release_thin

OWNER_FILE = "owner.json"
# An immediate shutdown takes milliseconds; after this the processes are killed.
_GRACE_S = 10.0
# Between making a folder and naming its owner lie microseconds; whoever needs longer is dead.
_UNBORN_S = 600.0


@dataclass(frozen=True, slots=True)
class Owner:
    """A process by pid and start time: a pid alone is used again by the next process that comes along."""

    pid: int
    started: str

    @classmethod
    def here(cls) -> "Owner":
        """This process."""
        return cls.of(os.getpid())

    @classmethod
    def of(cls, pid: int) -> "Owner":
        """The process of this pid; `started` is "" where there is none."""
        return cls(pid=pid, started=_started(pid))

    @classmethod
    def parse(cls, label: str) -> "Owner":
        """The owner whose `label` this is; one that never lives where the text is not a label."""
        pid, _, started = label.partition(":")
        return cls(pid=int(pid) if pid.isdigit() else 0, started=started)

    @property
    def label(self) -> str:
        """`pid:start`, for the label of a container or a volume."""
        return f"{self.pid}:{self.started}"

    @property
    def alive(self) -> bool:
        """Whether that very process still runs."""
        return self.pid > 0 and self.started != "" and _started(self.pid) == self.started

    def is_gone(self, *, ours: bool = False) -> bool:
        """Whether nobody needs what it owns any more; `ours` says that this process does not either."""
        return not self.alive or (ours and self.pid == os.getpid())


def new_owned_folder(parent: Path, name: str) -> Path:
    """A new folder that says from its first moment that this process owns it; only this user can enter it."""
    owner = Owner.here()
    unborn = parent / f".{name}"
    try:
        unborn.mkdir(mode=0o700)
        (unborn / OWNER_FILE).write_text(json.dumps({"pid": owner.pid, "started": owner.started}), encoding="utf-8")
        return unborn.rename(parent / name)
    except BaseException:  # Ctrl-C too: a folder without an owner is left alone for a long time
        remove_tree(unborn)
        raise


def owner_of(folder: Path) -> Owner:
    """The owner of `folder`; one that never lives where none was written or the file was cut short."""
    try:
        fields = json.loads((folder / OWNER_FILE).read_text(encoding="utf-8"))
        return Owner(pid=int(fields["pid"]), started=str(fields["started"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Owner(pid=0, started="")


def collect_folders(parent: Path, *, ours: bool = False) -> list[str]:
    """End the servers in and remove those folders of `parent` whose owner is gone; says what was removed.

    `ours`: those of this process too.
    """
    removed = []
    for folder in sorted(parent.iterdir()) if parent.is_dir() else []:
        if not folder.is_dir() or not owner_of(folder).is_gone(ours=ours) or _unborn(folder):
            continue
        ended = end_server(folder / "data")
        release_thin(folder)
        remove_tree(folder)
        removed.append(f"folder {folder}" + (f" and its server (pid {ended})" if ended else ""))
    return removed


def _unborn(folder: Path) -> bool:
    """Whether another process may be about to write itself down as the owner."""
    return folder.name.startswith(".") and time.time() - folder.stat().st_mtime < _UNBORN_S


def end_server(data: Path) -> int:
    """Shut down at once the server whose data directory this is; its pid, 0 where none runs."""
    pid = postmaster_pid(data)
    if pid == 0:
        return 0
    os.kill(pid, signal.SIGQUIT)
    deadline = time.monotonic() + _GRACE_S
    while postmaster_pid(data) == pid:
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            break
        time.sleep(0.01)
    return pid


def postmaster_pid(data: Path) -> int:
    """The pid of the running server of this data directory, 0 where none runs."""
    try:
        pid = int((data / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])
    except (OSError, ValueError):
        return 0
    # The file outlives a killed server, and its pid may by now be somebody else's.
    return pid if str(data) in _command_line(pid) else 0


def remove_tree(folder: Path) -> None:
    """Remove a folder that may be gone already."""
    if folder.exists():
        shutil.rmtree(folder)


def _started(pid: int) -> str:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "" if Path("/proc/self/stat").exists() else _ps(pid, "lstart")
    # The name in parentheses may hold spaces; state is the third field and the start time the 22nd (proc(5)).
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] in ("Z", "X") else fields[19]


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return "" if Path("/proc/self/stat").exists() else _ps(pid, "command")


def _ps(pid: int, column: str) -> str:
    done = subprocess.run(["ps", "-o", f"{column}=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return done.stdout.strip().replace(":", ".")
