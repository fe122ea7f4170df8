"""What a dump needs of the server before it is restored: roles and extensions, read from its SQL in one pass.

pg_dump writes each statement looked for here on one line; in SQL written by hand they may be elsewhere, and the restore
then says what is missing.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

_IDENTIFIER = rb'(?:"(?:[^"]|"")+"|[A-Za-z_\x80-\xff][A-Za-z0-9_$\x80-\xff]*)'
_LIST = rb"(?P<roles>" + _IDENTIFIER + rb"(?:\s*,\s*" + _IDENTIFIER + rb")*)"
_ROLES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rb"^ALTER .*\sOWNER TO " + _LIST + rb"\s*;",
        rb"^ALTER DEFAULT PRIVILEGES FOR (?:ROLE|USER) " + _LIST,
        rb"^(?:GRANT|ALTER DEFAULT PRIVILEGES) .*\sTO " + _LIST + rb"(?: WITH [^;]*)?(?: GRANTED BY [^;]*)?\s*;",
        rb"^(?:REVOKE|ALTER DEFAULT PRIVILEGES) .*\sFROM " + _LIST + rb"(?: GRANTED BY [^;]*)?(?: CASCADE)?\s*;",
        rb"^(?:GRANT|REVOKE) .*\sGRANTED BY " + _LIST,
        rb"^CREATE SCHEMA .*\sAUTHORIZATION " + _LIST,
        rb"^CREATE POLICY .*\sTO " + _LIST + rb"(?: USING| WITH CHECK|\s*;)",
        rb"^CREATE USER MAPPING .*FOR " + _LIST + rb" SERVER",
        rb"^SET SESSION AUTHORIZATION '?" + _LIST,
        rb"^SET ROLE " + _LIST,
    )
)
_BEGINNINGS = (b"ALTER ", b"GRANT ", b"REVOKE ", b"CREATE ", b"SET SES", b"SET ROLE")
_CREATED_ROLE = re.compile(rb"^CREATE (?:ROLE|USER|GROUP) (?!MAPPING\b)(?P<role>" + _IDENTIFIER + rb")", re.IGNORECASE)
_EXTENSION = re.compile(rb"^CREATE EXTENSION (?:IF NOT EXISTS )?(?P<name>" + _IDENTIFIER + rb")[^;]*;", re.IGNORECASE)
_COPY = re.compile(rb"^COPY .*\bFROM stdin\b", re.IGNORECASE)
_END_OF_COPY = re.compile(rb"\n\\\.\r?\n")
_CONNECT = re.compile(rb"^\\c(?:onnect)?(?:\s|$)")
_BEGUN = re.compile(rb"^-- PostgreSQL database (?:cluster )?dump\s*$")
_COMPLETE = re.compile(rb"^-- PostgreSQL database (?:cluster )?dump complete")
_FROM = re.compile(rb"^-- Dumped from database version (?P<version>\S+)")
# Words of GRANT and SET that are no roles; roles that begin with pg_ are the server's own (manual, 21.5).
_NO_ROLES = frozenset({"public", "current_user", "current_role", "session_user", "default", "none"})
# As long as the end of COPY data, cut anywhere, can be: "\n\\.\r\n".
_OVERLAP = 5


@dataclass(slots=True)
class Needs:
    """Roles and extensions named by a dump, and how it ends.

    `server_version` is that of the dumped server ("" unknown); `connects_at` the first line that changes the database
    (0: none); `in_copy` says that the text ended inside a table's data; `begun` and `complete` that pg_dump's first and
    last comment were there.
    """

    roles: set[str] = field(default_factory=set)
    extensions: set[str] = field(default_factory=set)
    own_roles: set[str] = field(default_factory=set)
    server_version: str = ""
    connects_at: int = 0
    in_copy: bool = False
    begun: bool = False
    complete: bool = False
    size_bytes: int = 0

    @property
    def missing_roles(self) -> list[str]:
        """Roles that the dump uses and does not create, sorted."""
        return sorted(self.roles - self.own_roles)


def read_needs(chunks: Iterable[bytes]) -> Needs:
    """What the SQL text in `chunks` needs; the data of COPY is skipped over, not read."""
    needs = Needs()
    number = 0
    for line, lines_skipped in lines_outside_copy(chunks, needs):
        number += 1 + lines_skipped
        if line.startswith(b"--"):
            _read_comment(line, needs)
        elif line.startswith(b"\\"):
            if not needs.connects_at and _CONNECT.match(line):
                needs.connects_at = number
        elif line[:8].upper().startswith(_BEGINNINGS):
            _read_statement(line, needs)
    return needs


def lines_outside_copy(chunks: Iterable[bytes], needs: Needs) -> Iterator[tuple[bytes, int]]:
    """Lines that are not table data, each with the number of lines of data just before it."""
    rest, skipped, long_line = b"", 0, []
    for chunk in chunks:
        needs.size_bytes += len(chunk)
        if not needs.in_copy and b"\n" not in chunk:
            long_line.append(chunk)
            continue
        # Joined once: a value of a gigabyte on one line must not be copied with every piece of it.
        text, at = b"".join([rest, *long_line, chunk]), 0
        long_line = []
        while True:
            if needs.in_copy:
                end = _END_OF_COPY.search(text, at)
                if end is None:
                    cut = max(at, len(text) - _OVERLAP)
                    skipped += text.count(b"\n", at, cut)
                    at = cut
                    break
                # The newline that ends the line of COPY is the first one counted.
                skipped += text.count(b"\n", at, end.end()) - 1
                at, needs.in_copy = end.end(), False
            newline = text.find(b"\n", at)
            if newline < 0:
                break
            line = text[at:newline]
            yield line, skipped
            skipped = 0
            needs.in_copy = bool(line[:4].upper() == b"COPY" and _COPY.match(line))
            at = newline if needs.in_copy else newline + 1
        rest = text[at:]
    last = b"".join([rest, *long_line])
    if last and not needs.in_copy:
        yield last, skipped


def _read_comment(line: bytes, needs: Needs) -> None:
    if _COMPLETE.match(line):
        needs.complete = True
    elif _BEGUN.match(line):
        needs.begun = True
    elif not needs.server_version and (match := _FROM.match(line)):
        needs.server_version = match["version"].decode("ascii", "replace")


def _read_statement(line: bytes, needs: Needs) -> None:
    if match := _EXTENSION.match(line):
        needs.extensions.add(_name(match["name"]))
        return
    if match := _CREATED_ROLE.match(line):
        needs.own_roles.add(_name(match["role"]))
        return
    for pattern in _ROLES:
        if match := pattern.match(line):
            needs.roles.update(name for name in _names(match["roles"]) if _is_role(name))


def _names(listed: bytes) -> Iterator[str]:
    for one in re.findall(_IDENTIFIER, listed):
        yield one.decode("utf-8", "replace") if one[:1] != b'"' and one.lower() in _KEYWORDS else _name(one)


_KEYWORDS = frozenset(word.encode() for word in _NO_ROLES)


def _name(identifier: bytes) -> str:
    text = identifier.decode("utf-8", "replace")
    return text[1:-1].replace('""', '"') if text.startswith('"') else text.lower()


def _is_role(name: str) -> bool:
    return name.lower() not in _NO_ROLES and not name.startswith("pg_")
