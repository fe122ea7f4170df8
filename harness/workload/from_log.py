"""Server logs to a workload: operations as often as the log has them, parameters as distributions."""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from harness.model.errors import SpecError
from harness.model.units import NS_PER_S
from harness.spec.scenario import OperationSpec
from harness.workload.catalog import Catalog
from harness.workload.derived import Coverage, Derived, Expectation
from harness.workload.log_book import LogBook, Shape, ShapeKey
from harness.workload.log_calls import CallReader
from harness.workload.log_files import LogForm, LogReading, read_entries
from harness.workload.log_operations import MOST_STATEMENTS, Maker
from harness.workload.recorded import StatementReader
from harness.workload.transactions import TransactionReader

MIN_SHARE: Final = 0.001
"""Kinds of transactions rarer than this are left out: a log of a day has hundreds of them, none of which matters."""
_MOST: Final = 300  # operations: more than anybody reads, fewer than a workload takes
_HOW: Final = "log with log_min_duration_statement = 0 (or log_statement = all and log_duration = on), lc_messages = C"


@dataclass(frozen=True, slots=True)
class LogOptions:
    """How logs are read and what is kept.

    `prefix` is the server's log_line_prefix ("" looks for a usual one); `sample_rate` its log_transaction_sample_rate;
    `keep_common`: words that occur often and look like values of an enum may be written down.
    """

    form: LogForm = LogForm.AUTO
    prefix: str = ""
    min_share: float = MIN_SHARE
    sample_rate: float = 1.0
    keep_common: bool = False


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Recorded arrivals: seconds since the first one, and the number of an operation of the derived workload."""

    seconds: Sequence[float]
    operations: Sequence[int]


def derive_from_log(
    paths: Sequence[Path], catalog: Catalog | None = None, options: LogOptions = LogOptions()
) -> Derived:
    """The workload of these logs, files in the order of their time; SpecError where nothing can be read from them.

    With a catalog, columns are known where the statements do not say whose they are, and foreign keys are followed.
    """
    return derive_with_arrivals(paths, catalog=catalog, options=options, arrivals=False)[0]


def derive_with_arrivals(
    paths: Sequence[Path], *, catalog: Catalog | None = None, options: LogOptions = LogOptions(), arrivals: bool = True
) -> tuple[Derived, Arrivals]:
    """The workload and, where `arrivals` asks for them, when each of its operations arrived."""
    reading, calls = LogReading(), CallReader()
    book = LogBook(StatementReader(catalog), arrivals=(array("q"), array("H")) if arrivals else None)
    transactions = TransactionReader()
    for path in paths:
        for call in calls.read(read_entries(path, form=options.form, prefix=options.prefix, reading=reading)):
            for transaction in transactions.read(call):
                book.add(transaction)
    for transaction in transactions.finish():
        book.add(transaction)
    if not book.calls:
        raise _nothing(paths, reading)
    return _derived(paths, book, calls, reading, catalog=catalog, options=options)


def _nothing(paths: Sequence[Path], reading: LogReading) -> SpecError:
    what = f"{reading.entries:,} entries" if reading.entries else "no entry of a server log"
    return SpecError(f"no statement in it ({what})", path=paths[0] if paths else "", hint=_HOW)


def _derived(
    paths: Sequence[Path],
    book: LogBook,
    calls: CallReader,
    reading: LogReading,
    *,
    catalog: Catalog | None,
    options: LogOptions,
) -> tuple[Derived, Arrivals]:
    maker = Maker(book, catalog, options.keep_common)
    operations: list[OperationSpec] = []
    expectations: list[Expectation] = []
    covered_calls, covered_ns, covered, shortened = 0, 0.0, 0, 0
    of_shape: dict[int, list[int]] = {}
    for key, shape in _frequent(book, options.min_share):
        made = maker.make(key, shape)
        numbers = range(len(operations), len(operations) + len(made.operations))
        missed_calls, missed_ns = _left_out(book, key, shape, made.left_out, whole=not numbers)
        covered_calls += shape.calls - missed_calls
        covered_ns += shape.time_ns - missed_ns
        shortened += made.shortened
        if numbers:
            of_shape[shape.number] = list(numbers)
            covered += shape.repetitions.transactions
            operations += made.operations
            expectations += made.expectations
    busy_ns = book.busy_ns(first_ns=calls.counts.first_ns, last_ns=calls.counts.last_ns)
    source = f"log of {', '.join(path.name for path in paths)}"
    derived = Derived(
        operations=tuple(operations),
        rate=float(f"{covered / (busy_ns / NS_PER_S) / options.sample_rate:.4g}") if busy_ns > 0 and covered else None,
        coverage=Coverage(source, book.calls, covered_calls, round(book.time_ns), round(covered_ns), book.uncovered()),
        expectations=tuple(expectations),
        notes=tuple(_notes(calls, reading, options, busy_ns=busy_ns, shortened=shortened)),
    )
    return derived, _arrivals(book, of_shape, operations)


def _frequent(book: LogBook, min_share: float) -> Iterator[tuple[ShapeKey, Shape]]:
    """The shapes to make operations of, most frequent first; the others are left out."""
    ordered = sorted(book.shapes.items(), key=lambda item: (-item[1].repetitions.transactions, item[1].number))
    least = min_share * book.transactions
    made = 0
    for key, shape in ordered:
        operations = len(shape.repetitions.operations())
        if shape.repetitions.transactions < least or made + operations > _MOST:
            reason = f"in transactions rarer than {min_share:.3g} of all"
            _all_left_out(book, key, shape, reason if shape.repetitions.transactions < least else "one kind too many")
        else:
            made += operations
            yield key, shape


def _all_left_out(book: LogBook, key: ShapeKey, shape: Shape, reason: str) -> None:
    tokens = {token for block in key.blocks for token in block if token in book.statements}
    for token, calls, time_ns in _parts(book, key, shape):
        if token in tokens:
            book.leave_out(_shown(book, token), reason, calls=calls, time_ns=time_ns)


def _left_out(book: LogBook, key: ShapeKey, shape: Shape, reasons: dict[str, str], *, whole: bool) -> tuple[int, float]:
    """Count the statements of a shape that its operations lack; calls and time of those."""
    calls_lost, time_lost = 0, 0.0
    for token, calls, time_ns in _parts(book, key, shape):
        if token in reasons or whole:
            reason = reasons.get(token, "alone of a transaction whose other statements cannot be repeated")
            book.leave_out(_shown(book, token), reason, calls=calls, time_ns=time_ns)
            calls_lost, time_lost = calls_lost + calls, time_lost + time_ns
    return calls_lost, time_lost


def _parts(book: LogBook, key: ShapeKey, shape: Shape) -> list[tuple[str, int, float]]:
    """Each statement of a shape with its calls there, and its share of the shape's time by its mean over the log."""
    counted: dict[str, int] = {}
    for counts, times in shape.repetitions.vectors.items():
        for block, repeated in zip(key.blocks, counts, strict=True):
            for token in block:
                if token in book.statements:
                    counted[token] = counted.get(token, 0) + repeated * times
    scale = shape.calls / max(1, sum(counted.values()))
    means = {t: book.statements[t].time_ns / max(1, book.statements[t].timed) for t in counted}
    expected = sum(means[t] * n for t, n in counted.items()) or 1.0
    return [(t, round(n * scale), shape.time_ns * means[t] * n / expected) for t, n in counted.items()]


def _shown(book: LogBook, token: str) -> str:
    variant = book.statements[token].typical
    return f"{variant.command} …" if variant.kept_names else variant.text


def _notes(
    calls: CallReader, reading: LogReading, options: LogOptions, *, busy_ns: int, shortened: int
) -> Iterator[str]:
    yield "Values are drawn from the database's own by distributions; none of the log's is in here."
    yield (
        f"The rate is over {busy_ns / NS_PER_S:,.0f} s: from the first statement to the last, without whole minutes in"
        " which no transaction began."
    )
    yield "Rows per call are not in this source."
    if calls.counts.untimed:
        yield f"{calls.counts.untimed:,} calls have no duration in the log: log_duration was off."
    if options.sample_rate != 1:
        yield f"The log is a sample of {options.sample_rate:.3g} of the transactions; the rate is scaled to all."
    if reading.undecodable:
        yield f"{reading.undecodable:,} pieces of the log could not be read as entries."
    for name in reading.cut_off:
        yield f"{name} ends in the middle of its packed data; what is before that was read."
    if shortened:
        yield f"{shortened} operations had more than {MOST_STATEMENTS} statements: shorter ones run more often instead."


def _arrivals(book: LogBook, of_shape: dict[int, list[int]], operations: Sequence[OperationSpec]) -> Arrivals:
    """Each transaction as the operation of its shape; where a shape has several, in turn by their weights."""
    seconds, numbers = array("d"), array("H")
    if book.arrivals is None:
        return Arrivals(seconds, numbers)
    begins, shapes = (np.asarray(part) for part in book.arrivals)
    order = np.argsort(begins, kind="stable")
    served = [0.0] * len(operations)
    first_ns = None
    for at_ns, shape in zip(begins[order].tolist(), shapes[order].tolist(), strict=True):
        if shape not in of_shape:
            continue
        first_ns = at_ns if first_ns is None else first_ns
        chosen = min(of_shape[shape], key=lambda number: (served[number] + 1) / (operations[number].weight or 1e-9))
        served[chosen] += 1
        seconds.append((at_ns - first_ns) / NS_PER_S)
        numbers.append(chosen)
    return Arrivals(seconds, numbers)
