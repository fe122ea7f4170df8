"""Expected durations and holds at production's size: the quiet pass scaled by bytes, with an interval or a reason not.

What a scan, a rewrite or a change of all rows takes grows with the bytes it goes through; sorting for an index with
n log n. Beyond what was measured the caches and the disk decide, which is why the interval widens with the factor, and
why nothing is said of measurements too short to scale or of tables too many times as large (decision 0009).
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log
from typing import Final

from harness.analysis.facts import ExpectedFacts, StatementFacts, WorkFacts
from harness.analysis.locking import is_strong
from harness.analysis.work import grows
from harness.events.history import History
from harness.events.state import ProductionSized, ProductionTable
from harness.model.units import NS_PER_MS
from harness.model.words import Direction

SHORTEST_NS: Final = 20 * NS_PER_MS
"""Below it parsing, catalog changes and the commit are a large part of the time, and those do not grow."""
SMALLEST_BYTES: Final = 8 * 1024 * 1024
"""Below it the first pages and single stalls of a shared machine decide."""
LARGEST_FACTOR: Final = 1000.0
"""Three orders of magnitude beyond what was measured nothing holds."""
_SPREAD: Final = ((2.0, 1.5), (20.0, 2.5), (200.0, 4.0))
"""Up to a size factor of the first, the truth is taken to lie within the second times more or less (decision 0009)."""
_WIDEST: Final = 6.0
"""The same beyond: caches, sort memory and disks that were not met here."""


@dataclass(frozen=True, slots=True)
class _Time:
    """A duration in ns with its interval."""

    likely: int
    low: int
    high: int
    factor: float


def at_production(statements: Sequence[StatementFacts], history: History) -> tuple[StatementFacts, ...]:
    """The statements with what is expected at production's size; as they are without production's statistics."""
    sized = next(iter(history.of(ProductionSized)), None)
    if sized is None:
        return tuple(statements)
    sizes = _Sizes(sized.tables)
    times = {(s.direction, s.id): _expected(s, sizes) for s in statements}
    return tuple(replace(s, at_production=_facts(s, statements, times)) for s in statements)


class _Sizes:
    """Production's tables by name, partitions with their siblings."""

    def __init__(self, tables: Sequence[ProductionTable]) -> None:
        self._tables = {table.relation.replace('"', ""): table for table in tables}
        self._siblings: defaultdict[str, list[ProductionTable]] = defaultdict(list)
        for table in tables:
            if table.partition_of:
                self._siblings[table.partition_of].append(table)

    def of(self, works: Sequence[WorkFacts]) -> tuple[int, float] | None:
        """Bytes and rows there of what `works` went through here; None where production lacks one of them.

        Where several partitions of one table were worked on, all that production has are meant.
        """
        found: dict[str, ProductionTable] = {}
        parents: defaultdict[str, int] = defaultdict(int)
        for work in works:
            table = self._tables.get(work.relation.replace('"', ""))
            if table is None:
                return None
            found[table.relation] = table
            parents[table.partition_of] += 1
        for parent, worked_on in parents.items():
            if parent and worked_on > 1:
                found.update({table.relation: table for table in self._siblings[parent]})
        return sum(t.heap_bytes for t in found.values()), sum(t.rows for t in found.values())


def _expected(statement: StatementFacts, sizes: _Sizes) -> _Time | str:
    """The statement's own duration at production's size, or why it is not estimated."""
    measured = statement.trace_duration_ns
    if measured is None or statement.trace_sqlstate:
        return "it did not run to its end in the quiet pass"
    works = [work for work in statement.relations if grows(work)]
    if not works:
        return _Time(measured, measured, measured, 1.0)
    here = sum(work.bytes_before for work in works)
    if measured < SHORTEST_NS or here < SMALLEST_BYTES:
        return (
            f"too short or too small here to scale (under {SHORTEST_NS // NS_PER_MS} ms or "
            f"{SMALLEST_BYTES // 1024**2} MB): rehearse with more rows"
        )
    there = sizes.of(works)
    if there is None:
        return "production's statistics do not have the table"
    factor = there[0] / here
    if factor > LARGEST_FACTOR:
        return f"production is {factor:,.0f} times as large: rehearse with more rows"
    if statement.work == "index":
        factor *= _sorting(there[1], sum(work.rows_before or 0 for work in works))
    apart = max(factor, 1 / factor if factor else _WIDEST)
    spread = next((wide for most, wide in _SPREAD if apart <= most), _WIDEST)
    likely = round(measured * factor)
    return _Time(likely, round(likely / spread), round(likely * spread), factor)


def _sorting(rows_there: float, rows_here: int) -> float:
    """By how much a comparison sort grows beyond the rows themselves: log n."""
    if rows_there < 2 or rows_here < 2:
        return 1.0
    return log(rows_there) / log(rows_here)


def _facts(
    statement: StatementFacts,
    statements: Sequence[StatementFacts],
    times: dict[tuple[Direction, str], _Time | str],
) -> ExpectedFacts:
    own = times[statement.direction, statement.id]
    if isinstance(own, str):
        return ExpectedFacts(reason=own)
    facts = ExpectedFacts(factor=own.factor, duration_ns=own.likely, duration_low_ns=own.low, duration_high_ns=own.high)
    if not any(lock.existed and is_strong(lock) for lock in statement.locks):
        return facts
    rest = [times[other.direction, other.id] for other in _held_through(statement, statements)]
    missing = next((time for time in rest if isinstance(time, str)), None)
    if missing is not None:
        return replace(facts, reason=f"how long it is held: a later statement of its transaction is {missing}")
    known = [time for time in rest if isinstance(time, _Time)]
    return replace(
        facts,
        held_ns=sum(time.likely for time in known),
        held_low_ns=sum(time.low for time in known),
        held_high_ns=sum(time.high for time in known),
    )


def _held_through(statement: StatementFacts, statements: Sequence[StatementFacts]) -> list[StatementFacts]:
    """The statement and those that follow it in its transaction: locks are held to the end."""
    if statement.autocommit:
        return [statement]
    same = [
        s for s in statements
        if s.direction is statement.direction and s.transaction == statement.transaction and s.step == statement.step
    ]  # fmt: skip
    return same[same.index(statement) :]
