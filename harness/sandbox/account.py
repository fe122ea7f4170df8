"""The operating system account that runs embedded servers: PostgreSQL refuses to run as root."""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from harness.model.errors import SandboxError

# Debian's package makes `postgres`; `nobody` is everywhere.
_UNPRIVILEGED = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """A user and group by number, and whether this process must change to it."""

    uid: int
    gid: int
    name: str
    changes: bool

    @property
    def switch_uid(self) -> int | None:
        """What `subprocess` is to change the user to; None: stay."""
        return self.uid if self.changes else None

    @property
    def switch_gid(self) -> int | None:
        """What `subprocess` is to change the group to; None: stay."""
        return self.gid if self.changes else None

    @property
    def switch_groups(self) -> list[str | int] | None:
        """No supplementary group goes along with a change of user; None: stay."""
        return [] if self.changes else None

    @classmethod
    def for_servers(cls) -> "Account":
        """This process's own account, or an unprivileged one where this process is root's."""
        if os.geteuid() != 0:
            return cls(uid=os.geteuid(), gid=os.getegid(), name="this user", changes=False)
        for name in _UNPRIVILEGED:
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            return cls(uid=entry.pw_uid, gid=entry.pw_gid, name=name, changes=True)
        raise SandboxError(
            "PostgreSQL does not run as root, and this machine has neither a user postgres nor a user nobody",
            hint="run as an ordinary user, or use the docker engine",
        )

    def make_folder(self, path: Path) -> None:
        """Make a folder that only this account (and root) can enter."""
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.own(path)

    def own(self, path: Path) -> None:
        """Hand `path` over to this account."""
        if self.changes:
            os.chown(path, self.uid, self.gid)

    def unreachable(self, path: Path) -> Path | None:
        """The first folder above `path` that this account cannot pass through, None where it reaches `path`."""
        if not self.changes:
            return None
        for folder in reversed(path.resolve().parents):
            mode = folder.stat()
            owned = mode.st_uid == self.uid and mode.st_mode & stat.S_IXUSR
            grouped = mode.st_gid == self.gid and mode.st_mode & stat.S_IXGRP
            if not (owned or grouped or mode.st_mode & stat.S_IXOTH):
                return folder
        return None
