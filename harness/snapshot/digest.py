"""The digest of everything that decides what a prepared snapshot holds: same digest, same data."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from harness.model.errors import RestoreError
from harness.snapshot.store.entry import DATA_DIRECTORY, Entry
from harness.spec.scenario import PostgresSpec, SnapshotSpec

# Changed when preparing changes what a snapshot holds; old snapshots are then prepared anew.
PREPARATION_VERSION = "1"
_CHUNK_BYTES = 1024 * 1024
# Files that psql reads on its own: \i \ir \include \include_relative, and \copy … from 'file'.
_INCLUDED = re.compile(
    rb"^\s*\\(?:(?P<relative>ir|include_relative)|i|include)\s+'?(?P<file>[^\s';]+)"
    rb"|^\s*\\copy\s.*?\sfrom\s+'?(?P<data>[^\s'();]+)",
    re.MULTILINE | re.IGNORECASE,
)
_NOT_FILES = frozenset({b"stdin", b"pstdin", b"program"})

# A hint within one process: the dump of a folder of scenarios is read once, not once a scenario.
_KNOWN: dict[tuple[str, int, int, int], str] = {}


def snapshot_digest(
    snapshot: SnapshotSpec, *, postgres: PostgresSpec, identity: str, folder: Path, stored: Entry | None = None
) -> str:
    """SHA-256 in hex of dump, setup files (and what they include), variables, policy, scale, extensions, `identity`.

    `folder` is what the paths are relative to; `stored` is the stored snapshot where the source names one, whose files
    are not read again. RestoreError where a file cannot be read.
    """
    total = hashlib.sha256()
    for part in _parts(snapshot, postgres=postgres, identity=identity, folder=folder, stored=stored):
        # Lengths keep two lists of parts apart that would be the same bytes one after the other.
        encoded = part.encode()
        total.update(f"{len(encoded)}:".encode() + encoded)
    return total.hexdigest()


def _parts(
    snapshot: SnapshotSpec, *, postgres: PostgresSpec, identity: str, folder: Path, stored: Entry | None
) -> Iterator[str]:
    yield PREPARATION_VERSION
    yield identity
    yield from sorted(postgres.extensions)
    yield "source"
    if stored:
        yield from _stored_content(stored)
    elif snapshot.source:
        yield from _content(folder / snapshot.source)
    yield "setup"
    for name in snapshot.setup:
        yield from (_file_digest(file) for file in _with_included(folder / name, folder=folder))
    yield "variables"
    if snapshot.setup:
        for name, value in sorted(snapshot.variables.items()):
            yield name
            yield str(value)
    if snapshot.policy:
        yield "policy"
        yield _file_digest(folder / snapshot.policy)
    if snapshot.scale != 1:
        yield "scale"
        yield str(snapshot.scale)


def _content(path: Path) -> Iterator[str]:
    if not path.is_dir():
        yield _file_digest(path)
        return
    for file in sorted(path.iterdir()):
        if file.is_file():
            yield file.name
            yield _file_digest(file)


def _stored_content(stored: Entry) -> Iterator[str]:
    """The same parts as of the same dump outside the store, so that it is prepared once for both."""
    if stored.kind == DATA_DIRECTORY:
        yield from (DATA_DIRECTORY, stored.digest, stored.source.dbname)
    elif stored.content in stored.files:
        yield stored.files[stored.content].sha256
    else:
        for name in sorted(stored.files):
            yield name.rpartition("/")[2]
            yield stored.files[name].sha256


def _with_included(file: Path, *, folder: Path, seen: frozenset[Path] = frozenset()) -> Iterator[Path]:
    yield file
    for match in _INCLUDED.finditer(_read(file)):
        name = match["file"] or match["data"]
        if name.lower() in _NOT_FILES:
            continue
        included = (file.parent if match["relative"] else folder) / name.decode("utf-8", "replace")
        if not included.is_file() or included in seen:
            continue
        if match["data"]:
            yield included
        else:
            yield from _with_included(included, folder=folder, seen=seen | {file, included})


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise RestoreError(f"{path} cannot be read: {error.strerror}") from None


def _file_digest(path: Path) -> str:
    try:
        status = path.stat()
        key = (str(path.resolve()), status.st_size, status.st_mtime_ns, status.st_ino)
        if key not in _KNOWN:
            content = hashlib.sha256()
            with path.open("rb") as file:
                while chunk := file.read(_CHUNK_BYTES):
                    content.update(chunk)
            _KNOWN[key] = content.hexdigest()
    except OSError as error:
        raise RestoreError(f"{path} cannot be read: {error.strerror}") from None
    return _KNOWN[key]
