"""The beginning of a clone, kept to compare with: schema image, row digests, sequences, what was already broken."""

from collections.abc import Iterator
from dataclasses import dataclass

from harness.events.observation import StateSeen, TableCount
from harness.events.verification import DestroyedByUp, RowsCompared, SchemaCompared
from harness.model.catalog import SchemaImage, TableDigest, compare_images
from harness.model.clock import Clock
from harness.model.words import Pass
from harness.postgres.catalog import (
    LiveColumn,
    SequenceValue,
    holds_only_null,
    read_columns,
    read_invalid_indexes,
    read_relation_bytes,
    read_schema_image,
    read_sequences,
    read_table_digests,
    read_unindexed_foreign_keys,
    read_unvalidated_constraints,
)
from harness.postgres.connect import Connection
from harness.rehearsal.migration.work import flush


@dataclass(frozen=True, slots=True)
class Contents:
    """Everything a rollback must bring back, as it was at one moment; `digests` is None where rows were not read."""

    image: SchemaImage
    digests: tuple[TableDigest, ...] | None
    columns: tuple[LiveColumn, ...]
    sequences: tuple[SequenceValue, ...]


def read_contents(conn: Connection, *, rows: bool) -> Contents:
    """The contents now; `rows` reads every table once, and leaves no statistics of its own for later to be reported."""
    contents = Contents(
        image=read_schema_image(conn),
        digests=read_table_digests(conn) if rows else None,
        columns=read_columns(conn),
        sequences=read_sequences(conn),
    )
    if rows:
        # What a session read is reported up to 10 s later (PGSTAT_IDLE_INTERVAL), and would pass for the migration's.
        flush(conn)
    return contents


def compare_schema(before: Contents, after: Contents, *, pass_: Pass, clock: Clock) -> SchemaCompared:
    """The schema image after the way back against the beginning."""
    return SchemaCompared(at_ns=clock.now_ns(), pass_=pass_, differences=compare_images(before.image, after.image))


def compare_rows(before: Contents, after: Contents, *, pass_: Pass, clock: Clock) -> RowsCompared:
    """Row digests after the way back against the beginning; both must have been read with rows."""
    now = {digest.relation: digest for digest in after.digests or ()}
    tables = tuple(_table(digest, now.get(digest.relation)) for digest in before.digests or ())
    return RowsCompared(
        at_ns=clock.now_ns(), pass_=pass_, tables=tables, sequences_backwards=_went_backwards(before, after)
    )


def _table(before: TableDigest, after: TableDigest | None) -> TableCount:
    return TableCount(
        relation=before.relation,
        rows_before=before.rows,
        rows_after=after.rows if after else None,
        identical=after is not None and (after.digest, after.columns) == (before.digest, before.columns),
    )


def _went_backwards(before: Contents, after: Contents) -> tuple[str, ...]:
    """Sequences that would hand out again what they had handed out at the beginning."""
    now = {sequence.name: sequence for sequence in after.sequences}
    return tuple(
        old.name
        for old in before.sequences
        if (new := now.get(old.name)) is not None and (new.last_value, new.is_called) < (old.last_value, old.is_called)
    )


def destroyed_by(before: Contents, after: Contents, *, conn: Connection, pass_: Pass, clock: Clock) -> DestroyedByUp:
    """Filled tables, filled columns and rows that existed before and are gone after going up, the moment of `conn`.

    What was renamed is not gone (its oid or number is still there), nor what was replaced by another of the same name,
    unless that is a column without any value.
    """
    items = [
        *_dropped_tables(before, after),
        *_dropped_columns(before, after),
        *_emptied_columns(before, after, conn),
        *_deleted_rows(before, after),
    ]
    return DestroyedByUp(at_ns=clock.now_ns(), pass_=pass_, items=tuple(items), changed=_changed_rows(before, after))


def _changed_rows(before: Contents, after: Contents) -> tuple[str, ...]:
    now = {digest.relation: digest for digest in after.digests or ()}
    return tuple(
        old.relation
        for old in before.digests or ()
        if (new := now.get(old.relation)) is not None and new.columns == old.columns and new.digest != old.digest
    )


def _dropped_tables(before: Contents, after: Contents) -> list[str]:
    rows = {digest.relation: digest.rows for digest in before.digests or ()}
    oids = {column.table_oid for column in after.columns}
    names = {column.table for column in after.columns}
    gone = {c.table for c in before.columns if c.table_oid not in oids and c.table not in names}
    return [f"table {table} with {rows[table]:,} rows" for table in sorted(gone) if rows.get(table)]


def _dropped_columns(before: Contents, after: Contents) -> list[str]:
    places = {(column.table, column.name) for column in after.columns}
    return [item for item, place in _columns_gone(before, after) if place not in places]


def _emptied_columns(before: Contents, after: Contents, conn: Connection) -> list[str]:
    """Dropped, and made anew under the same name with nothing in it."""
    places = {(column.table, column.name) for column in after.columns}
    anew = [(item, place) for item, place in _columns_gone(before, after) if place in places]
    found = [item for item, (table, name) in anew if holds_only_null(conn, table=table, column=name)]
    if anew:
        flush(conn)
    return [f"{item} (another one has its name, and is empty)" for item in found]


def _columns_gone(before: Contents, after: Contents) -> Iterator[tuple[str, tuple[str, str]]]:
    """Filled columns whose number is no longer there, though their table is: in words, and where the name would be."""
    rows = {digest.relation: digest.rows for digest in before.digests or ()}
    numbers = {(column.table_oid, column.number) for column in after.columns}
    names_now = {column.table_oid: column.table for column in after.columns}
    tables = {column.table for column in after.columns}
    for column in before.columns:
        now = names_now.get(column.table_oid, column.table)
        gone = (column.table_oid, column.number) not in numbers and now in tables
        if gone and rows.get(column.table) and not column.is_empty:
            text = f"column {column.table}.{column.name}, filled in up to {rows[column.table]:,} rows"
            yield text, (now, column.name)


def _deleted_rows(before: Contents, after: Contents) -> list[str]:
    now = {digest.relation: digest.rows for digest in after.digests or ()}
    return [
        f"{old.rows - now[old.relation]:,} of {old.rows:,} rows of {old.relation}"
        for old in before.digests or ()
        if now.get(old.relation, old.rows) < old.rows
    ]


def see_state(conn: Connection, *, pass_: Pass, moment: str, clock: Clock) -> StateSeen:
    """What stands in the database now that should not stay."""
    return StateSeen(
        at_ns=clock.now_ns(),
        pass_=pass_,
        moment=moment,
        invalid_indexes=tuple(index.name for index in read_invalid_indexes(conn)),
        unvalidated_constraints=tuple(f"{c.table}.{c.name}" for c in read_unvalidated_constraints(conn)),
        unindexed_foreign_keys=tuple(f"{table}.{name}" for table, name in read_unindexed_foreign_keys(conn)),
        relation_bytes=read_relation_bytes(conn),
    )
