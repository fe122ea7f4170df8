"""What the values of one parameter look like, over all calls, in bounded memory and without keeping them."""

import math
import re
import secrets
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from hashlib import blake2b
from typing import Final

import numpy as np
import numpy.typing as npt

from harness.model.units import NS_PER_S

_TRACKED: Final = 10_000  # calls whose repetitions are counted: at most 1 MB a parameter
_FEW: Final = 20
"""Values that differ no more than this may be told apart one by one."""
COMMON: Final = 20
"""How often a text must occur before it may be kept (with keep_common_values)."""
_ENUM_LIKE: Final = re.compile(r"[A-Za-z_]{1,20}")
_INTEGER: Final = re.compile(r"[-+]?\d{1,18}")
_NUMBER: Final = re.compile(r"[-+]?(?:\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})(?:[eE][-+]?\d{1,3})?")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_MOMENT: Final = re.compile(
    r"\d{4}-\d\d-\d\d(?P<time>[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)?(?: ?Z|[-+]\d\d(?::?\d\d)?| UTC)?"
)
_TRUTH: Final = {"t": True, "true": True, "f": False, "false": False}
_NEAR_NOW_S: Final = 300
"""A moment this near to the log line was the clock's when the statement was made; time zones move it by hours."""
_ZONE_STEP_S: Final = 900  # the smallest step between two time zones in use
_SKEWS: Final = (0.0, 0.4, 0.7, 1.01, 1.1, 1.2, 1.3, 1.4, 1.6, 1.8, 2.0, 2.5)
_LEAST_CALLS: Final = 200  # below, chance repeats as much as skew does
_LEAST_SKEW: Final = 1.01  # zipf() takes a skew above 1
_KEY: Final = secrets.token_bytes(16)  # hashes of this process are of use to nobody else


class ValueKind(Enum):
    """What all values of a parameter are."""

    NONE = "none"
    INTEGER = "integer"
    NUMBER = "number"
    TRUTH = "truth"
    UUID = "uuid"
    MOMENT = "moment"
    DAY = "day"
    TEXT = "text"


@dataclass(slots=True)
class Observed:
    """The values of one parameter."""

    calls: int = 0
    unknown: int = 0
    least: Decimal | None = None
    greatest: Decimal | None = None
    digits: int = 0
    shortest: int = 0
    longest: int = 0
    rising: int = 0
    """How many integers were greater than every one before."""
    near_now: int = 0
    true: int = 0
    kinds: Counter[ValueKind] = field(default_factory=Counter)
    repeats: Counter[int] = field(default_factory=Counter)
    tracked: int = 0
    """The calls that `repeats` counts, the first ones."""
    few: Counter[str] | None = field(default_factory=Counter)
    """The values themselves while they are few; never printed but for small numbers and, where asked, common words."""

    def add(self, value: str | None, *, at_ns: int) -> None:
        """One more value; `at_ns` is the wall clock of its statement."""
        if value is None:
            self.unknown += 1
            return
        self.calls += 1
        kind = _kind(value)
        self.kinds[kind] += 1
        if kind in (ValueKind.INTEGER, ValueKind.NUMBER):
            self._number(value)
        elif kind is ValueKind.MOMENT:
            self.near_now += _is_now(value, at_ns)
        elif kind is ValueKind.TRUTH:
            self.true += _TRUTH[value.lower()]
        self.shortest = min(self.shortest, len(value)) if self.calls > 1 else len(value)
        self.longest = max(self.longest, len(value))
        self._count(value)

    def _number(self, value: str) -> None:
        number = Decimal(value)
        if self.greatest is None or number > self.greatest:
            self.rising += 1
            self.greatest = number
        if self.least is None or number < self.least:
            self.least = number
        exponent = number.as_tuple().exponent
        self.digits = max(self.digits, -exponent if isinstance(exponent, int) else 0)

    def _count(self, value: str) -> None:
        if self.tracked < _TRACKED:
            key = int.from_bytes(blake2b(value.encode(), key=_KEY, digest_size=8).digest(), "big")
            self.repeats[key] += 1
            self.tracked += 1
        if self.few is not None:
            self.few[value[: COMMON + 1]] += 1
            if len(self.few) > _FEW:
                self.few = None

    @property
    def kind(self) -> ValueKind:
        """What all of them are; integers among numbers are numbers, everything else mixed is text."""
        kinds = set(self.kinds)
        if not kinds:
            return ValueKind.NONE
        if len(kinds) == 1:
            return next(iter(kinds))
        return ValueKind.NUMBER if kinds == {ValueKind.INTEGER, ValueKind.NUMBER} else ValueKind.TEXT

    @property
    def distinct(self) -> int:
        """How many differ, as far as they were counted."""
        return len(self.repeats)

    @property
    def is_rising(self) -> bool:
        """Whether they are made by a counter: nearly each greater than all before, and none twice."""
        enough = self.calls >= 3 and self.kind is ValueKind.INTEGER
        return enough and self.distinct == self.tracked and self.rising >= 0.9 * self.calls

    @property
    def is_now(self) -> bool:
        """Whether they are the clock's."""
        return self.calls > 0 and self.near_now >= 0.9 * self.calls

    def small_numbers(self, limit: int) -> dict[str, int] | None:
        """Each integer with its count where all are few and none is above `limit`."""
        if self.few is None or self.kind is not ValueKind.INTEGER:
            return None
        return dict(self.few) if all(abs(int(value)) <= limit for value in self.few) else None

    def common_words(self) -> dict[str, int] | None:
        """Each text with its count where all are few, each is common, and each looks like a value of an enum."""
        if self.few is None or not self.few or self.kind is not ValueKind.TEXT:
            return None
        suits = all(count >= COMMON and _ENUM_LIKE.fullmatch(value) for value, count in self.few.items())
        return dict(self.few) if suits else None

    def skew(self) -> float:
        """The exponent of the Zipf distribution that repeats values as these do; 0 where nothing speaks for skew.

        Two numbers are held against it: how many values differ, which says over how many it goes, and how often two
        calls have the same value, which says how unevenly.
        """
        counts = np.fromiter(self.repeats.values(), dtype=float)
        calls = float(counts.sum())
        if calls < _LEAST_CALLS or len(counts) < _FEW:
            return 0.0
        meet = float((counts * (counts - 1)).sum()) / (calls * (calls - 1))
        best = min(_SKEWS, key=lambda s: _distance(s, calls=calls, distinct=len(counts), meet=meet))
        return best if best >= _LEAST_SKEW else 0.0


def _distance(s: float, *, calls: float, distinct: int, meet: float) -> float:
    """How far Zipf(s), over as many values as give that many different ones, is from the chance that two calls meet."""
    low, high = float(distinct), 1e9
    if _expected(high, s, calls) < distinct:
        return math.inf
    while high / low > 1.02:
        middle = math.sqrt(low * high)
        low, high = (middle, high) if _expected(middle, s, calls) < distinct else (low, middle)
    shares, widths = _shares(round(high), s)
    predicted = float((shares**2 * widths).sum())
    return abs(math.log((predicted + 1 / calls**2) / (meet + 1 / calls**2)))


def _expected(values: float, s: float, calls: float) -> float:
    """How many of `values` are seen at least once in that many calls."""
    shares, widths = _shares(round(values), s)
    return float((-np.expm1(-calls * shares) * widths).sum())


@lru_cache(maxsize=512)
def _ranks(values: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Ranks 1 … values, the rarer ones in blocks: the middle of each block and its width."""
    exact = np.arange(1, min(values, 1000) + 1, dtype=float)
    if values <= 1000:
        return exact, np.ones_like(exact)
    edges = np.unique(np.round(np.geomspace(1001, values + 1, 400)))
    middles, widths = (edges[:-1] + edges[1:] - 1) / 2, np.diff(edges)
    return np.concatenate([exact, middles]), np.concatenate([np.ones_like(exact), widths])


def _shares(values: int, s: float) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    ranks, widths = _ranks(max(1, values))
    weights = ranks**-s
    return weights / float((weights * widths).sum()), widths


def _kind(value: str) -> ValueKind:
    if _INTEGER.fullmatch(value):
        return ValueKind.INTEGER
    if _NUMBER.fullmatch(value):
        return ValueKind.NUMBER
    if value.lower() in _TRUTH:
        return ValueKind.TRUTH
    if _UUID.fullmatch(value):
        return ValueKind.UUID
    moment = _MOMENT.fullmatch(value)
    if moment is None:
        return ValueKind.TEXT
    return ValueKind.MOMENT if moment["time"] else ValueKind.DAY


def _is_now(value: str, at_ns: int) -> bool:
    """Whether the moment is the log line's own, in whatever time zone it is written."""
    try:
        moment = datetime.fromisoformat(value[:19]).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return False
    away = abs(moment - at_ns / NS_PER_S)
    return away < 86_400 and min(away % _ZONE_STEP_S, -away % _ZONE_STEP_S) < _NEAR_NOW_S
