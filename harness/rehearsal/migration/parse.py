"""SQL scripts as statements, by PostgreSQL's own grammar."""

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import postgast
from postgast import pg_query_pb2 as pb

from harness.events.migration import Accepted
from harness.model.errors import SpecError
from harness.rehearsal.migration.statement import Control, Statement
from harness.rehearsal.migration.tags import command_tag, option_is_on

# psql's commands that change nothing about what is executed: the runner stops at the first error anyway.
_HARMLESS_META = re.compile(
    r"\\(set\s+(ON_ERROR_STOP|QUIET|VERBOSITY|ECHO)\b|timing|echo|qecho|pset|x\b|encoding\s+utf-?8)", re.IGNORECASE
)
_META_COMMAND = re.compile(r"^[ \t]*\\.*$", re.MULTILINE)
_COPY_STDIN = re.compile(r"^\s*COPY\b[^;]*\bFROM\s+STDIN\b", re.IGNORECASE | re.MULTILINE)
_ACCEPT = re.compile(r"^--\s*rehearse:\s*(?P<rest>.*)$")
_ACCEPT_BODY = re.compile(r"^accept\s+(?P<hazard>[a-z0-9_]+)\s*\((?P<reason>.*\S.*)\)\s*$")
_COMMENTS = frozenset({pb.SQL_COMMENT, pb.C_COMMENT})
_BODY_CONTROL = re.compile(r"\b(commit|rollback|call)\b", re.IGNORECASE)
_SET_CONFIG = re.compile(r"\bset_config\b", re.IGNORECASE)
_CONTROL = {
    pb.TRANS_STMT_BEGIN: Control.BEGIN,
    pb.TRANS_STMT_START: Control.BEGIN,
    pb.TRANS_STMT_COMMIT: Control.END,
    pb.TRANS_STMT_ROLLBACK: Control.END,
    pb.TRANS_STMT_PREPARE: Control.END,
    pb.TRANS_STMT_SAVEPOINT: Control.INNER,
    pb.TRANS_STMT_RELEASE: Control.INNER,
    pb.TRANS_STMT_ROLLBACK_TO: Control.INNER,
}
# The manual's pages of these commands say that they "cannot be executed inside a transaction block".
_REFUSING = frozenset(
    {
        "CREATE DATABASE", "DROP DATABASE", "CREATE TABLESPACE", "DROP TABLESPACE", "ALTER SYSTEM", "VACUUM",
        "VACUUM FULL", "COMMIT PREPARED", "ROLLBACK PREPARED", "CREATE INDEX CONCURRENTLY", "DROP INDEX CONCURRENTLY",
        "REINDEX CONCURRENTLY",
    }
)  # fmt: skip
_NEEDING = frozenset({"LOCK TABLE", "DECLARE CURSOR", "FETCH", "CLOSE CURSOR", "SET CONSTRAINTS"})
_NAMED_OBJECTS = frozenset(
    {pb.OBJECT_TABLE, pb.OBJECT_VIEW, pb.OBJECT_MATVIEW, pb.OBJECT_INDEX, pb.OBJECT_SEQUENCE, pb.OBJECT_FOREIGN_TABLE}
)


@dataclass(frozen=True, slots=True)
class _Source:
    """A script's text with its offsets: the parser counts bytes, its errors and people count characters."""

    file: str
    text: str
    octets: bytes

    def place(self, characters: int) -> tuple[int, int]:
        """Line and column, both from 1, of the character at this offset."""
        before = self.text[:characters]
        return before.count("\n") + 1, characters - (before.rfind("\n") + 1) + 1

    def characters(self, offset: int) -> int:
        """The character offset of a byte offset."""
        return len(self.octets[:offset].decode("utf-8"))

    def error(self, message: str, *, characters: int, hint: str = "") -> SpecError:
        line, column = self.place(characters)
        return SpecError(message, path=f"{self.file}:{line}:{column}", hint=hint)


def parse_script(text: str, *, file: str) -> tuple[Statement, ...]:
    """The statements of a script, in order, without ids.

    `file` is the name that errors and statements carry. psql meta-commands that change nothing are skipped.
    SpecError with file:line:column for a syntax error, another meta-command, or COPY with data in the file.
    """
    source, tree = _parsed(text, file=file)
    tokens = postgast.scan(source.text).tokens
    comments = [token for token in tokens if token.token in _COMMENTS]
    code = [token for token in tokens if token.token not in _COMMENTS and token.token != pb.ASCII_59]
    starts = [token.start for token in code]
    statements = []
    previous_end = 0
    for raw in tree.stmts:
        end = raw.stmt_location + raw.stmt_len if raw.stmt_len else len(source.octets)
        first = code[bisect_left(starts, raw.stmt_location)].start
        last = code[bisect_left(starts, end) - 1].end
        accepts = _accepts(source, comments, span=(previous_end, first))
        statements.append(_statement(source, raw.stmt, span=(first, last), accepts=accepts))
        previous_end = end
    return tuple(statements)


def _parsed(text: str, *, file: str) -> tuple[_Source, Any]:
    while True:
        source = _Source(file, text, text.encode("utf-8"))
        try:
            return source, postgast.parse(text)
        except postgast.PgQueryError as error:
            # The documentation of cursorpos says bytes; the server's function behind it counts characters (tested).
            at = max(error.cursorpos - 1, 0)
            text = _without_meta_command(source, at=at, message=error.message)


def _without_meta_command(source: _Source, *, at: int, message: str) -> str:
    """The text with the harmless meta-command at this character blanked; SpecError for anything else."""
    line_start = source.text.rfind("\n", 0, at) + 1
    command = _META_COMMAND.match(source.text, line_start)
    copies = list(_COPY_STDIN.finditer(source.text, 0, at))
    if copies:
        raise _copy_error(source, characters=copies[-1].start())
    if command is None:
        variable = source.text[at : at + 1] == ":"
        hint = "psql variables (:name) have no value here; write the value into the file" if variable else ""
        raise source.error(message, characters=at, hint=hint)
    written = command[0].strip()
    if not _HARMLESS_META.match(written):
        raise source.error(
            f"{written.split()[0]} is a command of psql, not SQL",
            characters=line_start,
            hint='remove it, or run the file with psql itself: tool = "command", '
            'command = { up = "psql -X -v ON_ERROR_STOP=1 -f up.sql", down = "…" }',
        )
    return source.text[: command.start()] + " " * len(command[0]) + source.text[command.end() :]


def _copy_error(source: _Source, *, characters: int) -> SpecError:
    return source.error(
        "COPY FROM STDIN has its data in the file, which only psql can send",
        characters=characters,
        hint='write INSERT, or use tool = "command" with psql',
    )


def _accepts(source: _Source, comments: list[Any], *, span: tuple[int, int]) -> tuple[Accepted, ...]:
    found = []
    for comment in comments:
        if not span[0] <= comment.start < span[1]:
            continue
        written = _ACCEPT.match(source.octets[comment.start : comment.end].decode("utf-8"))
        if written is None:
            continue
        body = _ACCEPT_BODY.match(written["rest"].strip())
        if body is None:
            raise source.error(
                "this comment to rehearse is not understood",
                characters=source.characters(comment.start),
                hint="write: -- rehearse: accept table_rewrite (the reason)",
            )
        found.append(Accepted(hazard=body["hazard"], reason=body["reason"].strip()))
    return tuple(found)


def _statement(source: _Source, node: Any, *, span: tuple[int, int], accepts: tuple[Accepted, ...]) -> Statement:
    kind = node.WhichOneof("node")
    body = getattr(node, kind)
    text = source.octets[slice(*span)].decode("utf-8")
    characters = source.characters(span[0])
    if kind == "copy_stmt" and not body.filename and not body.is_program:
        raise _copy_error(source, characters=characters)
    line, column = source.place(characters)
    tag = command_tag(kind, body)
    return Statement(
        id="",
        text=text,
        file=source.file,
        line=line,
        column=column,
        tag=tag,
        fingerprint=postgast.fingerprint(text).hex,
        control=_CONTROL.get(body.kind) if kind == "transaction_stmt" else None,
        refuses_block=_refuses_block(kind, body, tag),
        may_control=tag == "CALL" or (tag == "DO" and bool(_BODY_CONTROL.search(_body_of(body)))),
        needs_block=_needs_block(kind, body, tag),
        sets=tag in ("SET", "RESET", "DISCARD", "DO", "CALL") or bool(_SET_CONFIG.search(text)),
        relations=tuple(dict.fromkeys(_relations(kind, body))),
        accepts=accepts,
    )


def _body_of(node: Any) -> str:
    return " ".join(arg.def_elem.arg.string.sval for arg in node.args if arg.def_elem.defname == "as")


def _refuses_block(kind: str, node: Any, tag: str) -> bool:
    if tag in _REFUSING or (kind == "discard_stmt" and node.target == pb.DISCARD_ALL):
        return True
    if kind == "reindex_stmt":
        return node.kind in (pb.REINDEX_OBJECT_SCHEMA, pb.REINDEX_OBJECT_SYSTEM, pb.REINDEX_OBJECT_DATABASE)
    if kind == "cluster_stmt":
        return not node.HasField("relation")
    if kind == "alter_table_stmt":
        return any(
            cmd.alter_table_cmd.subtype == pb.AT_DetachPartition and _detaches_concurrently(cmd) for cmd in node.cmds
        )
    if kind == "create_subscription_stmt":
        # With connect or create_slot off nothing is made on the other server, and a transaction block is fine.
        return not any(_is_off(node.options, name) for name in ("connect", "create_slot"))
    if kind == "alter_database_stmt":
        return any(option.def_elem.defname == "tablespace" for option in node.options)
    return kind == "drop_subscription_stmt"


def _is_off(options: Any, name: str) -> bool:
    return any(o.def_elem.defname == name for o in options) and not option_is_on(options, name)


def _detaches_concurrently(command: Any) -> bool:
    return bool(getattr(command.alter_table_cmd, "def").partition_cmd.concurrent)


def _needs_block(kind: str, node: Any, tag: str) -> bool:
    if kind == "variable_set_stmt":
        return bool(node.is_local) or node.kind == pb.VAR_SET_MULTI
    return tag in _NEEDING


def _relations(kind: str, node: Any) -> Iterator[str]:
    yield from postgast.extract_tables(node)
    if kind == "drop_stmt" and node.remove_type in _NAMED_OBJECTS:
        for item in node.objects:
            yield _dotted(item)
    if kind == "comment_stmt" and node.objtype in _NAMED_OBJECTS:
        yield _dotted(node.object)


def _dotted(node: Any) -> str:
    return ".".join(item.string.sval for item in node.list.items)
