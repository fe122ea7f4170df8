"""What is made of the facts: checks against budgets, findings of hazards, the verdict and the one sentence."""

from dataclasses import dataclass
from enum import Enum

from harness.model.verdict import Verdict
from harness.model.words import Direction


class Level(Enum):
    """How much a finding weighs: an error fails, a warning warns, a note never counts."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hazard:
    """A known bad pattern.

    Stable id (H101), name (lock_queue), and its page: condition, effect, workaround, bad and good example.
    """

    id: str
    name: str
    title: str
    condition: str
    effect: str
    workaround: str
    bad: str
    good: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A hazard seen in this run.

    `statement` is S3 or R1, "" where it belongs to none. `evidence` are measured facts, `impact` what users would have
    felt, `remedy` SQL or text to paste. `accepted` is the reason it was accepted with, None when it was not.
    `fingerprint` holds no line number and no timing.
    """

    hazard: Hazard
    level: Level
    title: str
    relation: str
    statement: str
    direction: Direction
    file: str
    line: int
    column: int
    excerpt: str
    marker: str
    """What is said at the underlined statement: "waited 1,507 ms for AccessExclusiveLock on orders, held 3 ms"."""
    evidence: tuple[str, ...]
    impact: str
    remedy: str
    fingerprint: str
    accepted: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One judgement against a limit; `label` is for people, `blame` names the statement or operation at fault."""

    id: str
    label: str
    limit: str
    found: str
    verdict: Verdict
    blame: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The whole judgement of a run."""

    verdict: Verdict
    sentence: str
    checks: tuple[Check, ...]
    findings: tuple[Finding, ...]
    not_proven: tuple[str, ...]
    unused_accepts: tuple[str, ...]
    """Accepted hazards that did not occur."""
    trust: tuple[Check, ...] = ()
    """Aspects of the run's own quality; those that stand in the way of a verdict are among `checks` too."""
