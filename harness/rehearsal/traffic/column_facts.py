"""What is known of a column: its statistics, and where new keys begin."""

from typing import Final

from psycopg import sql

from harness.postgres.connect import Connection
from harness.rehearsal.traffic.relation import Need, Relation, query
from harness.spec.params import ColumnStatistics, KeyStart, SampleColumn, Scale

KEY_JUMP: Final = 10_000_000
"""New keys begin this far above the greatest, so that what the table's own sequence gives stays below them.

An hour of 2,500 inserts a second through the sequence fits in between.
"""
_LEAST_ROOM: Final = 1_000  # keys left below the type's maximum; fewer would not last a run
_VARIABLE_HEADER: Final = 4  # atttypmod counts it (manual, pg_attribute)
_GREATEST: Final[dict[str, int]] = {"int2": 2**15 - 1, "int4": 2**31 - 1, "int8": 2**63 - 1}
_SCALES: Final = {
    **dict.fromkeys(("int2", "int4", "int8"), Scale.INTEGER),
    **dict.fromkeys(("numeric", "float4", "float8"), Scale.NUMBER),
    "date": Scale.DATE,
    **dict.fromkeys(("timestamp", "timestamptz"), Scale.TIMESTAMP),
}


def column_statistics(conn: Connection, relation: Relation, column: str) -> ColumnStatistics | None:
    """The column by pg_stats; None before the first ANALYZE, and for views."""
    row = conn.execute(query("column_statistics"), {"oid": relation.oid, "column": column}).fetchone()
    if row is None:
        return None
    type_name, null_share, common, shares, bounds = row
    return ColumnStatistics(
        scale=_SCALES.get(type_name, Scale.NONE),
        null_share=null_share,
        common=tuple(common or ()),
        shares=tuple(shares or ()),
        bounds=tuple(bounds or ()),
    )


def key_start(conn: Connection, relation: Relation, source: SampleColumn, *, need: Need) -> KeyStart:
    """Where new keys of the column begin; SpecError for a type without a greatest value, or one nearly used up."""
    row = conn.execute(query("key_column"), {"oid": relation.oid, "column": source.column}).fetchone()
    type_name, typmod, last_value = row or ("", -1, None)
    if type_name == "uuid":
        return KeyStart(None)
    limit = _greatest(type_name, typmod)
    if limit is None:
        raise need.error(
            f"new_key() makes integers and UUIDs, and {source} is of type {type_name}",
            hint="use uuid() or text(), or let the statement build it from a number: 'ORD-' || :n::int8, where "
            "n = new_key() of an integer column",
        )
    select = sql.SQL("SELECT max({})::numeric FROM {}").format(sql.Identifier(source.column), relation.identifier)
    (greatest,) = conn.execute(select).fetchone() or (None,)
    top = max(0, int(greatest or 0), last_value or 0)
    room = limit - top
    if room < _LEAST_ROOM:
        raise need.error(
            f"{source} has only {max(0, room):,} keys left below the greatest that its type holds",
            hint="leave out the key where the table has a sequence, or prepare a snapshot with lower keys",
        )
    return KeyStart(top + min(KEY_JUMP, room // 2))


def _greatest(type_name: str, typmod: int) -> int | None:
    """The greatest whole number that the type holds; None for a type that is no number."""
    if type_name == "numeric":
        if typmod < 0:
            return _GREATEST["int8"]
        digits = ((typmod - _VARIABLE_HEADER) >> 16) - ((typmod - _VARIABLE_HEADER) & 0x7FF)
        return min(_GREATEST["int8"], int("9" * digits or "0"))
    return _GREATEST.get(type_name)
