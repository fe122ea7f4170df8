"""What stands at a moment of a pass beside the schema, and what going up changed in the schema."""

from harness.events.state import KeySeen, SchemaChanged, SequenceSeen, StateMeasured, TableSeen
from harness.model.catalog import compare_images
from harness.model.clock import Clock
from harness.model.words import Pass
from harness.postgres.connect import Connection
from harness.postgres.state import read_keys, read_sequences_behind, read_tables, read_unidentified
from harness.rehearsal.verification.beginning import Contents


def measure_state(conn: Connection, *, pass_: Pass, moment: str, clock: Clock) -> StateMeasured:
    """Everything that stands now; reads ends of indexes, never a whole table."""
    return StateMeasured(
        at_ns=clock.now_ns(),
        pass_=pass_,
        moment=moment,
        tables=_tables(conn),
        keys=tuple(
            KeySeen(
                relation=key.relation,
                column=key.column,
                type=key.type,
                used_ratio=key.used_ratio,
                narrower_than=key.narrower_than,
            )
            for key in read_keys(conn)
        ),
        sequences=tuple(
            SequenceSeen(
                sequence=one.sequence, relation=one.relation, column=one.column, behind=one.behind, taken=one.taken
            )
            for one in read_sequences_behind(conn)
        ),
        unidentified=read_unidentified(conn),
    )


def measure_tables(conn: Connection, *, pass_: Pass, moment: str, clock: Clock) -> StateMeasured:
    """The tables alone: sizes, and how often autovacuum came."""
    return StateMeasured(at_ns=clock.now_ns(), pass_=pass_, moment=moment, tables=_tables(conn))


def schema_changed(before: Contents, after: Contents, *, pass_: Pass, clock: Clock) -> SchemaChanged:
    """The schema image after going up against the beginning."""
    return SchemaChanged(at_ns=clock.now_ns(), pass_=pass_, differences=compare_images(before.image, after.image))


def _tables(conn: Connection) -> tuple[TableSeen, ...]:
    return tuple(
        TableSeen(
            relation=table.relation,
            rows=table.rows,
            vacuum_above=table.vacuum_above,
            vacuum_above_inserted=table.vacuum_above_inserted,
            autovacuum=table.autovacuum,
            heap_bytes=table.heap_bytes,
            total_bytes=table.total_bytes,
            autovacuums=table.autovacuums,
        )
        for table in read_tables(conn)
    )
