"""Recorded arrivals: a text file of instants, with the operation of each where it is known, repeated when it ends."""

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Final

import numpy as np

from harness.model.errors import SpecError
from harness.model.units import NS_PER_S
from harness.spec.schedule.arrivals import CHUNK, Block, DueTimes, Indexes, generators, own_part
from harness.spec.schedule.chooser import DRAWN

MAX_ARRIVALS: Final = 5_000_000
"""An hour at more than a thousand a second; 80 MB in each process."""
PARTS: Final = 1000
"""Parts of a period whose arrivals are counted: of an hour each is 3.6 s, shorter than any phase worth judging."""
_COLUMNS: Final = ("seconds", "operation")
# PostgreSQL's longest duration, and so a rehearsal's: beyond it, a time is in other units than seconds.
_LONGEST_S: Final = (2**31 - 1) / 1000


@dataclass(frozen=True, slots=True)
class Trace:
    """Arrivals in ns after the first, in order, and the operation's index of each (DRAWN: none is named).

    They are repeated every `period_ns`: from the first to the last, and once more the mean distance of two.
    """

    at_ns: DueTimes
    named: Indexes
    period_ns: int

    @property
    def rate(self) -> float:
        """Arrivals per second, on average."""
        return len(self.at_ns) * NS_PER_S / self.period_ns

    @property
    def counts(self) -> tuple[int, ...]:
        """Arrivals in each of `PARTS` equal parts of the period."""
        return tuple(np.histogram(self.at_ns, bins=PARTS, range=(0, self.period_ns))[0].tolist())


class TraceSchedule:
    """The arrivals of a trace that are those of process `part` of `parts`, over and over."""

    def __init__(self, trace: Trace, *, seed: int, part: int = 0, parts: int = 1) -> None:
        self._blocks = _blocks(trace, seed=seed, part=part, parts=parts)

    def next_block(self) -> Block | None:
        """The next arrivals."""
        return next(self._blocks)

    def change_rate(self, at_ns: int, rate: float | None, *, left: int) -> None:
        """ValueError: a recorded rate is what it is."""
        raise ValueError(f"recorded arrivals keep their rate: not {rate}/s from {at_ns} ns on, with {left} to come")


def _blocks(trace: Trace, *, seed: int, part: int, parts: int) -> Iterator[Block]:
    _, draws = generators(seed)
    first = 0
    while True:
        own = own_part(first, part=part, parts=parts)
        again, index = np.divmod(np.arange(first, first + CHUNK, dtype=np.int64)[own], len(trace.at_ns))
        due = trace.at_ns[index] + again * trace.period_ns
        yield Block(due, draws.random(CHUNK)[own], draws.random(CHUNK)[own], trace.named[index])
        first += CHUNK


def load_trace(file: Path, *, operations: Sequence[str] | None) -> Trace:
    """The trace in `file`: lines of `seconds` or `seconds,operation`, with commas or tabs, a header if need be.

    The order of lines does not matter, nor from when the seconds count. `operations` are the names that may stand
    there, by index; None takes any, unresolved. SpecError names the line.
    """
    rows = sorted(_rows(file, operations), key=lambda row: row[0])
    if len(rows) < 2 or rows[0][0] == rows[-1][0]:
        raise SpecError("needs arrivals at two instants at least", path=file, hint="one line per arrival: seconds")
    began = rows[0][0]
    lasts = rows[-1][0] - began
    if not 1 / NS_PER_S <= lasts <= _LONGEST_S:
        raise SpecError(f"lasts {lasts:g} s", path=file, hint="times are in seconds, like 12.345")
    at = np.rint((np.array([seconds for seconds, _ in rows]) - began) * NS_PER_S).astype(np.int64)
    length = int(at[-1])
    period = math.ceil(length * len(rows) / (len(rows) - 1))
    return Trace(at, np.array([named for _, named in rows], dtype=np.int64), period)


def _rows(file: Path, operations: Sequence[str] | None) -> Iterator[tuple[float, int]]:
    known = None if operations is None else {name: index for index, name in enumerate(operations)}
    for number, fields in _lines(file):
        seconds = _seconds(fields[0])
        if seconds is None and number == 1:
            continue  # the header
        where = f"line {number}"
        if seconds is None:
            raise SpecError(f"{fields[0][:60]!r} is not a time in seconds", path=file, key=where, hint="like 12.345")
        if len(fields) > len(_COLUMNS):
            hint = "a line is seconds, or seconds and an operation's name"
            raise SpecError(f"has {len(fields)} columns", path=file, key=where, hint=hint)
        yield seconds, _index(fields[1].strip() if len(fields) > 1 else "", known, file=file, where=where)


def _lines(file: Path) -> Iterator[tuple[int, list[str]]]:
    """The lines that are not empty, each with its number in the file."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"cannot be read: {error}", path=file) from None
    lines = text.splitlines()
    if len(lines) > MAX_ARRIVALS:
        raise SpecError(f"has more than {MAX_ARRIVALS:,} lines", path=file, hint="a part of it is repeated as well")
    delimiter = "\t" if "\t" in text else ","
    for number, line in enumerate(lines, start=1):
        fields = next(csv.reader([line], delimiter=delimiter), [])
        if any(field.strip() for field in fields):
            yield number, fields


def _seconds(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _index(name: str, known: dict[str, int] | None, *, file: Path, where: str) -> int:
    if not name or known is None:
        return DRAWN
    if name not in known:
        near = get_close_matches(name[:60], known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"the operations are: {', '.join(list(known)[:10])}"
        raise SpecError(f"there is no operation {name[:60]!r}", path=file, key=where, hint=hint)
    return known[name]
