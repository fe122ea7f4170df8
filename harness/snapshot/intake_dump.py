"""Taking in a dump that is there already: recognised, copied, and read through to its end."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from harness.model.errors import SnapshotError
from harness.postgres.ports import Progress
from harness.snapshot.archives import check_data_files, jobs, listing, opened, read_through
from harness.snapshot.formats import TOC, Dump, Format, recognise
from harness.snapshot.intake import DUMP_CONTENT, Taken, named
from harness.snapshot.plain import plain_needs
from harness.snapshot.store.content import copy_in
from harness.snapshot.store.entry import DATA_DIRECTORY, ENTRY_FILE, Source
from harness.snapshot.streams import chunks

_PACKED = (".gz", ".zst")


def take_dump(path: Path, partial: Path, *, link: bool = False, on_progress: Progress | None = None) -> Taken:
    """Copy the dump at `path` (`link`: by hard links) into the folder `partial` and read it to its end.

    RestoreError where it is no dump or not whole, SnapshotError where it is something else that can be taken in.
    """
    _refuse_other_things(path)
    recognise(path)
    target = partial / DUMP_CONTENT
    copy_in(_pairs(path, target), link=link, on_progress=on_progress)
    if on_progress:
        on_progress("check", 0, None)
    # What is checked is the copy: the original may change meanwhile.
    return check_dump(recognise(target), work=partial)


def check_dump(dump: Dump, *, work: Path) -> Taken:
    """What the dump is, read to its end. RestoreError where it is not whole; `work` is for what must be unpacked."""
    if dump.format is Format.PLAIN:
        needs = plain_needs(dump)
        return Taken(
            kind=dump.format.value,
            content=DUMP_CONTENT,
            source=Source(kind="dump", server_version=needs.server_version),
        )
    with opened(dump, work=work) as archive:
        check_data_files(dump, archive)
        contents = listing(dump, archive)
        if dump.format is Format.DIRECTORY:
            _read_members(dump)
        else:
            read_through(dump, archive)
    header = dump.header
    return Taken(
        kind=dump.format.value,
        content=DUMP_CONTENT,
        source=Source(
            kind="dump",
            server_version=header.server_version if header else "",
            dump_version=header.dump_version if header else "",
            taken_at=contents.created,
            dbname=header.dbname if header else "",
        ),
        tables=named(contents.tables),
    )


def _pairs(path: Path, target: Path) -> list[tuple[Path, Path]]:
    if path.is_file():
        return [(path, target)]
    # pg_dump's folder has no folders inside.
    return [(file, target / file.name) for file in sorted(path.iterdir()) if file.is_file()]


def _read_members(dump: Dump) -> None:
    """Unpack every data file to nowhere, several at once: pg_restore takes the rows before a cut and says nothing."""
    packed = [file for file in dump.path.iterdir() if file.suffix in _PACKED]
    with ThreadPoolExecutor(jobs(), thread_name_prefix="check") as pool:
        for _ in pool.map(_read, packed):
            pass


def _read(file: Path) -> None:
    for _ in chunks(file):
        pass


def _refuse_other_things(path: Path) -> None:
    if (path / ENTRY_FILE).is_file():
        raise SnapshotError(f"{path} is an exported snapshot", hint=f"rehearse snapshot import {path}")
    if (path / "PG_VERSION").is_file():
        raise SnapshotError(f"{path} is a {DATA_DIRECTORY}", hint=f"give --data-directory {path}")
    if path.is_dir() and not (path / TOC).is_file() and any(path.glob("base.tar*")):
        raise SnapshotError(
            f"{path} is a base backup in tar format", hint="unpack it (or pg_basebackup -Fp) and give --base-backup"
        )
