"""What a log's transactions do, summed up: shapes, statements, values as distributions, what nothing can stand for."""

from array import array
from collections import Counter
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from harness.model.units import NS_PER_S
from harness.workload.derived import Uncovered
from harness.workload.observed import Observed
from harness.workload.outline import UnsuitedError
from harness.workload.recorded import StatementReader, Variant
from harness.workload.shapes import Block, RepetitionCounts, collapse
from harness.workload.transactions import LoggedTransaction, Step

_MAX_SHAPES: Final = 5_000
_MAX_STATEMENTS: Final = 5_000
_MAX_UNCOVERED: Final = 2_000  # different statements without an operation; the rest is one line
_MAX_VARIANTS: Final = 32  # of one statement: its list lengths
_INSTANCES: Final = 40  # transactions of a shape in which equal values are looked for
_MINUTE_NS: Final = 60 * NS_PER_S
_LONGEST_VALUE: Final = 200  # characters kept of a value while equal ones are looked for

Token: TypeAlias = str
"""The identity of a variant; SAVEPOINT and the like are their text after a blank."""


@dataclass(slots=True)
class StatementTotals:
    """All calls of one statement; `observed` has one entry for each parameter, or list of them."""

    calls: int = 0
    timed: int = 0
    time_ns: float = 0.0
    variants: dict[str, Variant] = field(default_factory=dict)
    lengths: Counter[str] = field(default_factory=Counter)
    """Calls of each variant, by its text."""
    observed: list[Observed] = field(default_factory=list)

    @property
    def typical(self) -> Variant:
        """The variant whose lists are as long as they are on average."""
        total = self.lengths.total()
        weighted = [(variant.lengths, self.lengths[text]) for text, variant in self.variants.items()]
        means = [sum(n * of[i] for of, n in weighted) / total for i in range(len(weighted[0][0]))]
        return min(
            self.variants.values(),
            key=lambda variant: sum(abs(a - b) for a, b in zip(variant.lengths, means, strict=True)),
        )


@dataclass(frozen=True, slots=True)
class Instance:
    """One transaction of a shape: repetitions, and the values of every step, in order."""

    counts: tuple[int, ...]
    values: tuple[tuple[str | None, ...], ...]


@dataclass(frozen=True, slots=True)
class ShapeKey:
    """What transactions of one shape have in common."""

    explicit: bool
    begin: str
    rolls_back: bool
    blocks: tuple[Block[Token], ...]


@dataclass(slots=True)
class Shape:
    """The transactions of one shape."""

    number: int
    repetitions: RepetitionCounts = field(default_factory=RepetitionCounts)
    calls: int = 0
    time_ns: float = 0.0
    instances: list[Instance] = field(default_factory=list)


@dataclass(slots=True)
class LogBook:
    """Takes transactions one by one; its size depends on how many differ, not on how many there are."""

    reader: StatementReader
    shapes: dict[ShapeKey, Shape] = field(default_factory=dict)
    statements: dict[Token, StatementTotals] = field(default_factory=dict)
    missed: Counter[tuple[str, str]] = field(default_factory=Counter)
    missed_ns: Counter[tuple[str, str]] = field(default_factory=Counter)
    calls: int = 0
    time_ns: float = 0.0
    transactions: int = 0
    arrivals: "tuple[array[int], array[int]] | None" = None
    """Begin (wall clock) and number of the shape of every transaction, where they are asked for."""
    minutes: set[int] = field(default_factory=set)
    """Minutes of the wall clock in which a transaction began."""

    def add(self, transaction: LoggedTransaction) -> None:
        """Count one transaction."""
        if transaction.sqlstate:
            self._fail(transaction)
            return
        tokens: list[Token] = []
        values: list[tuple[str | None, ...]] = []
        writes = False
        calls, time_ns = 0, 0.0
        for step in transaction.steps:
            if step.failed:  # inside of a savepoint that was rolled back to
                self.miss("…", f"failed with {step.call.sqlstate} in the source", step)
                continue
            if step.control:
                tokens.append(f" {step.control}")
                values.append(())
                continue
            found = self._statement(step)
            if found is None:
                continue
            variant, known = found
            writes = writes or variant.command != "SELECT"
            tokens.append(variant.identity)
            values.append(known)
            calls, time_ns = calls + 1, time_ns + _taken(step)
        if any(not token.startswith(" ") for token in tokens):
            blocks, counts = collapse(tokens)
            rolls_back = transaction.end == "rollback" and writes
            key = ShapeKey(transaction.explicit, transaction.begin, rolls_back, blocks)
            self._shape(key, transaction, Instance(counts, tuple(values)), calls, time_ns)

    def busy_ns(self, *, first_ns: int, last_ns: int) -> int:
        """The time between the two without the whole minutes in which nothing began."""
        between = range(first_ns // _MINUTE_NS + 1, last_ns // _MINUTE_NS)
        idle = len(between) - sum(1 for minute in self.minutes if minute in between)
        return last_ns - first_ns - idle * _MINUTE_NS

    def miss(self, statement: str, reason: str, step: Step) -> None:
        """Count a call that nothing will stand for."""
        self.calls += 1
        self.time_ns += _taken(step)
        self.leave_out(statement, reason, calls=1, time_ns=_taken(step))

    def leave_out(self, statement: str, reason: str, *, calls: int, time_ns: float) -> None:
        """Add to what is not covered; the calls themselves are counted already."""
        key = (statement, reason)
        if key not in self.missed and len(self.missed) >= _MAX_UNCOVERED:
            key = ("…", "one of very many different statements")
        self.missed[key] += calls
        self.missed_ns[key] += round(time_ns)

    def uncovered(self) -> tuple[Uncovered, ...]:
        """What nothing stands for, most calls first."""
        return tuple(
            Uncovered(statement, calls, self.missed_ns[statement, reason], reason)
            for (statement, reason), calls in self.missed.most_common()
        )

    def _fail(self, transaction: LoggedTransaction) -> None:
        for step in transaction.steps:
            if not step.control:
                statement = _text_of(self.reader, step)
                self.miss(statement, f"in a transaction that failed with {transaction.sqlstate}", step)

    def _statement(self, step: Step) -> tuple[Variant, tuple[str | None, ...]] | None:
        """The variant and the values of a statement, which are counted; None where nothing can stand for it."""
        try:
            recorded = self.reader.read(step.sql, step.call.values)
        except UnsuitedError as error:
            self.miss(error.statement, error.reason, step)
            return None
        variant = recorded.variant
        totals = self.statements.get(variant.identity)
        if totals is None:
            if len(self.statements) >= _MAX_STATEMENTS:
                self.miss("…", "one of very many different statements", step)
                return None
            totals = self.statements[variant.identity] = StatementTotals()
            totals.observed = [Observed() for _ in range(max(variant.ordinals, default=-1) + 1)]
        self.calls += 1
        self.time_ns += _taken(step)
        totals.calls += 1
        if step.call.duration_ns is not None:
            totals.timed += 1
            totals.time_ns += _taken(step)
        if variant.text in totals.variants or len(totals.variants) < _MAX_VARIANTS:
            totals.variants.setdefault(variant.text, variant)
            totals.lengths[variant.text] += 1
        for ordinal, value in zip(variant.ordinals, recorded.values, strict=True):
            totals.observed[ordinal].add(value, at_ns=step.call.end_ns)
        return variant, tuple(None if value is None else value[:_LONGEST_VALUE] for value in recorded.values)

    def _shape(
        self, key: ShapeKey, transaction: LoggedTransaction, instance: Instance, calls: int, time_ns: float
    ) -> None:
        shape = self.shapes.get(key)
        if shape is None:
            if len(self.shapes) >= _MAX_SHAPES:
                self.leave_out("…", "in one of very many different transactions", calls=calls, time_ns=time_ns)
                return
            shape = self.shapes[key] = Shape(len(self.shapes))
        self.transactions += 1
        self.minutes.add(transaction.begin_ns // _MINUTE_NS)
        shape.repetitions.add(instance.counts)
        shape.calls += calls
        shape.time_ns += time_ns
        if len(shape.instances) < _INSTANCES:
            shape.instances.append(instance)
        if self.arrivals is not None:
            self.arrivals[0].append(transaction.begin_ns)
            self.arrivals[1].append(shape.number)


def _taken(step: Step) -> float:
    return (step.call.duration_ns or 0) * step.share


def _text_of(reader: StatementReader, step: Step) -> str:
    """The statement without data."""
    try:
        variant = reader.read(step.sql, step.call.values).variant
    except UnsuitedError as error:
        return error.statement
    return f"{variant.command} …" if variant.kept_names else variant.text
