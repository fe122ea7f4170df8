"""Safer forms of ATTACH PARTITION and DETACH PARTITION."""

from typing import Any

from harness.analysis.remedy.object_names import base, object_name
from harness.analysis.remedy.steps import Known, Piece, Way
from harness.analysis.remedy.tree import expression, ident, name_of
from harness.events.tables import TableSeen

_NO_SCAN = "finds the proof, does not scan"


def attached(command: Any, table: str, known: Known, *, statement: str) -> Way:
    """A CHECK that proves the bounds first, also that the default partition holds none of these rows."""
    part = name_of(command.name)
    shape = known.table(table)
    attach = Piece(sql=statement, note=_NO_SCAN)
    bounds = _bounds(command.bound, shape.partition_key) if shape is not None else ""
    if not bounds:
        words = (
            f"first prove the bounds of {part} (its range, and that the key is not null) by a CHECK, NOT VALID, then "
            "VALIDATE CONSTRAINT: it takes no strong lock"
        )
        return Way(pieces=(attach,), words=words, why="the bounds cannot be written as a CHECK mechanically")
    check = ident(f"{base(part)}_bounds")
    pieces = [*_proof(part, check, bounds), attach, _drop(part, check)]
    if shape is not None and shape.default_partition:
        apart = ident(f"{base(part)}_is_apart")
        rest = shape.default_partition
        pieces = [*_proof(rest, apart, f"NOT ({bounds})"), *pieces, _drop(rest, apart)]
    return Way(pieces=tuple(pieces))


def _proof(table: str, check: str, condition: str) -> tuple[Piece, Piece]:
    return (
        Piece(sql=f"ALTER TABLE {table} ADD CONSTRAINT {check} CHECK ({condition}) NOT VALID"),
        Piece(sql=f"ALTER TABLE {table} VALIDATE CONSTRAINT {check}", note="reads and writes go on"),
    )


def _drop(table: str, check: str) -> Piece:
    return Piece(sql=f"ALTER TABLE {table} DROP CONSTRAINT {check}")


def _bounds(bound: Any, key: tuple[str, ...]) -> str:
    """The partition constraint of one plain key column as SQL, "" for a hash, an expression, several or DEFAULT."""
    if len(key) != 1 or not key[0] or bound.is_default:
        return ""
    column = ident(key[0])
    if bound.strategy == "r":
        low, high = expression(bound.lowerdatums[0]), expression(bound.upperdatums[0])
        parts = [f"{column} IS NOT NULL"]
        parts += [f"{column} >= {low}"] if low != "minvalue" else []
        parts += [f"{column} < {high}"] if high != "maxvalue" else []
        return " AND ".join(parts)
    if bound.strategy != "l":
        return ""
    values = [expression(value) for value in bound.listdatums]
    listed = ", ".join(value for value in values if value != "NULL")
    # As the server writes it: = for one value, = ANY for several, so that its prover sees that they are the same.
    among = f"{column} = {listed}" if len(values) == 1 else f"{column} = ANY (ARRAY[{listed}])"
    if "NULL" in values:
        return f"{column} IS NULL OR {among}" if listed else f"{column} IS NULL"
    return f"{column} IS NOT NULL AND {among}"


def _left_check(part: str, known: Known, shape: TableSeen | None) -> tuple[Piece, ...]:
    """The CHECK of its old bounds that DETACH … CONCURRENTLY gives the table, where its name is known to be free."""
    seen = known.table(part)
    if seen is None or shape is None or len(shape.partition_key) != 1 or not shape.partition_key[0]:
        return ()
    name = object_name(part, shape.partition_key, "check")
    if name in seen.constraints:
        return ()
    sql = f"ALTER TABLE {part} DROP CONSTRAINT IF EXISTS {ident(name)}"
    return (Piece(sql=sql, note="CONCURRENTLY leaves a CHECK of the old bounds"),)


def detached(command: Any, table: str, known: Known) -> Way:
    """DETACH PARTITION … CONCURRENTLY, which the server refuses beside a default partition."""
    if command.concurrent:
        return Way()
    part, shape = name_of(command.name), known.table(table)
    piece = Piece(sql=f"ALTER TABLE {table} DETACH PARTITION {part} CONCURRENTLY", patient=True, outside=True)
    refused = shape is not None and bool(shape.default_partition)
    return Way(
        pieces=(piece, *_left_check(part, known, shape)),
        why="CONCURRENTLY is refused beside a default partition" if refused else "",
    )
