"""The shelf: what is stored under which name; made beside its place and moved there at once, guarded by lock files.

Below the harness's home:

    store/<name>/snapshot.json             what it is
    store/<name>/<content>                 the dump's file or folder, or `data/`
    store/<name>.partial-<pid>/            being made
    store/.locks/<name>.lock               held (shared) by who uses it; its time is when it was last used
    store/.locks/<name>.making             held by who makes it
    store/.locks/<name>.work/              what an interrupted run with a kept key can go on with
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.model.errors import SnapshotError
from harness.snapshot.locks import hold_until_exit, locked, locked_at_once, shared
from harness.snapshot.store.content import FILE_MODE, FOLDER_MODE, disk_full_explained
from harness.snapshot.store.entry import ENTRY_FILE, Entry, check_name, encode_entry, read_entry
from harness.spec.decode import nearest

_PARTIAL = ".partial-"


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored snapshot: what is written about it, where it is, when it was last used (seconds since the epoch)."""

    entry: Entry
    folder: Path
    last_used_s: float

    @property
    def name(self) -> str:
        """What it is called here."""
        return self.folder.name

    @property
    def content(self) -> Path:
        """The dump's file or folder, or the data directory."""
        return self.folder / self.entry.content


class Shelf:
    """The named snapshots of one home. Safe to use from several processes."""

    def __init__(self, home: Path) -> None:
        self.root = home / "store"
        self._locks = self.root / ".locks"

    def names(self) -> list[str]:
        """What is stored, sorted."""
        if not self.root.is_dir():
            return []
        return sorted(p.name for p in self.root.iterdir() if "." not in p.name and (p / ENTRY_FILE).is_file())

    def all(self) -> list[Stored]:
        """Every stored snapshot, sorted by name; what another process removes meanwhile is left out."""
        found = []
        for name in self.names():
            try:
                found.append(self._read(name))
            except SnapshotError:
                if (self.root / name / ENTRY_FILE).exists():
                    raise
        return found

    def get(self, name: str) -> Stored:
        """The snapshot of that name. SnapshotError names the nearest one where there is none."""
        check_name(name)
        if not (self.root / name / ENTRY_FILE).is_file():
            raise unknown(name, self.names())
        return self._read(name)

    def use(self, name: str) -> Stored:
        """The snapshot, which nobody may remove or replace before this process ends."""
        self.get(name)
        hold_until_exit(self._lock(name))
        os.utime(self._lock(name))
        return self.get(name)

    @contextmanager
    def reading(self, name: str) -> Iterator[Stored]:
        """The snapshot, which nobody may remove or replace meanwhile."""
        self.get(name)
        with shared(self._lock(name)):
            yield self.get(name)

    @contextmanager
    def making(self, name: str, *, replace: bool = False) -> Iterator[Path]:
        """A private folder for a new snapshot, removed again unless `publish` has moved it to its place.

        SnapshotError where the name is taken (and not `replace`) or another process makes it just now.
        """
        check_name(name)
        self._make_root()
        with locked_at_once(self._locks / f"{name}.making") as mine:
            if not mine:
                raise SnapshotError(f"the snapshot {name} is being made by another process", hint="wait for it")
            self._refuse_taken(name, replace=replace)
            self._remove_partials(name)
            partial = self.root / f"{name}{_PARTIAL}{os.getpid()}"
            try:
                with disk_full_explained(self.root):
                    partial.mkdir(mode=FOLDER_MODE)
                    yield partial
            finally:
                shutil.rmtree(partial, ignore_errors=True)

    @contextmanager
    def continued(self, name: str) -> Iterator[Path]:
        """A folder for long work on `name` whose content an interruption leaves alone; only while `making` it."""
        place = self._locks / f"{name}.work"
        place.mkdir(mode=FOLDER_MODE, exist_ok=True)
        try:
            yield place
        finally:
            if not any(place.iterdir()):
                place.rmdir()

    def publish(self, partial: Path, entry: Entry, *, replace: bool = False) -> Stored:
        """Write `snapshot.json` and move the folder to its place, complete or not at all."""
        place = self.root / entry.name
        with disk_full_explained(self.root):
            write_durably(partial / ENTRY_FILE, encode_entry(entry))
        with ExitStack() as stack:
            stack.enter_context(self.changing())
            if not stack.enter_context(locked_at_once(self._lock(entry.name))):
                raise in_use(entry.name, "replaced")
            self._refuse_taken(entry.name, replace=replace)
            old = self.root / f"{entry.name}{_PARTIAL}old-{os.getpid()}"
            if place.exists():
                place.rename(old)
            partial.rename(place)
            _sync_folder(self.root)
            os.utime(self._lock(entry.name))
            shutil.rmtree(old, ignore_errors=True)
        return self._read(entry.name)

    def remove(self, name: str) -> Stored:
        """Remove the snapshot; says what it was. SnapshotError where somebody uses it."""
        stored = self.get(name)
        with self.changing(), locked_at_once(self._lock(name)) as free:
            if not free:
                raise in_use(name, "removed")
            # Gone at once under its name; an interrupted removal is finished by the next command.
            doomed = self.root / f"{name}{_PARTIAL}old-{os.getpid()}"
            stored.folder.rename(doomed)
            shutil.rmtree(doomed)
        return stored

    def is_used(self, name: str) -> bool:
        """Whether somebody uses it at this moment."""
        with locked_at_once(self._lock(name)) as free:
            return not free

    def collect(self) -> list[str]:
        """Remove what killed processes left half-made; says what."""
        removed = []
        for partial in sorted(self.root.glob(f"*{_PARTIAL}*")) if self.root.is_dir() else []:
            making = self._locks / f"{partial.name.split(_PARTIAL)[0]}.making"
            with self.changing(), locked_at_once(making) as free:
                if free and partial.exists():
                    shutil.rmtree(partial)
                    removed.append(f"half-made snapshot {partial}")
        for work in sorted(self._locks.glob("*.work")):
            with locked_at_once(work.with_suffix(".making")) as free:
                if free:
                    shutil.rmtree(work, ignore_errors=True)
                    removed.append(f"unfinished work on the snapshot {work.stem}")
        return removed

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Alone in changing what the shelf holds; short work only."""
        self._make_root()
        with locked(self._locks / ".shelf"):
            yield

    def _make_root(self) -> None:
        self.root.parent.mkdir(parents=True, exist_ok=True)
        self.root.mkdir(mode=FOLDER_MODE, exist_ok=True)
        self._locks.mkdir(mode=FOLDER_MODE, exist_ok=True)

    def _lock(self, name: str) -> Path:
        return self._locks / f"{name}.lock"

    def _read(self, name: str) -> Stored:
        folder = self.root / name
        try:
            used = self._lock(name).stat().st_mtime
        except FileNotFoundError:
            used = 0.0
        return Stored(entry=read_entry(folder), folder=folder, last_used_s=used)

    def _refuse_taken(self, name: str, *, replace: bool) -> None:
        if (self.root / name).exists() and not replace:
            raise SnapshotError(
                f"there is a snapshot {name} already",
                hint=f"choose another name, give --replace, or `rehearse snapshot remove {name}`",
            )

    def _remove_partials(self, name: str) -> None:
        """What a killed process left under this name, which is ours to make now."""
        for leftover in self.root.glob(f"{name}{_PARTIAL}*"):
            shutil.rmtree(leftover)


def unknown(name: str, names: list[str], *, also: str = "") -> SnapshotError:
    """The error for a snapshot that is not stored, with the nearest name; `also` adds what else it is not."""
    return SnapshotError(
        f"there is no stored snapshot {name!r}{also}{nearest(name, names)}",
        hint="`rehearse snapshot list` shows what is stored" if names else "`rehearse snapshot create` makes one",
    )


def in_use(name: str, what: str) -> SnapshotError:
    """The error for a snapshot that cannot be removed or replaced now."""
    return SnapshotError(
        f"the snapshot {name} is in use by a running rehearsal and cannot be {what}", hint="wait until it has ended"
    )


def write_durably(path: Path, content: bytes) -> None:
    """Write a file of this user's only, through to the disk."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE_MODE), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
