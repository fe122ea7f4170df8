"""Keeping the store within its limit: prepared copies that can be made again go first, then whole snapshots."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from harness.model.errors import SnapshotError
from harness.model.units import format_bytes, parse_size
from harness.snapshot.locks import locked_at_once
from harness.snapshot.store.shelf import Shelf, Stored

LIMIT_VARIABLE: Final = "REHEARSE_STORE_LIMIT"
_DEFAULT_SHARE: Final = 2  # the store may take half of its disk

Forget = Callable[[str], None]
"""Removes what the engines keep under a digest."""


class _Note(msgspec.Struct, frozen=True, kw_only=True):
    """What `prepared/<digest>.json` says of a prepared copy: from which stored content, "" for none."""

    stored: str = ""
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Copy:
    """A prepared copy that an engine keeps under `digest`, made from the stored content `stored`."""

    digest: str
    stored: str
    size_bytes: int
    note: Path


@dataclass(frozen=True, slots=True)
class Used:
    """What the store takes, in bytes: the snapshots, their prepared copies, and what both may take together."""

    entries_bytes: int
    copies_bytes: int
    limit_bytes: int

    @property
    def over_bytes(self) -> int:
        """How much too much it is; 0 or less where it fits."""
        return self.entries_bytes + self.copies_bytes - self.limit_bytes


def store_limit(home: Path, *, given: str = "", environment: Mapping[str, str] = os.environ) -> int:
    """Bytes that the store may take: `given` like "50GB", else REHEARSE_STORE_LIMIT, else half of the disk.

    SnapshotError where that is no size.
    """
    text = given or environment.get(LIMIT_VARIABLE, "")
    if not text:
        place = next(folder for folder in (home, *home.parents) if folder.exists())
        return shutil.disk_usage(place).total // _DEFAULT_SHARE
    try:
        return parse_size(text)
    except ValueError as error:
        raise SnapshotError(f"{'--limit' if given else LIMIT_VARIABLE}: {error}") from None


def used(shelf: Shelf, home: Path, *, limit_bytes: int) -> Used:
    """What the store takes now."""
    return Used(
        entries_bytes=sum(stored.entry.size_bytes for stored in shelf.all()),
        copies_bytes=sum(copy.size_bytes for copy in prepared_copies(home)),
        limit_bytes=limit_bytes,
    )


def prepared_copies(home: Path) -> list[Copy]:
    """The prepared copies that were made from stored snapshots."""
    found = []
    for path in sorted((home / "prepared").glob("*.json")):
        try:
            note = msgspec.json.decode(path.read_bytes(), type=_Note)
        except (OSError, msgspec.DecodeError):
            continue
        if note.stored:
            found.append(Copy(digest=path.stem, stored=note.stored, size_bytes=note.size_bytes, note=path))
    return found


def sweep(shelf: Shelf, home: Path, *, forget: Forget) -> list[str]:
    """Remove the prepared copies of snapshots that are not stored any more; says what was removed."""
    there = {stored.entry.digest for stored in shelf.all()}
    gone = [copy for copy in prepared_copies(home) if copy.stored not in there]
    return [
        f"prepared copy of a removed snapshot ({format_bytes(copy.size_bytes)})"
        for copy in gone
        if _drop_copy(copy, forget=forget)
    ]


def make_room(shelf: Shelf, home: Path, *, limit_bytes: int, forget: Forget, keep: str = "") -> list[str]:
    """Remove the least recently used until the store fits; never what is in use, nor the snapshot `keep`.

    Says what was removed, and how much it still takes too much where that was not enough.
    """
    removed = sweep(shelf, home, forget=forget)
    for line in _evictions(shelf, home, forget=forget, keep=keep):
        if line:
            removed.append(line)
        if used(shelf, home, limit_bytes=limit_bytes).over_bytes <= 0:
            return removed
    over = used(shelf, home, limit_bytes=limit_bytes).over_bytes
    return [*removed, f"nothing more: the rest is in use, and {format_bytes(over)} over the limit"]


def _evictions(shelf: Shelf, home: Path, *, forget: Forget, keep: str) -> Iterator[str]:
    """One removal at a time, "" for none; the caller stops when it is enough."""
    yield ""
    oldest = sorted(shelf.all(), key=lambda one: one.last_used_s)
    for stored in oldest:
        for copy in prepared_copies(home):
            if copy.stored == stored.entry.digest and _drop_copy(copy, forget=forget):
                yield f"prepared copy of {stored.name} ({format_bytes(copy.size_bytes)}): made again when needed"
    for stored in oldest:
        if stored.name != keep and _drop_entry(shelf, stored):
            sweep(shelf, home, forget=forget)
            yield f"snapshot {stored.name} ({format_bytes(stored.entry.size_bytes)}), the least recently used"


def _drop_entry(shelf: Shelf, stored: Stored) -> bool:
    try:
        shelf.remove(stored.name)
    except SnapshotError:
        return False  # in use, or gone meanwhile
    return True


def _drop_copy(copy: Copy, *, forget: Forget) -> bool:
    with locked_at_once(in_use_lock(copy.note)) as free:
        if not free:
            return False
        forget(copy.digest)
        copy.note.unlink(missing_ok=True)
    return True


def in_use_lock(note: Path) -> Path:
    """The lock file that a run holds while it clones the prepared copy with this note."""
    return note.with_suffix(".used")
