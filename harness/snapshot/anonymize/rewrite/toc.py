"""The table of contents of pg_dump's archives, whole: read, filtered, and written as that of a directory archive.

The layout is that of PostgreSQL's pg_backup_archiver.c (WriteHead, WriteToc), archive versions 1.12 (9.x) to 1.16 (18).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from harness.snapshot.header import CUSTOM, DIRECTORY, MAGIC, TAR

_OLDEST, _NEWEST = (1, 12), (1, 16)
# Since these archive versions: an algorithm byte instead of a level, an access method, a relkind.
_ALGORITHM_SINCE, _METHOD_SINCE, _RELKIND_SINCE = (1, 15), (1, 14), (1, 16)
_DATE_FIELDS = 7
# More entries, or a longer string, than any archive has: a damaged length must not allocate the machine's memory.
_MOST = 1 << 30

ALGORITHMS = ("none", "gzip", "lz4", "zstd")
"""pg_compress_algorithm of compression.h, in its order."""


class Readable(Protocol):
    """What a table of contents is read from."""

    def read(self, size: int, /) -> bytes:
        """The next `size` bytes, fewer at the end."""
        ...


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry; strings as they are in the archive, None where the archive says NULL.

    `kind` is the entry's description ("TABLE DATA"), `file` its data file in a directory or tar archive, `offset` what
    a custom archive says instead (kept as it is, never written).
    """

    dump_id: int
    has_data: bool
    catalog: tuple[bytes | None, bytes | None]
    tag: bytes | None
    kind: bytes
    section: int
    definition: bytes | None
    drop: bytes | None
    copy: bytes | None
    namespace: bytes | None
    tablespace: bytes | None
    method: bytes | None
    relkind: int
    owner: bytes | None
    with_oids: bytes | None
    dependencies: tuple[bytes, ...]
    file: bytes
    offset: bytes = b""

    @property
    def table(self) -> str:
        """ "schema.name" of what the entry is about."""
        return f"{(self.namespace or b'').decode()}.{(self.tag or b'').decode()}"


@dataclass(frozen=True, slots=True)
class Toc:
    """A whole table of contents; `version` is the archive's, `format` CUSTOM, TAR or DIRECTORY.

    `compression` is the algorithm of a custom archive's data ("gzip" for any level above 0 before PostgreSQL 16).
    """

    version: tuple[int, int]
    revision: int
    int_size: int
    offset_size: int
    format: int
    compression: str
    level: int
    date: tuple[int, ...]
    names: tuple[bytes | None, bytes | None, bytes | None]
    entries: tuple[Entry, ...]

    def without(self, unwanted: Callable[[Entry], bool]) -> "Toc":
        """The same without the entries for which `unwanted` says so."""
        return replace(self, entries=tuple(entry for entry in self.entries if not unwanted(entry)))


def read_toc(file: Readable) -> Toc:
    """The table of contents at the beginning of `file`, which then stands behind it.

    ValueError where it is not one, ends too early, or is of a version that is not known.
    """
    source = _Source(file)
    if source.take(len(MAGIC)) != MAGIC:
        raise ValueError("it does not begin with PGDMP")
    version = (source.byte(), source.byte())
    if not _OLDEST <= version <= _NEWEST:
        raise ValueError(f"archive version {version[0]}.{version[1]} is not known here")
    revision = source.byte()
    source.int_size = source.byte()
    offset_size, archive_format = source.byte(), source.byte()
    if archive_format not in (CUSTOM, TAR, DIRECTORY):
        raise ValueError(f"archive format {archive_format} is not known here")
    if version >= _ALGORITHM_SINCE:
        number, level = source.byte(), 0
        compression = ALGORITHMS[number] if number < len(ALGORITHMS) else "unknown"
    else:
        level = source.integer()
        compression = "gzip" if level else "none"
    date = tuple(source.integer() for _ in range(_DATE_FIELDS))
    names = (source.text(), source.text(), source.text())
    count = source.integer()
    if not 0 <= count < _MOST:
        raise ValueError("its number of entries is damaged")
    entries = tuple(_read_entry(source, version, archive_format, offset_size) for _ in range(count))
    return Toc(
        version=version,
        revision=revision,
        int_size=source.int_size,
        offset_size=offset_size,
        format=archive_format,
        compression=compression,
        level=level,
        date=date,
        names=names,
        entries=entries,
    )


def write_toc(toc: Toc, *, compression: str) -> bytes:
    """The bytes of `toc.dat` in a directory archive whose data files are packed with `compression`."""
    out = _Sink(toc.int_size)
    # A directory archive says that it is a tar one (pg_backup_directory.c, _CloseArchive).
    out.raw(MAGIC + bytes([*toc.version, toc.revision, toc.int_size, toc.offset_size, TAR]))
    if toc.version >= _ALGORITHM_SINCE:
        out.raw(bytes([ALGORITHMS.index(compression)]))
    else:
        out.integer(0 if compression == "none" else toc.level or -1)
    for part in toc.date:
        out.integer(part)
    for name in toc.names:
        out.text(name)
    out.integer(len(toc.entries))
    for entry in toc.entries:
        _write_entry(out, entry, toc.version)
    return b"".join(out.parts)


def _read_entry(source: "_Source", version: tuple[int, int], archive_format: int, offset_size: int) -> Entry:
    dump_id, has_data = source.integer(), source.integer() != 0
    catalog = (source.text(), source.text())
    tag, kind, section = source.text(), source.text(), source.integer()
    definition, drop, copy = source.text(), source.text(), source.text()
    namespace, tablespace = source.text(), source.text()
    method = source.text() if version >= _METHOD_SINCE else None
    relkind = source.integer() if version >= _RELKIND_SINCE else 0
    owner, with_oids = source.text(), source.text()
    dependencies = []
    while (dependency := source.text()) is not None:
        dependencies.append(dependency)
    offset = source.take(1 + offset_size) if archive_format == CUSTOM else b""
    file = b"" if archive_format == CUSTOM else source.text() or b""
    return Entry(
        dump_id=dump_id,
        has_data=has_data,
        catalog=catalog,
        tag=tag,
        kind=kind or b"",
        section=section,
        definition=definition,
        drop=drop,
        copy=copy,
        namespace=namespace,
        tablespace=tablespace,
        method=method,
        relkind=relkind,
        owner=owner,
        with_oids=with_oids,
        dependencies=tuple(dependencies),
        file=file,
        offset=offset,
    )


def _write_entry(out: "_Sink", entry: Entry, version: tuple[int, int]) -> None:
    out.integer(entry.dump_id)
    out.integer(int(entry.has_data))
    for text in (*entry.catalog, entry.tag, entry.kind):
        out.text(text)
    out.integer(entry.section)
    for text in (entry.definition, entry.drop, entry.copy, entry.namespace, entry.tablespace):
        out.text(text)
    if version >= _METHOD_SINCE:
        out.text(entry.method)
    if version >= _RELKIND_SINCE:
        out.integer(entry.relkind)
    for text in (entry.owner, entry.with_oids, *entry.dependencies, None, entry.file):
        out.text(text)


class _Source:
    """Reads the archive's own encoding of integers and strings from a file."""

    def __init__(self, file: Readable) -> None:
        self._file = file
        self.int_size = 4

    def take(self, size: int) -> bytes:
        if not 0 <= size < _MOST:
            raise ValueError("its table of contents is damaged")
        piece = self._file.read(size)
        if len(piece) < size:
            raise ValueError("its table of contents ends too early")
        return piece

    def byte(self) -> int:
        return self.take(1)[0]

    def integer(self) -> int:
        negative = self.byte()
        value = int.from_bytes(self.take(self.int_size), "little")
        return -value if negative else value

    def text(self) -> bytes | None:
        size = self.integer()
        return None if size < 0 else self.take(size)


class _Sink:
    """Collects the same encoding."""

    def __init__(self, int_size: int) -> None:
        self._int_size = int_size
        self.parts: list[bytes] = []

    def raw(self, data: bytes) -> None:
        self.parts.append(data)

    def integer(self, value: int) -> None:
        self.parts.append(bytes([value < 0]) + abs(value).to_bytes(self._int_size, "little"))

    def text(self, value: bytes | None) -> None:
        self.integer(-1 if value is None else len(value))
        if value:
            self.parts.append(value)
