"""Every text of a schema that could quote a value, with its place: what the leak check reads beside the data."""

import re
from collections.abc import Iterator
from typing import Any, Final

from postgast import pg_query_pb2 as pb

from harness.snapshot.anonymize.schema import Text
from harness.snapshot.anonymize.sql_trees import bound_text, expression_text, object_name, table_name

_SILENT: Final = frozenset(
    {"variable_set_stmt", "select_stmt", "grant_stmt", "grant_role_stmt", "alter_owner_stmt"}
    | {"insert_stmt", "copy_stmt"}
)
"""Settings, sequences' values and roles, which quote no rows; and the rows themselves, which are no schema."""

_PLACES: Final = {
    "view_stmt": "view",
    "create_table_as_stmt": "materialized view",
    "create_function_stmt": "function",
    "create_trig_stmt": "trigger",
    "rule_stmt": "rule",
    "create_policy_stmt": "policy",
    "index_stmt": "index",
    "create_domain_stmt": "domain",
    "alter_domain_stmt": "domain",
    "create_enum_stmt": "labels of enum",
    "alter_enum_stmt": "labels of enum",
}
_COMMENT: Final = re.compile(r"\s*COMMENT\s+ON\s+(?P<what>.*?)\s+IS\s", re.IGNORECASE | re.DOTALL)
_CONSTRAINTS: Final = {
    pb.CONSTR_CHECK: "check {name} of {table}",
    pb.CONSTR_DEFAULT: "default of {table}.{column}",
    pb.CONSTR_GENERATED: "generated column {table}.{column}",
    pb.CONSTR_EXCLUSION: "exclusion {name} of {table}",
}


def texts_of(kind: str, node: Any, statement: str) -> Iterator[Text]:
    """The texts of one parsed statement: each as it stands and, where quoting hides a value, as it reads."""
    for place, text in _found(kind, node, statement):
        for reading in dict.fromkeys((text, taken_once(text))):
            yield Text(place, reading)


def taken_once(text: str) -> str:
    """A text with doubled quotes and backslashes taken once, as the literals in it read.

    >>> taken_once("name = 'O''Brien'")
    "name = 'O'Brien'"
    """
    return text.replace("''", "'").replace("\\\\", "\\")


def _found(kind: str, node: Any, statement: str) -> Iterator[tuple[str, str]]:
    if kind == "create_stmt":
        yield from _of_table(node, statement)
    elif kind == "alter_table_stmt":
        yield from _of_alter_table(node, statement)
    elif kind == "comment_stmt":
        if not node.comment:
            return
        match = _COMMENT.match(statement)
        yield f"comment on {_comment_place(match['what']) if match else 'an object'}", str(node.comment)
    elif kind not in _SILENT and ("'" in statement or "$" in statement or kind in _PLACES):
        yield f"{_PLACES.get(kind) or _words(kind)} {_name(kind, node)}".strip(), statement


def _of_table(node: Any, statement: str) -> Iterator[tuple[str, str]]:
    table = table_name(node.relation)
    if node.HasField("partbound"):
        yield f"bounds of partition {table}", bound_text(node.partbound)
    for element in node.table_elts:
        if element.HasField("constraint"):
            yield from _of_constraint(element.constraint, table, column="", statement=statement)
        for wrapped in element.column_def.constraints:
            yield from _of_constraint(
                wrapped.constraint, table, column=str(element.column_def.colname), statement=statement
            )


def _of_alter_table(node: Any, statement: str) -> Iterator[tuple[str, str]]:
    table = table_name(node.relation)
    for wrapped in node.cmds:
        command = wrapped.alter_table_cmd
        argument = getattr(command, "def")
        if command.subtype == pb.AT_ColumnDefault and command.HasField("def"):
            yield f"default of {table}.{command.name}", expression_text(argument)
        elif command.subtype == pb.AT_AddConstraint:
            yield from _of_constraint(argument.constraint, table, column="", statement=statement)
        elif command.subtype == pb.AT_AttachPartition:
            bound = argument.partition_cmd.bound
            if bound.ByteSize():
                yield f"bounds of partition {table_name(argument.partition_cmd.name)}", bound_text(bound)
        elif "'" in statement:
            yield f"table {table}", statement


def _of_constraint(node: Any, table: str, *, column: str, statement: str) -> Iterator[tuple[str, str]]:
    if place := _CONSTRAINTS.get(node.contype):
        text = expression_text(node.raw_expr) if node.HasField("raw_expr") else statement
        yield place.format(name=node.conname, table=table, column=column), text


def _comment_place(what: str) -> str:
    """The object of a comment on one line, its kind in small letters: `column public.users.email`."""
    kinds = []
    words = what.split()
    while words and words[0].isupper() and words[0].isalpha():
        kinds.append(words.pop(0).lower())
    # Without a function's arguments, whose types are written in more than one way.
    return " ".join([*kinds, *words]).partition("(")[0]


def _name(kind: str, node: Any) -> str:
    match kind:
        case "view_stmt":
            return table_name(node.view)
        case "create_table_as_stmt":
            return table_name(node.into.rel)
        case "create_function_stmt":
            return object_name(node.funcname)
        case "create_trig_stmt":
            return f"{node.trigname} on {table_name(node.relation)}"
        case "rule_stmt":
            return f"{node.rulename} on {table_name(node.relation)}"
        case "create_policy_stmt":
            return f"{node.policy_name} on {table_name(node.table)}"
        case "index_stmt":
            return f"{node.idxname} on {table_name(node.relation)}"
        case "create_domain_stmt":
            return object_name(node.domainname)
        case "create_enum_stmt" | "alter_enum_stmt" | "alter_domain_stmt":
            return object_name(node.type_name)
        case _:
            return ""


def _words(kind: str) -> str:
    """What to call a statement of a rare kind: `create_foreign_server_stmt` is `create foreign server`."""
    return kind.removesuffix("_stmt").replace("_", " ")
