"""Operations that must find a row, because their keys were sampled: how many will not, once rows are deleted."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from harness.rehearsal.traffic.relation import parts
from harness.spec.key_lookup import KeyLookup, key_lookup
from harness.spec.operation import Operation, Statement
from harness.spec.params import Fitted, Inserted, Once, Parameter, RowValue, Sample, SampleColumn, Samples, ZipfSample
from harness.spec.workload import Workload

NOTED: Final = 0.05
"""A share of executions that miss above which the run measures another load than asked; the judge's limit, too."""
_FROM_ROWS: Final = (Sample, Once, ZipfSample, Fitted, RowValue, Inserted)


@dataclass(frozen=True, slots=True)
class Exhaustion:
    """Of the executions of `operation`, this share will find no row: others, or itself, deleted it before."""

    operation: str
    source: SampleColumn
    missed_share: float

    @property
    def message(self) -> str:
        """One sentence for the report."""
        return (
            f"{self.operation}: {self.missed_share:.0%} of its executions, or more, will find no row: the run deletes "
            f"rows whose {self.source} was sampled"
        )


def expects_row(operation: Operation, statement: Statement) -> bool:
    """Whether the statement looks up a row by nothing but keys that were taken from that very table."""
    return sampled_lookup(operation, statement) is not None


def sampled_lookup(operation: Operation, statement: Statement) -> tuple[KeyLookup, tuple[SampleColumn, ...]] | None:
    """The lookup, and what its keys are sampled from."""
    lookup = None if statement.textual else key_lookup(statement.text)
    if lookup is None:
        return None
    given = dict(operation.parameters)
    sources = []
    for column, number in lookup.columns:
        source = _source(given.get(statement.names[number - 1]))
        if source is None or source.column != column or parts(source.table)[-1] != lookup.table[-1]:
            return None
        sources.append(source)
    return lookup, tuple(sources)


def _source(parameter: Parameter | None) -> SampleColumn | None:
    return parameter.source if isinstance(parameter, _FROM_ROWS) else None


def exhaustion(
    workload: Workload, *, mix: Mapping[str, float], operations: float, samples: Samples
) -> tuple[Exhaustion, ...]:
    """Which operations of `mix` will find sampled rows deleted, when so many operations are run, worst first."""
    running = workload.running(mix)
    total = sum(operation.weight for operation in running) or 1.0
    deleted: dict[SampleColumn, float] = {}
    lookups: list[tuple[Operation, SampleColumn]] = []
    for operation in running:
        for lookup, source in _lookups(operation):
            lookups.append((operation, source))
            if lookup.deletes:
                deletes = operations * operation.weight / total
                deleted[source] = deleted.get(source, 0.0) + deletes
    once = {source for operation, source in lookups if _is_once(operation, source)}
    found = [
        Exhaustion(operation.name, source, _missed(deleted[source], _keys(samples, source), operation, once, source))
        for operation, source in lookups
        if source in deleted and _keys(samples, source)
    ]
    worst = sorted({(one.operation, one.source): one for one in found}.values(), key=lambda one: -one.missed_share)
    return tuple(one for one in worst if one.missed_share > NOTED)


def _lookups(operation: Operation) -> Iterator[tuple[KeyLookup, SampleColumn]]:
    for statement in operation.statements:
        found = sampled_lookup(operation, statement)
        if found is not None and not any(_is_inserted(operation, source) for source in found[1]):
            yield found[0], found[1][0]


def _is_inserted(operation: Operation, source: SampleColumn) -> bool:
    return any(isinstance(p, Inserted) and p.source == source for _, p in operation.parameters)


def _is_once(operation: Operation, source: SampleColumn) -> bool:
    return any(isinstance(p, Once) and p.source == source for _, p in operation.parameters)


def _keys(samples: Samples, source: SampleColumn) -> int:
    rows = (values[0] for row, values in samples.rows.items() if row.table == source.table)
    candidates: list[Sequence[str]] = [samples.columns.get(source, ()), *rows]
    return max(map(len, candidates))


def _missed(deletes: float, keys: int, operation: Operation, once: set[SampleColumn], source: SampleColumn) -> float:
    if _is_once(operation, source):
        return max(0.0, 1.0 - keys / deletes)
    return missed_once(deletes, keys) if source in once else missed_share(deletes, keys)


def missed_share(deletes: float, keys: int) -> float:
    """Mean share of keys, drawn at random all through the run, whose row is gone, as so many random ones are deleted.

    After d deletes of n keys 1 − e^(−d/n) of them are gone; this is the mean over the run.

    >>> round(missed_share(10_000, 10_000), 3), round(missed_share(100, 10_000), 3)
    (0.368, 0.005)
    """
    if deletes <= 0:
        return 0.0
    return 1.0 + keys / deletes * math.expm1(-deletes / keys)


def missed_once(deletes: float, keys: int) -> float:
    """The same where each delete takes another key, as once() does."""
    return deletes / (2 * keys) if deletes <= keys else 1.0 - keys / (2 * deletes)
