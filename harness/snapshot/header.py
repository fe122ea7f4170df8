"""The header of pg_dump's archives (PostgreSQL's pg_backup_archiver.c, ReadHead): versions and size of the TOC."""

from dataclasses import dataclass

MAGIC = b"PGDMP"
HEADER_BYTES = 4096
"""More than any header takes: its only long parts are a database's name and two version strings."""

CUSTOM, TAR, DIRECTORY = 1, 3, 5
"""ArchiveFormat of pg_backup.h."""

# Since these archive versions the header has: an algorithm byte (1.15, PostgreSQL 16), server versions (1.10, 8.0).
_ALGORITHM_SINCE = (1, 15)
_VERSIONS_SINCE = (1, 10)
_DATE_FIELDS = 7


@dataclass(frozen=True, slots=True)
class ArchiveHeader:
    """`archive` is the archive's own version, like "1.14"; `format` CUSTOM, TAR or DIRECTORY; `entries` of its TOC.

    `server_version` is that of the dumped server, `dump_version` that of pg_dump.
    """

    archive: str
    format: int
    dbname: str
    server_version: str
    dump_version: str
    entries: int

    @property
    def dump_major(self) -> int:
        """The major version of the pg_dump that made it, 0 where unknown."""
        return major(self.dump_version)

    @property
    def server_major(self) -> int:
        """The major version of the server that was dumped, 0 where unknown."""
        return major(self.server_version)


def major(version: str) -> int:
    """18 of "18.4 (Debian 18.4-1)" or "18devel"; 0 where there is none.

    >>> major("15.18 (Debian 15.18-0+deb12u1)"), major("19beta1"), major("")
    (15, 19, 0)
    """
    digits = ""
    for character in version:
        if not character.isdigit():
            break
        digits += character
    return int(digits) if digits else 0


def read_header(head: bytes) -> ArchiveHeader:
    """The header in the first bytes of an archive. ValueError where it is not one or ends too early."""
    cursor = _Cursor(head)
    if cursor.take(len(MAGIC)) != MAGIC:
        raise ValueError("it does not begin with PGDMP")
    version = (cursor.byte(), cursor.byte())
    cursor.byte()  # revision
    cursor.int_size = cursor.byte()
    cursor.byte()  # size of offsets
    archive_format = cursor.byte()
    if version < _VERSIONS_SINCE:
        raise ValueError(f"archive version {version[0]}.{version[1]} is older than PostgreSQL 8.0")
    if version >= _ALGORITHM_SINCE:
        cursor.byte()
    else:
        cursor.integer()
    for _ in range(_DATE_FIELDS):
        cursor.integer()
    dbname, server, dump = cursor.text(), cursor.text(), cursor.text()
    return ArchiveHeader(
        archive=f"{version[0]}.{version[1]}",
        format=archive_format,
        dbname=dbname,
        server_version=server,
        dump_version=dump,
        entries=cursor.integer(),
    )


class _Cursor:
    """Reads the archive's own encoding of integers and strings."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self.int_size = 4

    def take(self, size: int) -> bytes:
        piece = self._data[self._at : self._at + size]
        if size < 0 or len(piece) < size:
            raise ValueError("its header ends too early")
        self._at += size
        return piece

    def byte(self) -> int:
        return self.take(1)[0]

    def integer(self) -> int:
        negative = self.byte()
        value = int.from_bytes(self.take(self.int_size), "little")
        return -value if negative else value

    def text(self) -> str:
        size = self.integer()
        return self.take(size).decode("utf-8", "replace") if size > 0 else ""
