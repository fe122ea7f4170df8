"""How far the snapshot is from production: notes for whoever reads the run's figures."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from harness.model.units import format_bytes
from harness.snapshot.statistics import ProductionStatistics, TableNumbers

_NAMED: Final = 5
"""Tables that get a note of their own: those whose size differs most, by bytes missing here."""
_ALIKE: Final = 1.25
"""What differs by less is within what tables grow in a few months."""


def size_notes(production: ProductionStatistics, snapshot: ProductionStatistics) -> tuple[str, ...]:
    """A note per table that is much larger or smaller than production's, the largest first, then one for the rest."""
    theirs, ours = _whole(production), _whole(snapshot)
    apart = sorted(
        (
            (name, theirs[name], ours[name])
            for name in theirs.keys() & ours.keys()
            if _differs(theirs[name], ours[name])
        ),
        key=lambda one: (-abs(one[1][1] - one[2][1]), one[0]),
    )
    notes = [_note(*one) for one in apart[:_NAMED]]
    if len(apart) > _NAMED:
        notes.append(f"{len(apart) - _NAMED} other tables are of another size than production's too")
    if missing := sorted(theirs.keys() - ours.keys()):
        more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
        notes.append(f"production has tables that are not here: {', '.join(missing[:_NAMED])}{more}")
    return tuple(notes)


def counted(production: ProductionStatistics) -> dict[str, tuple[int, int, int, int, int]]:
    """By table, partitions with their parents: sequential and index scans, rows inserted, updated, deleted."""
    found: defaultdict[str, list[int]] = defaultdict(lambda: [0] * 5)
    roots = _roots(production)
    for table in production.tables:
        numbers = (table.sequential_scans, table.index_scans, table.inserted, table.updated, table.deleted)
        for place, number in enumerate(numbers):
            found[roots[table.qualified]][place] += number
    return {name: (a, b, c, d, e) for name, (a, b, c, d, e) in found.items()}


def _whole(statistics: ProductionStatistics) -> dict[str, tuple[float, int]]:
    """Rows and bytes (heap and TOAST) by table, partitions with their parents."""
    roots = _roots(statistics)
    found: defaultdict[str, tuple[float, int]] = defaultdict(lambda: (0.0, 0))
    for table in statistics.tables:
        rows, size = found[roots[table.qualified]]
        own = 0.0 if table.partitioned else table.rows
        found[roots[table.qualified]] = (rows + own, size + table.heap_bytes + table.toast_bytes)
    return found


def _roots(statistics: ProductionStatistics) -> dict[str, str]:
    tables: Mapping[str, TableNumbers] = {table.qualified: table for table in statistics.tables}

    def root(name: str) -> str:
        above = tables[name].partition_of if name in tables else ""
        return root(above) if above else name

    return {name: root(name) for name in tables}


def _differs(theirs: tuple[float, int], ours: tuple[float, int]) -> bool:
    least, most = sorted((max(theirs[0], 1.0), max(ours[0], 1.0)))
    return most / least > _ALIKE


def _note(name: str, theirs: tuple[float, int], ours: tuple[float, int]) -> str:
    text = (
        f"{name} has {theirs[0]:,.0f} rows ({format_bytes(theirs[1])}) in production, "
        f"{ours[0]:,.0f} ({format_bytes(ours[1])}) here"
    )
    if not ours[0]:
        return f"{text}: what a statement does to its rows was not rehearsed"
    ratio = theirs[0] / ours[0]
    if ratio > 1:
        return f"{text}: scans and rewrites, and locks held through them, are about {_times(ratio)} times as long there"
    return f"{text}: scans and rewrites are shorter there"


def _times(ratio: float) -> str:
    return f"{ratio:,.0f}" if ratio >= 10 else f"{ratio:.1f}"
