"""What is written down about a stored snapshot: `snapshot.json`, and the digest of its content."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from harness.model.errors import SnapshotError
from harness.spec.files import STORED_NAME

ENTRY_FILE = "snapshot.json"
FORMAT_VERSION = 1
DATA_DIRECTORY = "data directory"
"""`kind` of an entry that holds a server's files; every other kind is a pg_dump format."""


class StoredFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file of the content: bytes, SHA-256 in hex, and when it was written here (st_mtime_ns), for a quick check."""

    size_bytes: int
    sha256: str
    mtime_ns: int


class TableSize(msgspec.Struct, frozen=True, kw_only=True):
    """A table "schema.name" of the source; None where the source does not say."""

    name: str
    rows: int | None = None
    size_bytes: int | None = None


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where the data came from: `kind` is database, standby, dump, data directory, base backup or snapshot.

    `taken_at` is the time of the dump (ISO 8601, UTC) where it is known. Neither host nor user is kept.
    """

    kind: str
    server_version: str = ""
    dump_version: str = ""
    taken_at: str = ""
    dbname: str = ""


class Anonymized(msgspec.Struct, frozen=True, kw_only=True):
    """By which policy (SHA-256 of its text) and key (a fingerprint; the key itself is not here)."""

    policy_digest: str
    key_fingerprint: str
    key: str = "destroyed"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """`snapshot.json`. `content` is the file or folder beside it that holds the data; `files` are all of its files.

    `digest` is that of the content; `parent` that of the snapshot this one was made from, "" for none; `tables` those
    of the source; `schema_only` patterns of tables whose rows were left out.
    """

    name: str
    kind: str
    content: str
    source: Source
    created_at: str
    tool_version: str
    digest: str
    size_bytes: int
    files: dict[str, StoredFile]
    format_version: int = FORMAT_VERSION
    tables: tuple[TableSize, ...] = ()
    schema_only: tuple[str, ...] = ()
    anonymized: Anonymized | None = None
    parent: str = ""
    notes: tuple[str, ...] = ()

    @property
    def rows(self) -> int | None:
        """All rows, as the source estimated them; None where it did not."""
        known = [table.rows for table in self.tables if table.rows is not None]
        return sum(known) if known else None


def check_name(name: str) -> str:
    """`name`, if a snapshot may be called so. SnapshotError says what a name is made of."""
    if STORED_NAME.fullmatch(name):
        return name
    raise SnapshotError(
        f"{name[:120]!r} cannot be a snapshot's name",
        hint="use letters, digits, - and _ (a dot or a slash would make it a file's name in a scenario)",
    )


def content_digest(kind: str, files: Mapping[str, StoredFile]) -> str:
    """SHA-256 in hex of the kind and of every file's path, size and digest.

    >>> content_digest("custom", {}) == content_digest("plain", {})
    False
    """
    total = hashlib.sha256(kind.encode())
    for path in sorted(files):
        one = files[path]
        total.update(f"\n{len(path.encode())}:{path} {one.size_bytes} {one.sha256}".encode())
    return total.hexdigest()


def encode_entry(entry: Entry) -> bytes:
    """The text of `snapshot.json`."""
    return msgspec.json.format(msgspec.json.encode(entry), indent=1) + b"\n"


def read_entry(folder: Path) -> Entry:
    """The entry in `folder`. SnapshotError where it is not there, cannot be read or is from a newer version."""
    path = folder / ENTRY_FILE
    try:
        raw = path.read_bytes()
        entry = msgspec.json.decode(raw, type=Entry)
    except FileNotFoundError:
        raise SnapshotError(f"{folder} is not a stored snapshot: it has no {ENTRY_FILE}") from None
    except OSError as error:
        raise SnapshotError(f"{path} cannot be read: {error.strerror}") from None
    except msgspec.DecodeError:
        raise SnapshotError(
            f"{path} is damaged, or was written by a newer version of rehearse",
            hint="remove the snapshot and make it again, or upgrade rehearse",
        ) from None
    if entry.format_version > FORMAT_VERSION:
        raise SnapshotError(
            f"{path} has format {entry.format_version}; this version reads up to {FORMAT_VERSION}",
            hint="upgrade rehearse",
        )
    for name in (entry.content, *entry.files):
        if name.startswith("/") or ".." in Path(name).parts:
            raise SnapshotError(f"{path} names a file outside its folder")
    return entry
