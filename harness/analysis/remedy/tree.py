"""Parse trees in and out: small pieces of SQL, as PostgreSQL's own parser reads and writes them."""

from typing import Any

import postgast
from postgast import pg_query_pb2 as pb


def parse(sql: str) -> Any:
    """The tree, None where it is not SQL."""
    try:
        return postgast.parse(sql)
    except postgast.PgQueryError:
        return None


def first_node(sql: str) -> Any:
    """The first statement's node, None where there is none."""
    tree = parse(sql)
    return tree.stmts[0].stmt if tree is not None and len(tree.stmts) else None


def constraints(sql: str) -> list[tuple[str, Any]]:
    """Every constraint that CREATE or ALTER TABLE names, with its table."""
    node = first_node(sql)
    if node is None or node.WhichOneof("node") not in ("alter_table_stmt", "create_stmt"):
        return []
    statement = getattr(node, node.WhichOneof("node"))
    return [(name_of(statement.relation), c) for c in postgast.find_nodes(statement, pb.Constraint)]


def referenced_only(sqls: list[str]) -> frozenset[str]:
    """Relations that statements name nowhere except after REFERENCES."""
    named: set[str] = set()
    referenced: set[str] = set()
    for sql in sqls:
        tree = parse(sql)
        if tree is None:
            continue
        pointers = {id(c.pktable): c.pktable for c in postgast.find_nodes(tree, pb.Constraint) if c.HasField("pktable")}
        targets = [name_of(table) for table in pointers.values()]
        every = [name_of(node) for node in postgast.find_nodes(tree, pb.RangeVar)]
        for target in targets:
            every.remove(target)
        named.update(every)
        referenced.update(targets)
    return frozenset(referenced - named)


def deparse(**statement: Any) -> str:
    """The SQL of one statement node, given by the parser's field name."""
    node = pb.Node(**statement)
    return str(postgast.deparse(pb.ParseResult(stmts=[pb.RawStmt(stmt=node)])))


def expression(node: Any) -> str:
    """The SQL of an expression."""
    select = pb.SelectStmt(
        target_list=[pb.Node(res_target=pb.ResTarget(val=node))], limit_option=pb.LIMIT_OPTION_DEFAULT, op=pb.SETOP_NONE
    )
    return deparse(select_stmt=select).removeprefix("SELECT ")


def type_text(column: Any, table: str, *, collated: bool = False) -> str:
    """The SQL of a column's type, with its COLLATE where `collated`; a cast takes none."""
    name = column.colname or "c"
    definition = pb.ColumnDef(colname=name, type_name=column.type_name)
    if collated and column.HasField("coll_clause"):
        definition.coll_clause.CopyFrom(column.coll_clause)
    command = pb.AlterTableCmd(subtype=pb.AT_AddColumn, behavior=pb.DROP_RESTRICT)
    getattr(command, "def").column_def.CopyFrom(definition)
    text = deparse(alter_table_stmt=single(command, table))
    return text.split(f"ADD COLUMN {ident(name)} ", 1)[-1]


def single(command: Any, table: str) -> Any:
    """ALTER TABLE with one command."""
    schema, _, name = table.rpartition(".")
    relation = pb.RangeVar(schemaname=schema.strip('"'), relname=name.strip('"'), inh=True, relpersistence="p")
    return pb.AlterTableStmt(
        relation=relation, cmds=[pb.Node(alter_table_cmd=command)], objtype=pb.OBJECT_TABLE
    )  # fmt: skip


def name_of(relation: Any) -> str:
    """The name of a RangeVar, quoted where it has to be."""
    parts = [part for part in (relation.schemaname, relation.relname) if part]
    return ".".join(ident(part) for part in parts)


def ident(name: str) -> str:
    """A name as SQL writes it: quoted where it is not plain lower case."""
    plain = name.isascii() and name.replace("_", "a").isalnum() and name.lower() == name and not name[:1].isdigit()
    return name if plain else '"' + name.replace('"', '""') + '"'


def altered_columns(sql: str, *, retyped: bool = False) -> frozenset[tuple[str, str]]:
    """The columns, each with its table's name, that an ALTER TABLE changes; with `retyped` the type of."""
    node = first_node(sql)
    if node is None or node.WhichOneof("node") != "alter_table_stmt":
        return frozenset()
    table = name_of(node.alter_table_stmt.relation)
    wanted = {pb.AT_AlterColumnType} if retyped else {pb.AT_AlterColumnType, pb.AT_ColumnDefault}
    commands = (command.alter_table_cmd for command in node.alter_table_stmt.cmds)
    return frozenset((table, command.name) for command in commands if command.subtype in wanted)
