"""What a check of the policy says of a column: ok, a warning, or an error that stops the run."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class Level(Enum):
    """How sure it is: proven, left to the restore to show, or known to fail."""

    OK = "ok"
    WARN = "warn"
    ERROR = "error"

    @property
    def rank(self) -> int:
        """Position, 0 (ok) to 2 (error)."""
        return list(Level).index(self)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A level and the reason for it, without a value of any row."""

    level: Level
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A judgement on one column; `column` is "" for what concerns the table or the policy as a whole."""

    level: Level
    table: str
    column: str
    reason: str

    def __str__(self) -> str:
        return f"{'.'.join(filter(None, (self.table, self.column)))}: {self.reason}"


OK = Judgement(Level.OK)


def worst(judgements: Iterable[Judgement]) -> Judgement:
    """The first of the worst; ok where there are none."""
    return max(judgements, key=lambda one: one.level.rank, default=OK)
