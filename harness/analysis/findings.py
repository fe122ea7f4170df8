"""How a rule makes a finding: where it is, what was measured, and a fingerprint that survives edits elsewhere."""

from collections.abc import Sequence
from hashlib import sha256

from harness.analysis.facts import StatementFacts
from harness.analysis.judgement import Finding, Hazard, Level
from harness.model.words import Direction

MOST_LINES = 5
"""Lines of evidence of one kind; three hundred partitions are not told one by one."""
FINGERPRINT_CHARACTERS = 16
"""64 bits: two findings of one project collide with a chance below 10⁻¹⁰."""


def finding(
    hazard: Hazard,
    level: Level,
    *,
    title: str,
    evidence: tuple[str, ...],
    remedy: str,
    statement: StatementFacts | None = None,
    relation: str = "",
    direction: Direction = Direction.UP,
    marker: str = "",
    impact: str = "",
) -> Finding:
    """A finding at a statement, or at the whole run where `statement` is None; `direction` is then what it says."""
    where = statement.direction if statement else direction
    return Finding(
        hazard=hazard,
        level=level,
        title=title,
        relation=relation,
        statement=statement.id if statement else "",
        direction=where,
        file=statement.file if statement else "",
        line=statement.line if statement else 0,
        column=statement.column if statement else 0,
        excerpt=statement.sql if statement else "",
        marker=marker,
        evidence=tuple(line for line in evidence if line),
        impact=impact,
        remedy=remedy,
        fingerprint=_fingerprint(hazard, relation, statement, where),
        accepted=None,
    )


def some_of(lines: Sequence[str]) -> tuple[str, ...]:
    """The first lines, and how many more there are.

    >>> some_of(["a", "b", "c", "d", "e", "f", "g"])
    ('a', 'b', 'c', 'd', 'e', '… and 2 more')
    """
    more = len(lines) - MOST_LINES
    return (*lines[:MOST_LINES], f"… and {more:,} more") if more > 0 else tuple(lines)


def on_the_way(level: Level, direction: Direction) -> Level:
    """The level, one lower on the way back: a rollback is rare, its stall is the lesser evil, but not none."""
    if direction is Direction.UP:
        return level
    return Level.WARNING if level is Level.ERROR else Level.NOTE


def _fingerprint(hazard: Hazard, relation: str, statement: StatementFacts | None, direction: Direction) -> str:
    what = (statement.fingerprint or " ".join(statement.sql.split())) if statement else ""
    text = "\0".join((hazard.name, relation, direction.value, what))
    return sha256(text.encode()).hexdigest()[:FINGERPRINT_CHARACTERS]
