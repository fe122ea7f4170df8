"""Snapshots on their way from one machine to another: a tar file, or a folder, of one entry."""

import shutil
import tarfile
from pathlib import Path

import msgspec

from harness.model.errors import RestoreError, SnapshotError
from harness.postgres.ports import Progress
from harness.snapshot.store.check import differences
from harness.snapshot.store.content import FILE_MODE, FOLDER_MODE, copy_in, disk_full_explained, keep_private
from harness.snapshot.store.entry import ENTRY_FILE, Entry, StoredFile, content_digest, read_entry
from harness.snapshot.store.shelf import Stored
from harness.snapshot.streams import ChunkReader, chunks


def export_tar(stored: Stored, target: Path, *, on_progress: Progress | None = None) -> None:
    """Write the snapshot as one tar file, `snapshot.json` first; SnapshotError where `target` is there already."""
    entry = stored.entry
    partial = target.with_name(f"{target.name}.partial")
    try:
        with disk_full_explained(target.parent), tarfile.open(partial, "x", format=tarfile.PAX_FORMAT) as archive:
            partial.chmod(FILE_MODE)
            archive.add(stored.folder / ENTRY_FILE, f"{entry.name}/{ENTRY_FILE}", filter=_anonymous)
            for folder in sorted(p for p in stored.content.rglob("*") if p.is_dir()) if stored.content.is_dir() else []:
                archive.add(folder, f"{entry.name}/{folder.relative_to(stored.folder)}", False, filter=_anonymous)
            done = 0
            for name, file in sorted(entry.files.items()):
                archive.add(stored.folder / name, f"{entry.name}/{name}", filter=_anonymous)
                done += file.size_bytes
                if on_progress:
                    on_progress("export", done, entry.size_bytes)
        partial.rename(target)
    except FileExistsError:
        raise SnapshotError(
            f"{partial} is there already", hint="another export runs, or was killed: remove it"
        ) from None
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def unpack(source: Path, partial: Path, *, name: str, on_progress: Progress | None = None) -> Entry:
    """Copy the exported snapshot `source` (tar, also .gz or .zst, or a folder) into `partial`, to be stored as `name`.

    Every digest is checked; the entry has the times of the files here. SnapshotError where it is none, not whole, or
    not as digested.
    """
    if source.is_dir():
        _copy_folder(source, partial, on_progress=on_progress)
    elif source.is_file():
        _unpack_tar(source, partial, on_progress=on_progress)
    else:
        raise SnapshotError(f"{source} does not exist")
    keep_private(partial)
    entry = read_entry(partial)
    if content_digest(entry.kind, entry.files) != entry.digest:
        raise SnapshotError(f"{source}: {ENTRY_FILE} was changed: its files do not give its digest")
    found = differences(Stored(entry=entry, folder=partial, last_used_s=0.0), on_progress=on_progress)
    if found:
        rest = f", and {len(found) - 1} more" if len(found) > 1 else ""
        raise SnapshotError(
            f"{source} is not what was exported: {found[0].file} is {found[0].what}{rest}",
            hint="copy it again and compare sizes, or export it again",
        )
    return msgspec.structs.replace(entry, name=name, files=_with_times_here(entry, partial))


def peek_name(source: Path) -> str:
    """The name under which the snapshot was exported. SnapshotError where `source` is no exported snapshot."""
    if source.is_dir():
        return _entry_of_folder(source).name
    if not source.is_file():
        raise SnapshotError(f"{source} does not exist")
    try:
        with tarfile.open(fileobj=ChunkReader(chunks(source)), mode="r|") as archive:  # type: ignore[call-overload]
            first = archive.next()
    except (tarfile.TarError, RestoreError, EOFError):
        first = None
    if first is None or Path(first.name).name != ENTRY_FILE or len(Path(first.name).parts) != 2:
        raise SnapshotError(
            f"{source} is not an exported snapshot",
            hint=f"for a dump: rehearse snapshot create NAME --from {source}",
        )
    return Path(first.name).parts[0]


def _entry_of_folder(source: Path) -> Entry:
    if not (source / ENTRY_FILE).is_file():
        raise SnapshotError(
            f"{source} is not an exported snapshot: it has no {ENTRY_FILE}",
            hint=f"for a dump: rehearse snapshot create NAME --from {source}",
        )
    return read_entry(source)


def _copy_folder(source: Path, partial: Path, *, on_progress: Progress | None) -> None:
    entry = _entry_of_folder(source)
    folders = [p for p in (source / entry.content).rglob("*") if p.is_dir() and not p.is_symlink()]
    for folder in sorted(folders):
        (partial / folder.relative_to(source)).mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    missing = next((name for name in entry.files if not (source / name).is_file()), "")
    if missing:
        raise SnapshotError(f"{source} is not what was exported: {missing} is missing", hint="copy it again")
    names = [ENTRY_FILE, *entry.files]
    copy_in([(source / name, partial / name) for name in names], doing="import", on_progress=on_progress)


def _unpack_tar(source: Path, partial: Path, *, on_progress: Progress | None) -> None:
    peek_name(source)
    size = source.stat().st_size

    def read(done: int) -> None:
        if on_progress:
            on_progress("import", min(done, size), size)

    try:
        with tarfile.open(fileobj=ChunkReader(chunks(source, on_read=read)), mode="r|") as archive:  # type: ignore[call-overload]
            for member in archive:
                _unpack_member(archive, member, partial, source=source)
    except (tarfile.TarError, EOFError, RestoreError):
        raise SnapshotError(f"{source} ends too early", hint="copy it again and compare sizes") from None


def _unpack_member(archive: tarfile.TarFile, member: tarfile.TarInfo, partial: Path, *, source: Path) -> None:
    parts = Path(member.name).parts[1:]
    if member.name.startswith("/") or ".." in parts or not (member.isfile() or member.isdir()):
        raise SnapshotError(f"{source} holds something else than files of a snapshot; nothing was imported")
    target = partial.joinpath(*parts)
    if member.isdir():
        target.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        return
    target.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    content = archive.extractfile(member)
    with target.open("xb") as file:
        target.chmod(FILE_MODE)
        if content:
            shutil.copyfileobj(content, file, 1024 * 1024)
    if target.stat().st_size != member.size:
        raise EOFError


def _with_times_here(entry: Entry, folder: Path) -> dict[str, StoredFile]:
    return {
        name: msgspec.structs.replace(file, mtime_ns=(folder / name).stat().st_mtime_ns)
        for name, file in entry.files.items()
    }


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Who made it is nobody's business on another machine."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member
