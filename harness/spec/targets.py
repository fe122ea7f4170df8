"""What a statement touches, read from its parse tree: relations read and written, and what the ledger can follow."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

import postgast

_PLAIN: Final = re.compile(r"[a-z_][a-z0-9_$]*")  # what SQL leaves as it is; everything else needs quotes
_FEW_ROWS: Final = 100  # keys of one statement that the ledger keeps; INSERT … SELECT may write any number
_WRITERS: Final = ("InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt")


class LedgerAction(Enum):
    """What a statement does to the rows it reports: their keys must be there, or must be gone, once it is committed."""

    INSERT = "insert"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class LedgerTarget:
    """A statement whose rows can be followed by adding RETURNING of the primary key of `relation` (never quoted)."""

    action: LedgerAction
    relation: str


@dataclass(frozen=True, slots=True)
class Targets:
    """Relations as SQL writes them ("orders", 'shop."Order"'), sorted; `control` is "begin", "end" or "".

    Functions and triggers hide what they touch: only what the text says is here.
    """

    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    ledger: LedgerTarget | None = None
    control: str = ""


class StatementSyntaxError(ValueError):
    """PostgreSQL's parser refuses the text; `cursor` is the 1-based character it points at, 0 for none."""

    def __init__(self, message: str, *, cursor: int) -> None:
        super().__init__(message)
        self.cursor = cursor


def find_targets(sql: str) -> Targets:
    """What one statement with `$n` parameters touches; StatementSyntaxError where it does not parse.

    >>> find_targets("INSERT INTO orders (user_id) SELECT id FROM users WHERE id = $1")
    Targets(reads=('users',), writes=('orders',), ledger=None, control='')
    """
    try:
        tree: Any = postgast.parse(sql)
    except postgast.PgQueryError as error:
        raise _refused(error) from None
    nodes = [node for _, node in postgast.walk(tree)]
    if any(_kind(node) == "CopyStmt" and not node.filename for node in nodes):
        raise StatementSyntaxError("COPY from or to the client has no place in an operation", cursor=0)
    only = postgast.unwrap_node(tree.stmts[0].stmt) if len(tree.stmts) == 1 else None
    return Targets(
        _read(nodes),
        tuple(sorted({name for node in nodes for name in _written(node)})),
        None if only is None else _ledger(only),
        "" if only is None else _control(only),
    )


def _refused(error: Any) -> StatementSyntaxError:
    return StatementSyntaxError(str(error.message), cursor=int(error.cursorpos or 0))


def _kind(node: object) -> str:
    return type(node).__name__


def _name(relation: Any) -> str:
    return ".".join(_quoted(part) for part in (relation.schemaname, relation.relname) if part)


def _quoted(identifier: str) -> str:
    return identifier if _PLAIN.fullmatch(identifier) else '"' + identifier.replace('"', '""') + '"'


def _bare_name(relation: Any) -> str:
    return ".".join(part for part in (relation.schemaname, relation.relname) if part)


def _written(node: Any) -> Iterator[str]:
    if _kind(node) in _WRITERS:
        yield _name(node.relation)
    elif _kind(node) == "TruncateStmt":
        yield from (_name(postgast.unwrap_node(relation)) for relation in node.relations)
    elif _kind(node) == "CopyStmt" and node.is_from:
        yield _name(node.relation)


def _read(nodes: list[Any]) -> tuple[str, ...]:
    """Relations named somewhere else than as the target of a write."""
    named = Counter(_name(node) for node in nodes if _kind(node) == "RangeVar")
    named.subtract(name for node in nodes for name in _written(node))
    common = {_quoted(node.ctename) for node in nodes if _kind(node) == "CommonTableExpr"}
    return tuple(sorted(name for name, times in named.items() if times > 0 and name not in common))


def _ledger(statement: Any) -> LedgerTarget | None:
    kind = _kind(statement)
    if kind not in ("InsertStmt", "DeleteStmt") or statement.HasField("with_clause"):
        return None
    if statement.HasField("returning_clause"):
        return None
    if kind == "DeleteStmt":
        single = not statement.using_clause
        return LedgerTarget(LedgerAction.DELETE, _bare_name(statement.relation)) if single else None
    conflict = statement.on_conflict_clause
    if statement.HasField("on_conflict_clause") and _word(conflict, "action") != "ONCONFLICT_NOTHING":
        return None  # the rows that DO NOTHING returns are those that were inserted; DO UPDATE returns others too
    if statement.HasField("select_stmt") and not _few(postgast.unwrap_node(statement.select_stmt)):
        return None
    return LedgerTarget(LedgerAction.INSERT, _bare_name(statement.relation))


def _few(source: Any) -> bool:
    """Whether the source of an INSERT gives few rows by its text: VALUES, or a SELECT with a small LIMIT."""
    if source.values_lists:
        return True
    limit: Any = postgast.unwrap_node(source.limit_count)
    return _kind(limit) == "A_Const" and 0 < limit.ival.ival <= _FEW_ROWS


def _word(node: Any, field: str) -> str:
    """The name of an enumerated field's value."""
    values = node.DESCRIPTOR.fields_by_name[field].enum_type.values_by_number
    return str(values[getattr(node, field)].name)


def _control(statement: Any) -> str:
    if _kind(statement) != "TransactionStmt":
        return ""
    kind = _word(statement, "kind")
    if kind in ("TRANS_STMT_BEGIN", "TRANS_STMT_START"):
        return "begin"
    return "end" if kind in ("TRANS_STMT_COMMIT", "TRANS_STMT_ROLLBACK") else ""
