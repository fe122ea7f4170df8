"""What a tool's statement is: its parts, command tags, transaction control, and its text without data."""

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

import postgast

from harness.model.redaction import mask_credentials

MOST_QUERY = 300
"""Characters of a query that are kept: enough to recognise it, and to keep the journal of a long stall small."""


class Control(Enum):
    """What a statement does to the transaction it stands in."""

    BEGIN = "begin"
    COMMIT = "commit"
    ROLLBACK = "rollback"
    SAVEPOINT = "savepoint"
    ROLLBACK_TO = "rollback to savepoint"


@dataclass(frozen=True, slots=True)
class Part:
    """One statement of a query string; `tag` is its command tag, `control` None for all but transaction control."""

    sql: str
    tag: str
    control: Control | None


_COMMENT = re.compile(r"/\*.*?\*/|--[^\n]*", re.DOTALL)
_WORD = re.compile(r"[A-Za-z_]+")
_LITERAL = re.compile(r"(?:\b[eEbBxX])?'(?:[^'\\]|\\.|'')*'")
# Also one whose end was cut off, and dollar quotes.
_ANY_LITERAL = re.compile(r"(?:\b[eEbBxX])?'(?:[^'\\]|\\.|'')*(?:'|$)|\$(?P<tag>\w*)\$.*?(?:\$(?P=tag)\$|$)", re.DOTALL)
_NUMBER = re.compile(r"(?<![\w$.])\d+(?:\.\d+)?\b")
# Words that may stand between the verb and the kind of object and are no part of the command tag.
_MODIFIERS = frozenset(
    {
        "OR", "REPLACE", "UNIQUE", "TEMP", "TEMPORARY", "GLOBAL", "LOCAL", "UNLOGGED", "RECURSIVE", "CONSTRAINT",
        "TRUSTED", "PROCEDURAL",
    }
)  # fmt: skip
_TWO_WORDS = frozenset({"CREATE", "ALTER", "DROP", "REINDEX", "IMPORT", "SECURITY", "DISCARD"})
# The keyword TABLE may be left out; the tag always has it.
_TABLE_VERBS = frozenset({"LOCK", "TRUNCATE"})
_SECOND_PAIRS = frozenset(
    {
        ("MATERIALIZED", "VIEW"), ("FOREIGN", "TABLE"), ("FOREIGN", "DATA"), ("EVENT", "TRIGGER"),
        ("TEXT", "SEARCH"), ("USER", "MAPPING"), ("OPERATOR", "CLASS"), ("OPERATOR", "FAMILY"), ("ACCESS", "METHOD"),
        ("DEFAULT", "PRIVILEGES"),
    }
)  # fmt: skip
_DATA_VERBS = frozenset(
    {"INSERT", "UPDATE", "DELETE", "SELECT", "MERGE", "WITH", "VALUES", "EXPLAIN", "EXECUTE", "CALL"}
)
_CONTROLS = {
    "BEGIN": Control.BEGIN,
    "START": Control.BEGIN,
    "COMMIT": Control.COMMIT,
    "END": Control.COMMIT,
    "ROLLBACK": Control.ROLLBACK,
    "ABORT": Control.ROLLBACK,
    "SAVEPOINT": Control.SAVEPOINT,
    "RELEASE": Control.SAVEPOINT,
}


def split_parts(sql: str) -> tuple[Part, ...]:
    """The statements of a query string in order; an unparsable one is taken as a whole."""
    texts = _split(sql)
    if texts is None:
        return (Part(sql.strip(), command_tag(sql), None),) if _words(sql) else ()
    return tuple(_part(text) for text in texts if _words(text))


def command_tag(sql: str) -> str:
    """The command tag of one statement, with CONCURRENTLY where it says so.

    >>> command_tag("create unique index concurrently i on t (a)")
    'CREATE INDEX CONCURRENTLY'
    """
    words = _words(sql)
    if not words:
        return ""
    verb, rest = words[0], words[1:]
    if verb == "REFRESH":
        tag, rest = "REFRESH MATERIALIZED VIEW", rest[2:]
    elif verb in _TABLE_VERBS:
        tag = f"{verb} TABLE"
    elif verb == "WITH":
        return _with_tag(sql)
    elif verb in _TWO_WORDS:
        kind = [word for word in rest[:6] if word not in _MODIFIERS]
        pair = tuple(kind[:2]) in _SECOND_PAIRS
        tag, rest = " ".join([verb, *kind[: 2 if pair else 1]]), kind[2 if pair else 1 :]
    else:
        tag = verb
    concurrently = rest[:1] == ["CONCURRENTLY"]
    return f"{tag} CONCURRENTLY" if concurrently else tag


def fingerprint(sql: str) -> str:
    """libpg_query's fingerprint in hex, "" for text that does not parse."""
    try:
        return str(postgast.fingerprint(sql).hex)
    except postgast.PgQueryError:
        return ""


def without_data(sql: str) -> str:
    """`sql` with the literals of statements that read or write rows replaced, and credentials masked.

    The text of DDL is kept: its literals are code (defaults, checks).
    """
    if _split(sql) is None:
        return mask_credentials(_LITERAL.sub("'…'", sql))
    return mask_credentials(";\n".join(_part_without_data(part) for part in split_parts(sql)))


@lru_cache(maxsize=2048)
def query_text(sql: str) -> str:
    """Any session's query for people: on one line, every literal replaced, at most MOST_QUERY characters.

    Cached, because an application sends the same texts over and over.

    >>> query_text("UPDATE orders\\n SET status = 'paid' WHERE id = 7")
    'UPDATE orders SET status = $1 WHERE id = $2'
    """
    try:
        text = str(postgast.normalize(sql))
    except postgast.PgQueryError:
        # Cut off by track_activity_query_size, or no SQL at all ("autovacuum: VACUUM public.orders").
        text = sql
    if _words(text)[:1] not in (["CREATE"], ["ALTER"]):
        text = _NUMBER.sub("…", text)
    text = " ".join(mask_credentials(_ANY_LITERAL.sub("…", text)).split())
    return text if len(text) <= MOST_QUERY else text[: MOST_QUERY - 1] + "…"


def _split(sql: str) -> list[str] | None:
    try:
        return [str(text) for text in postgast.split(sql)]
    except postgast.PgQueryError:
        return None


def _part(sql: str) -> Part:
    text = sql.strip().rstrip(";").strip()
    words = _words(text)
    control = _CONTROLS.get(words[0])
    if control is Control.ROLLBACK and "TO" in words[1:3]:
        control = Control.ROLLBACK_TO
    if words[0] in ("COMMIT", "ROLLBACK") and words[1:2] == ["PREPARED"]:
        control = None
    if words[:2] == ["PREPARE", "TRANSACTION"]:
        control = Control.COMMIT
    return Part(text, command_tag(text), control)


def _part_without_data(part: Part) -> str:
    if _words(part.sql)[0] not in _DATA_VERBS:
        return part.sql
    return str(postgast.normalize(part.sql))


def _with_tag(sql: str) -> str:
    try:
        info = postgast.classify_statement(postgast.parse(sql))
    except postgast.PgQueryError:
        return "WITH"
    return info.action if info else "WITH"


def _words(sql: str) -> list[str]:
    head = _COMMENT.sub(" ", sql).lstrip("; \t\r\n(")
    return [word.upper() for word in _WORD.findall(head[:400])]
