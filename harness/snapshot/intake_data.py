"""Taking in a server's files as they are: a stopped cluster's data directory, or a base backup in plain format."""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.model.errors import SnapshotError
from harness.postgres.ports import Progress
from harness.snapshot.intake import DATA_CONTENT, Taken
from harness.snapshot.store.content import FOLDER_MODE, copy_in
from harness.snapshot.store.entry import DATA_DIRECTORY, Source

# Everything a server needs to start (manual, 68.1) and nothing else: settings, keys and logs stay where they are.
_KEPT: Final = frozenset({"PG_VERSION", "backup_label", "base", "global"})
_NOT_KEPT: Final = frozenset({"pg_hba.conf", "pg_ident.conf", "pg_log", "pg_tblspc"})
# What pg_basebackup leaves out, too: replication slots would keep WAL for consumers that do not exist here.
_EMPTIED: Final = frozenset(
    {"pg_dynshmem", "pg_notify", "pg_replslot", "pg_serial", "pg_snapshots", "pg_stat_tmp", "pg_subtrans"}
)
_TEMPORARY: Final = ("pgsql_tmp", "pg_internal.init")
# ControlFileData of pg_control.h: system identifier, version of the file, catalog version, DBState.
_CONTROL: Final = struct.Struct("=QIIi")
_SHUT_DOWN: Final = {1, 2}  # DB_SHUTDOWNED, DB_SHUTDOWNED_IN_RECOVERY


@dataclass(frozen=True, slots=True)
class DataDirectory:
    """A data directory that can be taken in: its major version, and whether it is a base backup."""

    path: Path
    major: int
    is_backup: bool


def recognise_data_directory(path: Path) -> DataDirectory:
    """What the folder is. SnapshotError where it is none, or where copying it would give no whole database."""
    try:
        version = (path / "PG_VERSION").read_text(encoding="ascii").strip()
        control = (path / "global" / "pg_control").read_bytes()[: _CONTROL.size]
    except (FileNotFoundError, NotADirectoryError):
        tar = path.is_dir() and any(path.glob("base.tar*"))
        raise SnapshotError(
            f"{path} is not a data directory: it has no PG_VERSION and global/pg_control",
            hint="that is a base backup in tar format: unpack it, or make it with pg_basebackup -Fp"
            if tar
            else "name the server's data directory (SHOW data_directory), or what pg_basebackup -Fp wrote",
        ) from None
    except OSError as error:
        raise SnapshotError(
            f"{error.filename} cannot be read: {error.strerror}", hint="run as the owner of the data directory"
        ) from None
    if not version.isdigit() or len(control) < _CONTROL.size:
        raise SnapshotError(f"{path} is of PostgreSQL {version[:20]!r}, which this version cannot take in")
    is_backup = (path / "backup_label").is_file()
    _refuse_unsafe(path, state=_CONTROL.unpack(control)[3], is_backup=is_backup)
    return DataDirectory(path=path, major=int(version), is_backup=is_backup)


def take_data_directory(path: Path, partial: Path, *, database: str = "", on_progress: Progress | None = None) -> Taken:
    """Copy the data directory into `partial`, with the physical layout and bloat it has.

    `database` is the one to rehearse on, "" for the only one there is.
    """
    found = recognise_data_directory(path)
    target = partial / DATA_CONTENT
    target.mkdir(mode=FOLDER_MODE)
    pairs = []
    for source in _kept(path):
        place = target / source.relative_to(path)
        if source.is_dir():
            place.mkdir(mode=FOLDER_MODE)
        else:
            pairs.append((source, place))
    copy_in(pairs, on_progress=on_progress)
    (target / "pg_tblspc").mkdir(mode=FOLDER_MODE)
    if (path / "postmaster.pid").exists() and _runs(path):
        raise SnapshotError(f"the server of {path} was started while it was copied", hint="stop it and try again")
    return Taken(
        kind=DATA_DIRECTORY,
        content=DATA_CONTENT,
        source=Source(
            kind="base backup" if found.is_backup else "data directory",
            server_version=str(found.major),
            dbname=database,
        ),
    )


def _kept(path: Path) -> Iterator[Path]:
    """Folders before what is in them; pg_wal may be a link to another disk."""
    for top in sorted(path.iterdir()):
        if top.name not in _KEPT and (not top.name.startswith("pg_") or top.name in _NOT_KEPT):
            continue
        yield top
        if top.is_dir() and top.name not in _EMPTIED:
            for folder, folders, names in os.walk(top):
                folders[:] = sorted(name for name in folders if not name.startswith(_TEMPORARY))
                yield from (Path(folder, name) for name in folders)
                yield from (Path(folder, name) for name in sorted(names) if not name.startswith(_TEMPORARY))


def _refuse_unsafe(path: Path, *, state: int, is_backup: bool) -> None:
    if _runs(path):
        raise SnapshotError(
            f"the server of {path} is running: its files change while they are copied",
            hint="stop it, or take a base backup of it: pg_basebackup -Fp -D FOLDER",
        )
    if not is_backup and state not in _SHUT_DOWN:
        raise SnapshotError(
            f"the server of {path} was not shut down cleanly, and there is no backup_label: it may be half a copy",
            hint="start and stop the server once, or take a base backup: pg_basebackup -Fp -D FOLDER",
        )
    outside = [one.name for one in (path / "pg_tblspc").glob("*")] or (path / "tablespace_map").is_file()
    if outside:
        raise SnapshotError(
            f"{path} has tablespaces outside of it", hint="dump the database instead: rehearse snapshot create --dsn …"
        )
    if is_backup and b"INCREMENTAL FROM" in (path / "backup_label").read_bytes():
        raise SnapshotError(f"{path} is an incremental backup", hint="make it whole with pg_combinebackup first")


def _runs(path: Path) -> bool:
    try:
        pid = int((path / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])
        os.kill(pid, 0)
    except (OSError, ValueError) as error:
        return isinstance(error, PermissionError)
    return True
