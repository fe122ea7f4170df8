"""What the change left behind beside invalid indexes and foreign keys: measured before, after going up, after down."""

from dataclasses import dataclass

from harness.events.state import KeySeen, SequenceSeen
from harness.model.catalog import Difference
from harness.model.words import Direction


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadRowsFacts:
    """Rows that one direction left dead in a table, against the threshold above which autovacuum comes.

    `vacuum_above` is in rows, by the settings and the size at the beginning; `autovacuum` False: it never comes.
    Sizes are of the heap, None where the table was not there.
    """

    direction: Direction
    relation: str
    dead_rows: int
    inserted_rows: int
    rows_before: int | None
    vacuum_above: float | None
    autovacuum: bool
    heap_bytes_before: int | None
    heap_bytes_after: int | None
    statements: tuple[str, ...]

    @property
    def calls_autovacuum(self) -> bool:
        """Whether autovacuum begins by itself as soon as it looks (autovacuum_naptime)."""
        return self.autovacuum and self.vacuum_above is not None and self.dead_rows > self.vacuum_above


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftFacts:
    """What stands after going up (`…_up`) or after the way back (`…_down`) and did not before.

    `schema_changes` are all differences of the schema image after going up. `autovacuums` counts by table how often
    autovacuum came during the load pass, None where not measured.
    """

    measured: bool = False
    schema_changes: tuple[Difference, ...] = ()
    keys_up: tuple[KeySeen, ...] = ()
    sequences_up: tuple[SequenceSeen, ...] = ()
    sequences_down: tuple[SequenceSeen, ...] = ()
    unidentified_up: tuple[str, ...] = ()
    unidentified_down: tuple[str, ...] = ()
    dead_rows: tuple[DeadRowsFacts, ...] = ()
    autovacuums: dict[str, int] | None = None
    disk_peak_bytes: int | None = None
    """The most the database grew in the quiet pass, old files of a rewrite included, while going up."""
