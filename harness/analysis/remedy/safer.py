"""The safer form of one statement."""

from collections.abc import Callable
from typing import Any

from postgast import pg_query_pb2 as pb

from harness.analysis.facts import Facts, StatementFacts
from harness.analysis.remedy.alter import altered
from harness.analysis.remedy.backfill import batched
from harness.analysis.remedy.indexes import created_index, dropped_index, reindexed
from harness.analysis.remedy.object_names import object_name
from harness.analysis.remedy.renames import renamed
from harness.analysis.remedy.steps import NO_WAY, RETRY, Known, Piece, Way
from harness.analysis.remedy.tree import constraints, deparse, first_node, ident, name_of


def with_timeout(statement: StatementFacts) -> str:
    """The same statement, bounded in how long it may queue."""
    return f"{RETRY}\n{_sql(statement.sql)};"


def safer(statement: StatementFacts, facts: Facts) -> str:
    """The statement's safer form as text; the bounded statement where there is no other form of it."""
    way = safer_way(statement.sql, Known(work=statement.work, tables=facts.tables))
    return way.text or with_timeout(statement)


def safer_way(sql: str, known: Known) -> Way:
    """What to do instead of the statement; no pieces and no words where there is nothing better."""
    node = first_node(sql)
    kind = node.WhichOneof("node") if node is not None else None
    build = _BUILDERS.get(kind or "")
    return build(getattr(node, kind), known) if build and kind else NO_WAY


def referencing_index(statement: StatementFacts | None, described: str) -> str:
    """CREATE INDEX CONCURRENTLY on the referencing columns of the statement's foreign key."""
    for table, constraint in constraints(statement.sql) if statement else ():
        if constraint.contype == pb.CONSTR_FOREIGN and constraint.fk_attrs:
            names = [item.string.sval for item in constraint.fk_attrs]
            name, columns = object_name(table, names, "idx"), ", ".join(ident(one) for one in names)
            return f"CREATE INDEX CONCURRENTLY {ident(name)} ON {table} ({columns});"
    if statement and (found := _inline_key(statement.sql)):
        table, column = found
        return f"CREATE INDEX CONCURRENTLY {ident(object_name(table, [column], 'idx'))} ON {table} ({ident(column)});"
    return f"-- CREATE INDEX CONCURRENTLY on the referencing columns of {described}"


def _inline_key(sql: str) -> tuple[str, str] | None:
    """Table and column of `column type REFERENCES …`."""
    node = first_node(sql)
    kind = node.WhichOneof("node") if node is not None else None
    if node is None or kind not in ("alter_table_stmt", "create_stmt"):
        return None
    body = getattr(node, kind)
    items = body.table_elts if kind == "create_stmt" else [getattr(c.alter_table_cmd, "def") for c in body.cmds]
    for item in items:
        if any(c.constraint.contype == pb.CONSTR_FOREIGN for c in item.column_def.constraints):
            return name_of(body.relation), str(item.column_def.colname)
    return None


def _vacuum(node: Any, _: Known) -> Way:
    if not any(option.def_elem.defname == "full" for option in node.options):
        return NO_WAY
    tables = ", ".join(name_of(item.vacuum_relation.relation) for item in node.rels)
    piece = Piece(
        sql=f"VACUUM (ANALYZE) {tables}".rstrip(), note="makes the space reusable without the lock", outside=True
    )
    words = "to give the space back to the system, repack online (pg_repack, pg_squeeze) or rewrite in a quiet window"
    return Way(pieces=(piece,), words=words, why="VACUUM FULL has no form that lets others through")


def _cluster(node: Any, _: Known) -> Way:
    words = f"reorder {name_of(node.relation)} online (pg_repack --order-by), or in a window without traffic"
    return Way(words=words, why="CLUSTER has no form that lets others through")


def _data(kind: str) -> Callable[[Any, Known], Way]:
    return lambda node, known: batched(deparse(**{kind: node}), known)


def _filled(node: Any, known: Known) -> Way:
    """Rows put into a table that the transaction keeps from others."""
    if known.work != "data":
        return NO_WAY
    table = name_of(node.relation)
    words = f"fill a new table beside {table} first, and rename both in one short transaction; or change what differs"
    return Way(words=words, why=f"nobody reads {table} while it is filled under a strong lock")


def _refresh(node: Any, known: Known) -> Way:
    if node.concurrent or node.skip_data:
        return NO_WAY
    view = name_of(node.relation)
    shape = known.table(view)
    node.concurrent = True
    piece = Piece(sql=deparse(refresh_mat_view_stmt=node), note="readers go on meanwhile")
    has_key = shape is not None and shape.has_unique_index
    why = "" if has_key else f"{view} needs a unique index over all its rows first"
    return Way(pieces=(piece,), why=why)


def _enum(node: Any, _: Known) -> Way:
    return Way(pieces=(Piece(sql=deparse(alter_enum_stmt=node), note="committed before anything uses the value"),))


def _domain(_: Any, known: Known) -> Way:
    """What makes the server look at every column of the domain."""
    if known.work != "scan":
        return NO_WAY
    words = (
        "add a CHECK that says it NOT VALID to each column of the domain, and VALIDATE it there: reads and writes go on"
    )
    return Way(words=words, why="a domain's constraint is validated under SHARE on every table that has the domain")


def _sql(sql: str) -> str:
    return sql.strip().rstrip(";")


_BUILDERS: dict[str, Callable[[Any, Known], Way]] = {
    "index_stmt": created_index,
    "drop_stmt": dropped_index,
    "reindex_stmt": reindexed,
    "vacuum_stmt": _vacuum,
    "cluster_stmt": _cluster,
    "insert_stmt": _filled,
    "update_stmt": _data("update_stmt"),
    "delete_stmt": _data("delete_stmt"),
    "refresh_mat_view_stmt": _refresh,
    "alter_table_stmt": altered,
    "alter_enum_stmt": _enum,
    "rename_stmt": renamed,
    "alter_domain_stmt": _domain,
}
