"""ALTER COLUMN TYPE as expand and contract: a column beside it, a trigger, a backfill in batches, a swap of names."""

from typing import Any

import postgast
from postgast import pg_query_pb2 as pb

from harness.analysis.remedy.backfill import batched
from harness.analysis.remedy.constraints import proven_not_null
from harness.analysis.remedy.object_names import base
from harness.analysis.remedy.steps import Known, Piece, Way
from harness.analysis.remedy.tree import expression, ident, type_text
from harness.events.tables import ColumnShape, TableSeen


def changed_type(command: Any, table: str, known: Known) -> Way:
    """Mechanical for a column that nothing else depends on; else the pieces, and why somebody has to look."""
    name = command.name
    shape = known.table(table)
    column = shape.column(name) if shape else None
    definition = getattr(command, "def").column_def
    kind = type_text(definition, table)
    old, fresh, kept = ident(name), ident(f"{name}_new"), ident(f"{name}_old")
    using = definition.raw_default if definition.HasField("raw_default") else None
    value = expression(using) if using is not None else f"{old}::{kind}"
    of_row = _of_new_row(using) if using is not None else f"NEW.{old}::{kind}"
    fill = f"UPDATE {table} SET {fresh} = {value}"
    filled = batched(fill, known).pieces or (Piece(sql=fill, above="in batches by key, each committed:"),)
    schema = f"{table.rpartition('.')[0]}." if "." in table else ""
    sync = ident(f"{base(table)}_{name}_sync")
    body = f"BEGIN NEW.{fresh} := {of_row}; RETURN NEW; END"
    pieces = (
        Piece(
            sql=f"ALTER TABLE {table} ADD COLUMN {fresh} {type_text(definition, table, collated=True)}", above="expand:"
        ),
        Piece(sql=f"CREATE FUNCTION {schema}{sync}() RETURNS trigger LANGUAGE plpgsql AS $sync$ {body} $sync$"),
        Piece(
            sql=f"CREATE TRIGGER {sync} BEFORE INSERT OR UPDATE ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION {schema}{sync}()"
        ),
        *filled,
        *(proven_not_null(table, f"{name}_new") if column is not None and column.not_null else ()),
        *_default(column, table, fresh),
        Piece(
            sql=f"BEGIN;\nDROP TRIGGER {sync} ON {table};\nDROP FUNCTION {schema}{sync}();\n"
            f"ALTER TABLE {table} RENAME COLUMN {old} TO {kept};\n"
            f"ALTER TABLE {table} RENAME COLUMN {fresh} TO {old};\nCOMMIT",
            above="swap, in an instant:",
        ),
        Piece(sql=f"ALTER TABLE {table} DROP COLUMN {kept}", note="contract: when nobody wants it back"),
    )
    return Way(pieces=pieces, why=_why(name, shape, column))


def _default(column: ColumnShape | None, table: str, fresh: str) -> tuple[Piece, ...]:
    if column is None or not column.default:
        return ()
    return (Piece(sql=f"ALTER TABLE {table} ALTER COLUMN {fresh} SET DEFAULT {column.default}"),)


def _why(name: str, shape: TableSeen | None, column: ColumnShape | None) -> str:
    if shape is None or column is None:
        return f"what depends on {ident(name)} is not known"
    if column.generated or "nextval(" in column.default:
        return f"{ident(name)} has values of its own making, which have to be moved to the new column"
    if name in shape.bound or shape.kind != "r":
        return f"an index, a constraint, a view or a partition uses {ident(name)}: make it anew for the new column"
    return "" if shape.primary_key else f"no primary key of {shape.relation} is known to make batches by"


def _of_new_row(value: Any) -> str:
    """The expression with every column taken from NEW."""
    copy = pb.Node()
    copy.CopyFrom(value)
    for ref in postgast.find_nodes(copy, pb.ColumnRef):
        last = ref.fields[-1].string.sval
        del ref.fields[:]
        ref.fields.extend([pb.Node(string=pb.String(sval="new")), pb.Node(string=pb.String(sval=last))])
    return expression(copy)
