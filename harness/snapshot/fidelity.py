"""What anonymizing (or amplifying) changed of what the planner sees: statistics before and after, side by side."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from math import sqrt
from typing import Final

import msgspec

from harness.postgres.connect import Connection
from harness.snapshot.statistics import ColumnNumbers, ProductionStatistics, TableNumbers, export_statistics

_SAMPLE: Final = 30_000
"""Rows ANALYZE looks at: 300 × default_statistics_target (manual, default_statistics_target; analyze.c)."""
_ERRORS: Final = 4.0
"""Standard errors of the difference of two samples: over some hundred columns less than one is marked by chance."""
SIZE: Final = 0.02
"""Share by which sizes may differ: pages fill up in another order; a share of 2 % moves no estimate of a cost."""
DISTINCT: Final = 0.2
"""Share by which n_distinct may differ: the estimator itself is off by more (Haas and Stokes, used by analyze.c)."""
CORRELATION: Final = 0.1
"""An index scan's cost goes with the square of the correlation (costsize.c): a tenth moves it by a fifth at most."""
WIDTH: Final = 0.02
"""As sizes; and at the least a byte."""
_PAGES: Final = 3
"""Of a small table or index: free space and metadata pages."""

NOT_KEPT: Final = (
    "collation order: what ORDER BY and range conditions on masked texts return is in another order",
    "prefixes: LIKE 'abc%' on a masked column finds other rows, and another number of them",
    "dependencies across columns: first name and sex, city and postcode, unless they share a domain",
    "values that the application compares with constants, unless the column is kept",
)
"""What no value-by-value transform can keep, whatever the figures above say."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of a table, index or column; `changed` where it differs by more than `allowed` (in its own unit)."""

    table: str
    part: str
    figure: str
    before: float | None
    after: float | None
    allowed: float
    changed: bool


class FidelityReport(msgspec.Struct, frozen=True, kw_only=True):
    """Every figure, what is only on one side, and what cannot be kept; numbers and names, no values."""

    differences: tuple[Difference, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    not_kept: tuple[str, ...] = NOT_KEPT

    @property
    def changed(self) -> tuple[Difference, ...]:
        """The figures that changed."""
        return tuple(one for one in self.differences if one.changed)


def fidelity(before: Connection, after: Connection) -> FidelityReport:
    """Compare two databases, both analyzed; no table is read."""
    return compare_statistics(export_statistics(before), export_statistics(after))


def compare_statistics(before: ProductionStatistics, after: ProductionStatistics) -> FidelityReport:
    """Compare what was exported of two databases."""
    theirs, ours = ({t.qualified: t for t in side.tables} for side in (before, after))
    return FidelityReport(
        differences=tuple(
            difference
            for name in sorted(theirs.keys() & ours.keys())
            for difference in _table(theirs[name], ours[name])
        ),
        only_before=tuple(sorted(theirs.keys() - ours.keys())),
        only_after=tuple(sorted(ours.keys() - theirs.keys())),
    )


def fidelity_json(report: FidelityReport) -> bytes:
    """The report for programs."""
    return msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n"


def fidelity_text(report: FidelityReport, *, everything: bool = False) -> str:
    """The report for people: what changed (or `everything`), then what cannot be kept."""
    shown = report.differences if everything else report.changed
    total, changed = len(report.differences), len(report.changed)
    lines = [f"{changed} of {total} figures changed by more than sampling and layout explain."]
    rows = [("table", "of", "figure", "before", "after", "")]
    rows += [
        (one.table, one.part, one.figure, _number(one.before), _number(one.after), "changed" if one.changed else "")
        for one in shown
    ]
    if shown:
        widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
        lines += ["", *("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows)]
    for what, names in (("Only before", report.only_before), ("Only after", report.only_after)):
        if names:
            lines += ["", f"{what}: {', '.join(names)}"]
    lines += ["", "Not kept by any transform of single values:", *(f"- {text}" for text in report.not_kept)]
    return "\n".join(lines) + "\n"


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) != 1 else f"{value:.4g}"


def _table(before: TableNumbers, after: TableNumbers) -> Iterator[Difference]:
    name = before.qualified
    yield _sized(name, "", "rows", before.rows, after.rows, share=SIZE, least=0)
    for figure, pages in (("pages", 1), ("heap_bytes", 8192), ("toast_bytes", 8192)):
        yield _sized(
            name, "", figure, getattr(before, figure), getattr(after, figure), share=SIZE, least=_PAGES * pages
        )
    indexes = {index.name: index for index in after.indexes}
    for index in before.indexes:
        if index.name in indexes:
            size = indexes[index.name].bytes
            yield _sized(name, index.name, "bytes", index.bytes, size, share=SIZE, least=_PAGES * 8192)
    columns = {column.name: column for column in after.columns}
    for column in before.columns:
        if column.name in columns:
            yield from _column(name, column, columns[column.name], rows=max(before.rows, 1.0))


def _column(table: str, before: ColumnNumbers, after: ColumnNumbers, *, rows: float) -> Iterator[Difference]:
    part = before.name
    yield _apart(table, part, "null_frac", before.null_frac, after.null_frac, _error(before.null_frac, rows))
    width = max(1.0, WIDTH * before.avg_width)
    yield _apart(table, part, "avg_width", before.avg_width, after.avg_width, width)
    distinct = _distinct(before, rows)
    yield _apart(table, part, "n_distinct", distinct, _distinct(after, rows), DISTINCT * distinct + 1)
    apart, first, second = 0.0, 0.0, 0.0
    # The frequency that moved most beyond what two samples differ by stands for all of them.
    for one, other in zip_longest(before.frequencies, after.frequencies, fillvalue=None):
        # A list that is longer at its end names values that the other sample met too rarely.
        mine, theirs = one or 0.0, other or 0.0
        if abs(mine - theirs) >= apart:
            apart, first, second = abs(mine - theirs), mine, theirs
    if before.frequencies or after.frequencies:
        yield _apart(table, part, "frequency", first, second, _error(max(first, second), rows))
    if before.correlation is not None and after.correlation is not None:
        yield _apart(table, part, "correlation", before.correlation, after.correlation, CORRELATION)


def _distinct(column: ColumnNumbers, rows: float) -> float:
    return -column.n_distinct * rows if column.n_distinct < 0 else column.n_distinct


def _error(share: float, rows: float) -> float:
    """How far two samples of a share lie apart by chance; a table smaller than the sample is read whole."""
    exact = rows <= _SAMPLE
    return 0.001 if exact else _ERRORS * sqrt(2 * share * (1 - share) / _SAMPLE) + 2 / _SAMPLE


def _sized(
    table: str, part: str, figure: str, before: float, after: float, *, share: float, least: float
) -> Difference:
    return _apart(table, part, figure, before, after, max(share * before, least))


def _apart(table: str, part: str, figure: str, before: float, after: float, allowed: float) -> Difference:
    return Difference(
        table=table,
        part=part,
        figure=figure,
        before=before,
        after=after,
        allowed=allowed,
        changed=abs(before - after) > allowed,
    )


def changed_tables(report: FidelityReport) -> Sequence[str]:
    """Tables with a figure that changed, sorted."""
    return sorted({one.table for one in report.changed})
