"""How often each derived operation runs: by what the statistics counted, else by what applications usually do."""

from collections import Counter
from collections.abc import Sequence
from math import log10
from typing import Final

from harness.workload.candidates import Candidate, Kind
from harness.workload.catalog import Catalog, Table

READS: Final = 0.8
"""Share of reads without statistics: between YCSB's update-heavy (0.5) and read-mostly (0.95) core workloads."""
_SHARES: Final = {
    Kind.POINT: 0.5,
    Kind.RANGE: 0.2,
    Kind.JOIN: 0.3,
    Kind.UPDATE: 0.5,
    Kind.INSERT: 0.35,
    Kind.DELETE: 0.15,
}
"""Of a table's reads and of its writes."""
_LEAST: Final = 0.002
"""Of all operations: no table goes untouched, whatever the statistics say."""
_FEW: Final = 1_000  # counted reads; fewer are a glance by hand and no application


def weigh(candidates: Sequence[Candidate], catalog: Catalog) -> tuple[float, ...]:
    """A weight for each candidate, together 1000."""
    counted = counts_an_application(catalog)
    reads, writes = _totals(catalog) if counted else (READS, 1.0 - READS)
    size = {table.qualified: log10(table.rows + 10) for table in catalog.tables}
    same = Counter((candidate.table.qualified, candidate.kind) for candidate in candidates)
    raw = []
    for candidate in candidates:
        table, kind = candidate.table, candidate.kind
        if counted:
            share = _counted(table, kind)
        else:
            share = size[table.qualified] * (writes if kind.writes else reads) * _SHARES[kind]
        raw.append(share / same[table.qualified, kind])
    total = sum(raw) or 1.0
    return tuple(float(f"{1000 * max(weight / total, _LEAST):.4g}") for weight in raw)


def counts_an_application(catalog: Catalog) -> bool:
    """Whether the server's counters tell of an application, and not only of rows that were loaded.

    Loading scans sequentially (indexes, constraints) and looks up each row's parents once.
    """
    reads, writes = _totals(catalog)
    return reads >= _FEW and reads >= writes / 4


def _totals(catalog: Catalog) -> tuple[float, float]:
    lookups: Counter[str] = Counter()
    for table in catalog.tables:
        for key in table.foreign_keys:
            lookups[key.target] += table.counters.inserted
    reads = sum(max(0, table.counters.idx_scan - lookups[table.qualified]) for table in catalog.tables)
    counters = [table.counters for table in catalog.tables]
    return float(reads), float(sum(c.inserted + c.updated + c.deleted for c in counters))


def _counted(table: Table, kind: Kind) -> float:
    counters = table.counters
    match kind:
        case Kind.INSERT:
            return float(counters.inserted)
        case Kind.UPDATE:
            return float(counters.updated)
        case Kind.DELETE:
            return float(counters.deleted)
        case _:
            return (counters.idx_scan + counters.seq_scan) * _SHARES[kind]
