"""RENAME breaks whoever uses the old name: the new name beside the old one, until nobody does."""

from typing import Any

from postgast import pg_query_pb2 as pb

from harness.analysis.remedy.object_names import base
from harness.analysis.remedy.steps import NO_WAY, Known, Piece, Way
from harness.analysis.remedy.tree import ident, name_of

_DEPLOYS = "the old name may go only when no instance of the old version runs: a deploy lies between"


def renamed(node: Any, known: Known) -> Way:
    """Expand and contract for a column; for a table the old name stays as a view."""
    table = name_of(node.relation)
    if node.rename_type == pb.OBJECT_TABLE:
        schema = f"{ident(node.relation.schemaname)}." if node.relation.schemaname else ""
        fresh = f"{schema}{ident(node.newname)}"
        both = (
            f"BEGIN;\nALTER TABLE {table} RENAME TO {ident(node.newname)};\n"
            f"CREATE VIEW {table} AS SELECT * FROM {fresh};\nCOMMIT"
        )
        piece = Piece(sql=both, note="the old name answers reads and writes too; later: DROP VIEW")
        return Way(pieces=(piece,), why=_DEPLOYS)
    if node.rename_type == pb.OBJECT_COLUMN:
        return _column(table, node.subname, node.newname, known)
    return NO_WAY


def _column(table: str, old: str, new: str, known: Known) -> Way:
    shape = known.table(table)
    column = shape.column(old) if shape else None
    if column is None:
        words = f"ALTER TABLE {table} ADD COLUMN {ident(new)}, kept equal to {ident(old)} by a trigger; drop that later"
        return Way(words=words, why=_DEPLOYS)
    kind = column.type
    schema = f"{table.rpartition('.')[0]}." if "." in table else ""
    function = f"{schema}{ident(f'{base(table)}_{new}_sync')}"
    a, b = ident(old), ident(new)
    body = (
        f"BEGIN IF TG_OP = 'UPDATE' AND NEW.{b} IS DISTINCT FROM OLD.{b} AND NEW.{a} IS NOT DISTINCT FROM OLD.{a} "
        f"OR NEW.{a} IS NULL THEN NEW.{a} := NEW.{b}; ELSE NEW.{b} := NEW.{a}; END IF; RETURN NEW; END"
    )
    return Way(
        pieces=(
            Piece(sql=f"ALTER TABLE {table} ADD COLUMN {b} {kind}"),
            Piece(sql=f"CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $sync$ {body} $sync$"),
            Piece(
                sql=f"CREATE TRIGGER {ident(f'{base(table)}_{new}_sync')} BEFORE INSERT OR UPDATE ON {table} "
                f"FOR EACH ROW EXECUTE FUNCTION {function}()"
            ),
            Piece(
                sql=f"UPDATE {table} SET {b} = {a} WHERE {b} IS DISTINCT FROM {a}",
                above="in batches by key, each committed:",
                note=f"then deploy what uses {b}; then drop trigger, function and {a}",
            ),
        ),
        why=_DEPLOYS,
    )
