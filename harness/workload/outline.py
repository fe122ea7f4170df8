"""What the text of a statement says of all calls with that text: where its constants are, and what may stay of them."""

import re
from dataclasses import dataclass
from typing import Any, Final

import postgast

from harness.workload.catalog import Catalog
from harness.workload.constants import Constant, Constants, command_of, is_negative, put_parameter
from harness.workload.inference import InferenceError, infer_parameters
from harness.workload.literals import Template, template_of
from harness.workload.parameter_use import ParameterUse, Role

_COVERED: Final = {
    "SelectStmt": "SELECT", "InsertStmt": "INSERT", "UpdateStmt": "UPDATE", "DeleteStmt": "DELETE",
    "MergeStmt": "MERGE", "LockStmt": "LOCK",
}  # fmt: skip
_REASONS: Final = {
    "CopyStmt": "COPY: its rows are not in the log",
    "VariableSetStmt": "a setting of the session",
    "VariableShowStmt": "a setting of the session",
    "ExplainStmt": "EXPLAIN",
    "DeclareCursorStmt": "a cursor", "FetchStmt": "a cursor", "ClosePortalStmt": "a cursor",
    "PrepareStmt": "PREPARE and EXECUTE in SQL", "ExecuteStmt": "PREPARE and EXECUTE in SQL",
    "DeallocateStmt": "PREPARE and EXECUTE in SQL",
    "CallStmt": "CALL: what a procedure does is not in the log", "DoStmt": "DO: what a block does is not in the log",
}  # fmt: skip
_WORD: Final = re.compile(r"[A-Za-z]+")


class UnsuitedError(ValueError):
    """No operation can stand for the statement; `statement` is its text without data."""

    def __init__(self, reason: str, *, statement: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.statement = statement


@dataclass(frozen=True, slots=True)
class Outline:
    """What a template says of every statement that has it: which constants may be code, which values are arrays."""

    sources: tuple[int, ...]
    """For each constant of the tree the literal of the text (0 and more), or −1 − n of `$n`."""
    negative: frozenset[int]
    """Constants whose sign stands before the literal."""
    maybe_code: tuple[str, ...]
    """`Constant.kept` of those that stand in the text, "" for all others."""
    arrays: frozenset[int]
    command: str


def outline_of(sql: str, template: Template, catalog: Catalog | None) -> Outline:
    """The outline of a statement; UnsuitedError where no operation can stand for it."""
    try:
        tree: Any = postgast.parse(sql)
    except postgast.PgQueryError:
        raise UnsuitedError("PostgreSQL's parser refuses it (cut off?)", statement=command_word(sql)) from None
    if len(tree.stmts) != 1:
        raise UnsuitedError("no statement", statement="")
    statement = tree.stmts[0].stmt
    command = command_of(statement)
    if command not in _COVERED:
        raise UnsuitedError(_REASONS.get(command, "a utility statement"), statement=_tag(sql))
    if command == "SelectStmt" and statement.select_stmt.HasField("into_clause"):
        raise UnsuitedError("a utility statement", statement="SELECT INTO")
    constants = Constants(statement)
    sources = tuple(_source(constant, sql, template) for constant in constants.found)
    negative = frozenset(index for index, constant in enumerate(constants.found) if is_negative(constant.wrapper))
    for number, constant in enumerate(constants.found):
        put_parameter(constant.wrapper, number + 1)
    uses = uses_of(tree, catalog)
    return Outline(
        sources=sources,
        negative=negative,
        maybe_code=tuple(
            constant.kept if source >= 0 else "" for constant, source in zip(constants.found, sources, strict=True)
        ),
        arrays=frozenset(use.number - 1 for use in uses if use.role is Role.ANY),
        command=_COVERED[command],
    )


def _source(constant: Constant, sql: str, template: Template) -> int:
    wrapper = constant.wrapper
    if constant.is_parameter:
        return -1 - int(wrapper.param_ref.number)
    # The parser counts bytes; `-5` is one constant that begins at its sign.
    place = wrapper.a_const.location
    at = place if sql.isascii() else len(sql.encode()[:place].decode(errors="ignore"))
    for index, literal in enumerate(template.literals):
        if literal.start >= at:
            return index
    raise UnsuitedError("a constant is not where the parser says", statement="")


def uses_of(tree: Any, catalog: Catalog | None) -> tuple[ParameterUse, ...]:
    """The use of each `$n` of a parse tree."""
    try:
        return infer_parameters(str(postgast.deparse(tree)), catalog)
    except (InferenceError, postgast.PgQueryError):
        raise UnsuitedError("its constants cannot be made parameters", statement="") from None


def command_word(sql: str) -> str:
    """The first word of a statement that cannot be read: the rest could be anything."""
    word = _WORD.search(template_of(sql).text)
    return f"{word[0].upper()[:20]} …" if word else "…"


def _tag(sql: str) -> str:
    """The first two words of a utility statement: what follows may be data or a secret."""
    words = _WORD.findall(template_of(sql).text)
    return " ".join(word.upper()[:20] for word in words[:2])
