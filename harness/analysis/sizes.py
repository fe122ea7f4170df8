"""Which tables are small for certain, so that work over all of their rows is no cause for concern."""

from typing import Final

from harness.analysis.names import TABLE_KINDS
from harness.analysis.work import BIG_ROWS
from harness.events.history import History
from harness.events.observation import RelationSeen
from harness.events.state import ProductionSized

_TELLING_ROWS: Final = 10 * BIG_ROWS
"""A snapshot without a table of this many rows may be a sample, in which a table that grows in production is small."""


def small_tables_of(history: History) -> frozenset[str]:
    """Tables with fewer than `BIG_ROWS` rows in production, or here where the snapshot has large ones too.

    By production's statistics where they were given. Empty where nothing tells a small table from a small snapshot:
    there every table is judged by its class of work alone.
    """
    seen = {
        event.relation: event.rows
        for event in history.of(RelationSeen)
        if event.existed and event.kind in TABLE_KINDS and event.rows is not None
    }
    for sized in history.of(ProductionSized):
        there = {table.relation: table.rows for table in sized.tables}
        return frozenset(name for name in seen if there.get(name.replace('"', ""), BIG_ROWS) < BIG_ROWS)
    if max(seen.values(), default=0) < _TELLING_ROWS:
        return frozenset()
    return frozenset(name for name, rows in seen.items() if rows < BIG_ROWS)
