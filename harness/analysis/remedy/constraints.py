"""Safer forms of ADD CONSTRAINT and SET NOT NULL."""

from typing import Any

from postgast import pg_query_pb2 as pb

from harness.analysis.remedy.object_names import base, check_name, object_name
from harness.analysis.remedy.steps import NO_WAY, Known, Piece, Way
from harness.analysis.remedy.tree import deparse, ident, single
from harness.events.tables import TableSeen

_LATER = "in a transaction of its own: reads and writes go on"


def proven_not_null(table: str, column: str) -> tuple[Piece, ...]:
    """A CHECK that proves it, so that SET NOT NULL has nothing to look for."""
    # Not table_column_not_null: that is what PostgreSQL 18 calls the NOT NULL constraint itself.
    check, name = ident(f"{base(table)}_{column}_present"), ident(column)
    return (
        Piece(sql=f"ALTER TABLE {table} ADD CONSTRAINT {check} CHECK ({name} IS NOT NULL) NOT VALID"),
        Piece(sql=f"ALTER TABLE {table} VALIDATE CONSTRAINT {check}", note=_LATER),
        Piece(sql=f"ALTER TABLE {table} ALTER COLUMN {name} SET NOT NULL", note="finds the proof, does not scan"),
        Piece(sql=f"ALTER TABLE {table} DROP CONSTRAINT {check}"),
    )


def added_constraint(constraint: Any, table: str, known: Known) -> Way:
    """NOT VALID and VALIDATE, or an index built CONCURRENTLY first."""
    shape = known.table(table)
    if constraint.contype in (pb.CONSTR_FOREIGN, pb.CONSTR_CHECK) and not constraint.skip_validation:
        return _not_valid(constraint, table, shape)
    if constraint.contype in (pb.CONSTR_UNIQUE, pb.CONSTR_PRIMARY) and not constraint.indexname:
        return _using_index(constraint, table, shape)
    if constraint.contype == pb.CONSTR_NOTNULL and constraint.keys and not constraint.skip_validation:
        return Way(pieces=proven_not_null(table, constraint.keys[0].string.sval))
    if constraint.contype == pb.CONSTR_EXCLUSION:
        words = "build it on a copy of the table, or check the rows first and add it in a quiet window"
        return Way(words=words, why="an exclusion constraint cannot be built CONCURRENTLY")
    return NO_WAY


def _not_valid(constraint: Any, table: str, shape: TableSeen | None) -> Way:
    if constraint.contype == pb.CONSTR_FOREIGN:
        columns = [item.string.sval for item in constraint.fk_attrs]
        constraint.conname = constraint.conname or object_name(table, columns, "fkey")
        why = "a partitioned table takes no foreign key NOT VALID before PostgreSQL 18: add it to each partition first"
    else:
        constraint.conname, why = constraint.conname or check_name(table, constraint.raw_expr), ""
    constraint.skip_validation, constraint.initially_valid = True, False
    validate = f"ALTER TABLE {table} VALIDATE CONSTRAINT {ident(constraint.conname)}"
    return Way(
        pieces=(Piece(sql=_add(constraint, table)), Piece(sql=validate, note=_LATER)),
        why=why if shape is not None and shape.kind == "p" else "",
    )


def _using_index(constraint: Any, table: str, shape: TableSeen | None) -> Way:
    columns = [item.string.sval for item in constraint.keys]
    primary = constraint.contype == pb.CONSTR_PRIMARY
    default = object_name(table, (), "pkey") if primary else object_name(table, columns, "key")
    name = constraint.conname or default
    nullable = [c for c in columns if primary and _may_be_null(shape, c)]
    pieces = [piece for column in nullable for piece in proven_not_null(table, column)]
    schema = f"{table.rpartition('.')[0]}." if "." in table else ""
    made = _unique_index(constraint, table, name, columns)
    drop = f"DROP INDEX CONCURRENTLY IF EXISTS {schema}{ident(name)}"
    note = "left by a failed attempt"
    pieces += [
        Piece(sql=drop, note=note, patient=True, outside=True),
        Piece(sql=made, patient=True, outside=True),
    ]
    final = pb.Constraint()
    final.CopyFrom(constraint)
    final.conname, final.indexname = name, name
    del final.keys[:], final.including[:], final.options[:]
    final.nulls_not_distinct = False
    pieces.append(Piece(sql=_add(final, table)))
    why = "a partitioned table takes no index that was built before: attach one of each partition"
    return Way(pieces=tuple(pieces), why=why if shape is not None and shape.kind == "p" else "")


def _unique_index(constraint: Any, table: str, name: str, columns: list[str]) -> str:
    listed = ", ".join(ident(column) for column in columns)
    also = ", ".join(ident(item.string.sval) for item in constraint.including)
    return (
        f"CREATE UNIQUE INDEX CONCURRENTLY {ident(name)} ON {table} ({listed})"
        + (f" INCLUDE ({also})" if also else "")
        + (" NULLS NOT DISTINCT" if constraint.nulls_not_distinct else "")
    )


def _may_be_null(shape: TableSeen | None, name: str) -> bool:
    column = shape.column(name) if shape else None
    return column is None or not column.not_null


def _add(constraint: Any, table: str) -> str:
    command = pb.AlterTableCmd(subtype=pb.AT_AddConstraint, behavior=pb.DROP_RESTRICT)
    getattr(command, "def").constraint.CopyFrom(constraint)
    return deparse(alter_table_stmt=single(command, table))
