"""Safer forms of CREATE INDEX, DROP INDEX and REINDEX."""

from typing import Any

from postgast import pg_query_pb2 as pb

from harness.analysis.remedy.object_names import index_columns, object_name
from harness.analysis.remedy.steps import NO_WAY, Known, Piece, Way
from harness.analysis.remedy.tree import deparse, ident, name_of
from harness.events.tables import TableSeen

_LEFTOVER = "left by a failed attempt"


def created_index(node: Any, known: Known) -> Way:
    """CREATE INDEX CONCURRENTLY; on a partitioned table each partition's index by itself, then attached."""
    table = name_of(node.relation)
    shape = known.table(table)
    if node.concurrent or (known.tables and shape is None):
        return NO_WAY  # nobody uses a table that the migration makes itself
    if node.access_method == "btree":
        node.access_method = ""
    node.idxname = node.idxname or object_name(table, index_columns(node), "idx")
    if shape is not None and shape.kind == "p":
        return _partitioned(node, shape)
    return Way(pieces=_concurrently(node))


def _concurrently(node: Any) -> tuple[Piece, ...]:
    node.concurrent = True
    make = Piece(sql=deparse(index_stmt=node), patient=True, outside=True)
    if node.if_not_exists:
        return (make,)
    schema = f"{ident(node.relation.schemaname)}." if node.relation.schemaname else ""
    drop = f"DROP INDEX CONCURRENTLY IF EXISTS {schema}{ident(node.idxname)}"
    return Piece(sql=drop, note=_LEFTOVER, patient=True, outside=True), make


def _partitioned(node: Any, shape: TableSeen) -> Way:
    if not shape.partitions or any(part == "" for part in shape.partitions):
        return NO_WAY
    schema = f"{ident(node.relation.schemaname)}." if node.relation.schemaname else ""
    whole = f"{schema}{ident(node.idxname)}"
    parent = type(node)()
    parent.CopyFrom(node)
    parent.relation.inh = False
    pieces = [Piece(sql=deparse(index_stmt=parent), note="of the parent only: invalid until every partition has one")]
    for part in shape.partitions:
        own = type(node)()
        own.CopyFrom(node)
        space, _, name = part.rpartition(".")
        own.relation.schemaname, own.relation.relname = space.strip('"'), name.strip('"')
        own.idxname = object_name(part, index_columns(node), "idx")
        pieces += _concurrently(own)
        pieces.append(Piece(sql=f"ALTER INDEX {whole} ATTACH PARTITION {space}.{ident(own.idxname)}"))
    return Way(pieces=tuple(pieces))


def dropped_index(node: Any, _: Known) -> Way:
    """DROP INDEX CONCURRENTLY, one index a statement; with CASCADE there is no such form."""
    if node.remove_type != pb.OBJECT_INDEX or node.concurrent or node.behavior == pb.DROP_CASCADE:
        return NO_WAY
    pieces = []
    for item in node.objects:
        one = pb.DropStmt(
            remove_type=pb.OBJECT_INDEX,
            objects=[item],
            missing_ok=node.missing_ok,
            behavior=node.behavior,
            concurrent=True,
        )
        pieces.append(Piece(sql=deparse(drop_stmt=one), patient=True, outside=True))
    return Way(pieces=tuple(pieces))


def reindexed(node: Any, _: Known) -> Way:
    """REINDEX … CONCURRENTLY; system catalogs have no such form."""
    names = [param.def_elem.defname for param in node.params]
    if "concurrently" in names or node.kind == pb.REINDEX_OBJECT_SYSTEM:
        return NO_WAY
    node.params.append(pb.Node(def_elem=pb.DefElem(defname="concurrently", defaction=pb.DEFELEM_UNSPEC)))
    return Way(pieces=(Piece(sql=deparse(reindex_stmt=node), patient=True, outside=True),))
