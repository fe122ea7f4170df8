"""The safer form of one statement."""

from collections.abc import Callable
from typing import Any

from postgast import pg_query_pb2 as pb

from harness.analysis.facts import StatementFacts
from harness.analysis.remedy.alter import safer_command
from harness.analysis.remedy.backfill import batches
from harness.analysis.remedy.tree import constraints, deparse, first_node, ident, name_of

RETRY = "SET lock_timeout = '200ms';  -- and run it again when it fails with 55P03: the queue drains between attempts"


def with_timeout(statement: StatementFacts) -> str:
    """The same statement, bounded in how long it may queue."""
    return f"{RETRY}\n{_sql(statement)};"


def safer(statement: StatementFacts) -> str:
    """The statement's safer form; the bounded statement where there is no other form of it."""
    node = first_node(statement.sql)
    kind = node.WhichOneof("node") if node is not None else None
    build = _BUILDERS.get(kind or "")
    found = build(getattr(node, kind), statement) if build and kind else ""
    return found or with_timeout(statement)


def referencing_index(statement: StatementFacts | None, described: str) -> str:
    """CREATE INDEX CONCURRENTLY on the referencing columns of the statement's foreign key."""
    for table, constraint in constraints(statement.sql) if statement else ():
        if constraint.contype == pb.CONSTR_FOREIGN and constraint.fk_attrs:
            columns = ", ".join(ident(item.string.sval) for item in constraint.fk_attrs)
            return f"CREATE INDEX CONCURRENTLY ON {table} ({columns});"
    return f"-- CREATE INDEX CONCURRENTLY on the referencing columns of {described}"


def _index(node: Any, _: StatementFacts) -> str:
    if node.concurrent:
        return ""
    node.concurrent = True
    return f"-- outside a transaction block\n{deparse(index_stmt=node)};"


def _drop(node: Any, _: StatementFacts) -> str:
    if node.remove_type != pb.OBJECT_INDEX or node.concurrent or len(node.objects) != 1:
        return ""
    node.concurrent = True
    return f"-- outside a transaction block\n{deparse(drop_stmt=node)};"


def _reindex(_: Any, statement: StatementFacts) -> str:
    words = _sql(statement).split()
    at = 3 if len(words) > 1 and words[1].startswith("(") else 2
    return f"-- outside a transaction block\n{' '.join((*words[:at], 'CONCURRENTLY', *words[at:]))};"


def _vacuum(node: Any, _: StatementFacts) -> str:
    tables = ", ".join(name_of(item.vacuum_relation.relation) for item in node.rels)
    return (
        f"VACUUM {tables};  -- makes the space reusable without the lock\n"
        "-- to give it back to the system, repack online (pg_repack, pg_squeeze) or rewrite in a quiet window"
    )


def _cluster(node: Any, _: StatementFacts) -> str:
    return f"-- reorder {name_of(node.relation)} online (pg_repack --order-by), or in a window without traffic"


def _data(_: Any, statement: StatementFacts) -> str:
    return batches(statement)


def _refresh(node: Any, _: StatementFacts) -> str:
    if node.concurrent:
        return ""
    node.concurrent = True
    return f"{deparse(refresh_mat_view_stmt=node)};  -- needs a unique index on the materialized view"


def _alter_table(node: Any, statement: StatementFacts) -> str:
    table = name_of(node.relation)
    parts = [part for item in node.cmds if (part := safer_command(item.alter_table_cmd, table))]
    return f"{RETRY}\n" + "\n".join(parts) if parts else with_timeout(statement)


def _sql(statement: StatementFacts) -> str:
    return statement.sql.strip().rstrip(";")


_BUILDERS: dict[str, Callable[[Any, StatementFacts], str]] = {
    "index_stmt": _index,
    "drop_stmt": _drop,
    "reindex_stmt": _reindex,
    "vacuum_stmt": _vacuum,
    "cluster_stmt": _cluster,
    "update_stmt": _data,
    "delete_stmt": _data,
    "refresh_mat_view_stmt": _refresh,
    "alter_table_stmt": _alter_table,
}
