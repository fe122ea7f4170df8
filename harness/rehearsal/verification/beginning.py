"""The beginning of a clone, kept to compare with: schema image, row digests, sequences, what was already broken."""

from dataclasses import dataclass

from harness.events.codec import AnyEvent
from harness.events.observation import StateSeen, TableCount
from harness.events.verification import DestroyedByUp, RowsCompared, SchemaCompared
from harness.model.catalog import Change, Difference, SchemaImage, TableDigest, compare_images
from harness.model.clock import Clock
from harness.model.words import Pass
from harness.postgres.catalog import (
    SequenceValue,
    read_invalid_indexes,
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
    sequences: tuple[SequenceValue, ...]


def read_contents(conn: Connection, *, rows: bool) -> Contents:
    """The contents now; `rows` reads every table once, and leaves no statistics of its own for later to be reported."""
    contents = Contents(
        image=read_schema_image(conn),
        digests=read_table_digests(conn) if rows else None,
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


def destroyed_by(before: Contents, after: Contents, *, pass_: Pass, clock: Clock) -> DestroyedByUp:
    """Filled tables, filled columns and rows that existed before and are gone after going up.

    A table or column that was renamed is not gone: another of the same definition appeared in its place.
    """
    changes = compare_images(before.image, after.image)
    rows = {digest.relation: digest.rows for digest in before.digests or ()}
    items = [*_dropped_tables(changes, rows), *_dropped_columns(changes, rows), *_deleted_rows(before, after)]
    return DestroyedByUp(at_ns=clock.now_ns(), pass_=pass_, items=tuple(items))


def _dropped_tables(changes: tuple[Difference, ...], rows: dict[str, int]) -> list[str]:
    tables = [d for d in changes if d.kind == "table"]
    appeared = [d.after for d in tables if d.change is Change.EXTRA]
    return [
        f"table {d.identity} with {rows[d.identity]:,} rows"
        for d in tables
        if d.change is Change.MISSING and rows.get(d.identity) and d.before not in appeared
    ]


def _dropped_columns(changes: tuple[Difference, ...], rows: dict[str, int]) -> list[str]:
    columns = [d for d in changes if d.kind == "column"]
    gone_tables = {d.identity for d in changes if d.kind == "table" and d.change is Change.MISSING}
    appeared = [(_table_of(d), d.after) for d in columns if d.change is Change.EXTRA]
    return [
        f"column {d.identity}, filled in up to {rows[_table_of(d)]:,} rows"
        for d in columns
        if d.change is Change.MISSING
        and rows.get(_table_of(d))
        and _table_of(d) not in gone_tables
        and (_table_of(d), d.before) not in appeared
    ]


def _table_of(column: Difference) -> str:
    return column.identity.rpartition(".")[0]


def _deleted_rows(before: Contents, after: Contents) -> list[str]:
    now = {digest.relation: digest.rows for digest in after.digests or ()}
    return [
        f"{old.rows - now[old.relation]:,} of {old.rows:,} rows of {old.relation}"
        for old in before.digests or ()
        if now.get(old.relation, old.rows) < old.rows
    ]


def see_state(conn: Connection, *, pass_: Pass, moment: str, clock: Clock) -> AnyEvent:
    """What stands in the database now that should not stay."""
    return StateSeen(
        at_ns=clock.now_ns(),
        pass_=pass_,
        moment=moment,
        invalid_indexes=tuple(index.name for index in read_invalid_indexes(conn)),
        unvalidated_constraints=tuple(f"{c.table}.{c.name}" for c in read_unvalidated_constraints(conn)),
        unindexed_foreign_keys=tuple(f"{table}.{name}" for table, name in read_unindexed_foreign_keys(conn)),
    )
