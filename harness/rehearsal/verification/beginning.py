"""The beginning of a clone, kept to compare with: schema image, row digests, sequences, what was already broken."""

from dataclasses import dataclass

from harness.events.codec import AnyEvent
from harness.events.observation import StateSeen, TableCount
from harness.events.verification import DestroyedByUp, RowsCompared, SchemaCompared
from harness.model.catalog import Change, SchemaImage, TableDigest, compare_images
from harness.model.clock import Clock
from harness.model.words import Pass
from harness.postgres.catalog import (
    SequenceRow,
    read_invalid_indexes,
    read_schema_image,
    read_sequences,
    read_table_digests,
    read_unindexed_foreign_keys,
    read_unvalidated_constraints,
)
from harness.postgres.connect import Connection


@dataclass(frozen=True, slots=True)
class Contents:
    """Everything a rollback must bring back, as it was at one moment; `digests` is None where rows were not read."""

    image: SchemaImage
    digests: tuple[TableDigest, ...] | None
    sequences: tuple[SequenceRow, ...]


def read_contents(conn: Connection, *, rows: bool) -> Contents:
    """The contents now; `rows` reads every table once."""
    return Contents(
        image=read_schema_image(conn),
        digests=read_table_digests(conn) if rows else None,
        sequences=read_sequences(conn),
    )


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
    now = {sequence.sequence: sequence for sequence in after.sequences}
    return tuple(
        old.sequence
        for old in before.sequences
        if (new := now.get(old.sequence)) is not None and new.next_value < old.next_value
    )


def destroyed_by(before: Contents, after: Contents, *, pass_: Pass, clock: Clock) -> DestroyedByUp:
    """Tables with rows, columns and rows that existed before and are gone after going up.

    A table that was renamed counts as gone only if no table that appeared holds as many rows.
    """
    images = compare_images(before.image, after.image)
    gone = {d.identity for d in images if d.change is Change.MISSING and d.kind in ("table", "partitioned table")}
    now = {digest.relation: digest for digest in after.digests or ()}
    appeared = [d for relation, d in now.items() if relation not in {b.relation for b in before.digests or ()}]
    items = []
    for table in before.digests or ():
        new = now.get(table.relation)
        if new is None and table.relation in gone and table.rows and not any(a.rows == table.rows for a in appeared):
            items.append(f"table {table.relation} with {table.rows:,} rows")
        elif new is not None and new.rows < table.rows:
            items.append(f"{table.rows - new.rows:,} of {table.rows:,} rows of {table.relation}")
    return DestroyedByUp(at_ns=clock.now_ns(), pass_=pass_, items=tuple(items))


def see_state(conn: Connection, *, pass_: Pass, moment: str, clock: Clock) -> AnyEvent:
    """What stands in the database now that should not stay."""
    return StateSeen(
        at_ns=clock.now_ns(),
        pass_=pass_,
        moment=moment,
        invalid_indexes=read_invalid_indexes(conn),
        unvalidated_constraints=read_unvalidated_constraints(conn),
        unindexed_foreign_keys=read_unindexed_foreign_keys(conn),
    )
