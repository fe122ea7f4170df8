"""Whether a snapshot still is what was stored: by sizes and times before each use, by every digest on demand."""

from dataclasses import dataclass

from harness.model.errors import SnapshotError
from harness.postgres.ports import Progress
from harness.snapshot.store.content import digest_files, files_below
from harness.snapshot.store.shelf import Stored


@dataclass(frozen=True, slots=True)
class Difference:
    """A file below the entry's folder that is `missing`, `unexpected`, of another `size`, or `changed`."""

    file: str
    what: str


def check_quickly(stored: Stored) -> None:
    """SnapshotError names the first file whose size or time is not as stored; reads no content."""
    for name, known in stored.entry.files.items():
        try:
            status = (stored.folder / name).stat()
        except OSError:
            raise _changed(stored, name, "is missing") from None
        if status.st_size != known.size_bytes:
            raise _changed(stored, name, f"has {status.st_size} bytes, not {known.size_bytes}")
        if status.st_mtime_ns != known.mtime_ns:
            raise _changed(stored, name, "was written to after it was stored")


def differences(stored: Stored, *, on_progress: Progress | None = None) -> tuple[Difference, ...]:
    """Every file that is not as stored, by SHA-256 of its content."""
    here = {path.relative_to(stored.folder).as_posix(): path for path in files_below(stored.content)}
    known = stored.entry.files
    found = [Difference(name, "missing") for name in known.keys() - here.keys()]
    found += [Difference(name, "unexpected") for name in here.keys() - known.keys()]
    both = sorted(known.keys() & here.keys())
    sized = [name for name in both if here[name].stat().st_size == known[name].size_bytes]
    found += [Difference(name, "of another size") for name in set(both) - set(sized)]
    now = digest_files(stored.folder, [here[name] for name in sized], on_progress=on_progress)
    found += [Difference(name, "changed") for name in sized if now[name].sha256 != known[name].sha256]
    return tuple(sorted(found, key=lambda one: one.file))


def _changed(stored: Stored, name: str, what: str) -> SnapshotError:
    return SnapshotError(
        f"the snapshot {stored.name} is not what was stored: {name} {what}",
        hint=f"`rehearse snapshot verify {stored.name}` reads every file; remove it and make it again",
    )
