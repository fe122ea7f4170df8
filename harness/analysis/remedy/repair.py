"""What to run before a statement that the data, or the application, does not bear: SQL that finds or keeps the rows."""

from typing import Any

from postgast import pg_query_pb2 as pb

from harness.analysis.facts import Facts, StatementFacts
from harness.analysis.remedy.object_names import base
from harness.analysis.remedy.safer import safer_way
from harness.analysis.remedy.steps import Known
from harness.analysis.remedy.tree import expression, first_node, ident, name_of


def violating_rows(sql: str) -> str:
    """Queries that find the rows which a constraint of ALTER TABLE refuses, "" where none can be written."""
    node = first_node(sql)
    if node is None or node.WhichOneof("node") not in ("alter_table_stmt", "index_stmt"):
        return ""
    if node.WhichOneof("node") == "index_stmt":
        keys = [item.index_elem.name for item in node.index_stmt.index_params]
        wanted = node.index_stmt.unique and all(keys)
        return _twice(name_of(node.index_stmt.relation), keys) if wanted else ""
    table = name_of(node.alter_table_stmt.relation)
    found = [query for item in node.alter_table_stmt.cmds if (query := _refused(item.alter_table_cmd, table))]
    return "\n".join(found)


def _refused(command: Any, table: str) -> str:
    if command.subtype == pb.AT_SetNotNull:
        return f"SELECT count(*) FROM {table} WHERE {ident(command.name)} IS NULL;"
    if command.subtype != pb.AT_AddConstraint:
        return ""
    constraint = getattr(command, "def").constraint
    if constraint.contype == pb.CONSTR_CHECK:
        return f"SELECT count(*) FROM {table} WHERE NOT ({expression(constraint.raw_expr)});"
    columns = [item.string.sval for item in constraint.keys]
    if constraint.contype in (pb.CONSTR_UNIQUE, pb.CONSTR_PRIMARY) and columns:
        return _twice(table, columns)
    here = [item.string.sval for item in constraint.fk_attrs]
    there = [item.string.sval for item in constraint.pk_attrs]
    if constraint.contype == pb.CONSTR_FOREIGN and len(here) == len(there) and here:
        pairs = " AND ".join(f"p.{ident(b)} = c.{ident(a)}" for a, b in zip(here, there, strict=True))
        given = " AND ".join(f"c.{ident(a)} IS NOT NULL" for a in here)
        parent = name_of(constraint.pktable)
        absent = f"NOT EXISTS (SELECT FROM {parent} AS p WHERE {pairs})"
        return f"SELECT count(*) FROM {table} AS c\nWHERE {given} AND {absent};"
    return ""


def _twice(table: str, columns: list[str]) -> str:
    listed = ", ".join(ident(column) for column in columns)
    return f"SELECT {listed}, count(*) FROM {table} GROUP BY {listed} HAVING count(*) > 1;"


def archive(statement: StatementFacts | None, facts: Facts) -> str:
    """A copy of what the statement takes away, beside it, "" where it is no DROP of a table or column."""
    node = first_node(statement.sql) if statement is not None else None
    if node is None:
        return ""
    if node.WhichOneof("node") == "drop_stmt" and node.drop_stmt.remove_type == pb.OBJECT_TABLE:
        names = [".".join(ident(p.string.sval) for p in o.list.items) for o in node.drop_stmt.objects]
        return "\n".join(f"ALTER TABLE {name} RENAME TO {ident(f'{base(name)}_unused')};" for name in names)
    if node.WhichOneof("node") != "alter_table_stmt":
        return ""
    table = name_of(node.alter_table_stmt.relation)
    shape = Known(tables=facts.tables).table(table)
    key = [ident(column) for column in shape.primary_key] if shape else []
    dropped = [
        c.alter_table_cmd.name for c in node.alter_table_stmt.cmds if c.alter_table_cmd.subtype == pb.AT_DropColumn
    ]
    space = f"{table.rpartition('.')[0]}." if "." in table else ""
    return "\n".join(
        f"CREATE TABLE {space}{ident(f'{base(table)}_{column}_archive')} AS\n"
        f"  SELECT {', '.join([*key, ident(column)])} FROM {table} WHERE {ident(column)} IS NOT NULL;"
        for column in dropped
    )


def expand_first(statement: StatementFacts | None, facts: Facts) -> str:
    """Expand and contract for a RENAME, the order of deploys for a DROP, "" for anything else."""
    if statement is None:
        return ""
    node = first_node(statement.sql)
    kind = node.WhichOneof("node") if node is not None else None
    if kind == "rename_stmt":
        way = safer_way(statement.sql, Known(work=statement.work, tables=facts.tables))
        return way.text
    drops = kind == "drop_stmt" or (
        kind == "alter_table_stmt"
        and any(c.alter_table_cmd.subtype == pb.AT_DropColumn for c in node.alter_table_stmt.cmds)
    )
    if not drops:
        return ""
    return (
        "-- first deploy an application that does not use it; when no instance of the old version runs:\n"
        f"{statement.sql.strip().rstrip(';')};"
    )
