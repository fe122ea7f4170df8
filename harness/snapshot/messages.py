"""What psql and pg_restore print, without the data: their texts quote rows, and rows are personal data."""

import re
from dataclasses import dataclass

from harness.model.redaction import mask_credentials

# "psql:<stdin>:12: ERROR:  42601: syntax error at or near …" with VERBOSITY=verbose.
_PSQL = re.compile(
    r"^psql:(?P<file>.*?):(?P<line>\d+): (?:ERROR|FATAL|PANIC|error):\s+(?:(?P<sqlstate>[0-9A-Z]{5}): )?(?P<text>.*)$"
)
_PSQL_PLAIN = re.compile(r"^psql: (?:error: |FATAL: )?(?P<text>.*)$")
_RESTORE = re.compile(r"^pg_restore: error: (?P<text>.*)$")
_SERVER = re.compile(r"ERROR:\s+(?P<text>.*)$")
# A quoted word after one of these is a name, not a value (style guide of PostgreSQL's messages, manual 55.3).
_NAME_BEFORE = re.compile(
    r"\b(?:relation|role|type|schema|function|extension|constraint|index|table|column|parameter|language|operator|view|"
    r"tablespace|collation|publication|subscription|method|server|encoding|trigger|sequence|database|library|file|policy|"
    r"directory|class|family|configuration|dictionary|wrapper|for|domain|user|cast|aggregate|procedure) $"
)
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_UNBALANCED = re.compile(r"[\"'].*$")
# Commands of newer pg_dumps that set what an older server does not have, and what is there already, harm nothing.
_HARMLESS = re.compile(
    r'unrecognized configuration parameter "|schema "public" already exists|publication "[^"]*" already exists'
)
# pg_restore's own words (pg_backup_custom.c, _directory.c, _tar.c); which comes first depends on the jobs.
_TRUNCATED = re.compile(
    r"could not read from input file|end of file|could not find (?:header for file|block ID)|unexpected block ID|"
    r"corrupt (?:archive|tar header)|could not (?:uncompress|decompress) data"
)
_DISK_FULL = re.compile(r"No space left on device|could not extend file|could not write", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ClientError:
    """The first error a client program reported, fit for a report; `line` is 0 where it has none."""

    text: str
    file: str = ""
    line: int = 0
    sqlstate: str = ""

    @property
    def says_truncated(self) -> bool:
        """Whether the archive ended too early."""
        return bool(_TRUNCATED.search(self.text))

    @property
    def says_disk_full(self) -> bool:
        """Whether the disk was full: class 53 or the operating system's words."""
        return self.sqlstate == "53100" or bool(_DISK_FULL.search(self.text))


def psql_error(stderr: str) -> ClientError | None:
    """The first error in what psql printed; detail, context and the statement's text are left out."""
    plain = None
    for line in stderr.splitlines():
        if match := _PSQL.match(line):
            return ClientError(
                text=without_values(match["text"]),
                file=match["file"],
                line=int(match["line"]),
                sqlstate=match["sqlstate"] or "",
            )
        if plain is None and (match := _PSQL_PLAIN.match(line)):
            plain = ClientError(text=without_values(match["text"]))
    return plain


def restore_error(line: str) -> ClientError | None:
    """The error in one line that pg_restore printed; None for progress, warnings and what is harmless."""
    match = _RESTORE.match(line)
    if match is None:
        return None
    if (server := _SERVER.search(match["text"])) and _HARMLESS.search(server["text"]):
        return None
    text = server["text"] if server and match["text"].startswith("could not execute query") else match["text"]
    return ClientError(text=without_values(text))


def without_values(text: str) -> str:
    """The message with every quoted word that is not a name replaced by `…`, and credentials masked.

    >>> without_values('invalid input syntax for type integer: "anna"')
    'invalid input syntax for type integer: …'
    >>> without_values('relation "orders" does not exist')
    'relation "orders" does not exist'
    """

    def keep_names(match: re.Match[str]) -> str:
        return match[0] if _NAME_BEFORE.search(text[: match.start()]) else "…"

    kept = _QUOTED.sub(keep_names, text)
    # A value with a line break leaves its first half, and its opening quote, on this line.
    if kept.count('"') % 2:
        kept = _UNBALANCED.sub("…", kept)
    return mask_credentials(kept.strip())
