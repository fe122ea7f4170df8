"""How a rule about state left behind makes its notes: one a change, at the statement that names the object."""

import re
from collections.abc import Iterable, Iterator

from harness.analysis.facts import Facts, StatementFacts
from harness.analysis.findings import finding
from harness.analysis.judgement import Finding, Hazard, Level
from harness.analysis.schema_changes import SchemaChange
from harness.model.words import Direction

_WORD = re.compile(r"\w+")


def change_notes(
    hazard: Hazard, facts: Facts, changes: Iterable[SchemaChange], *, marker: str, impact: str
) -> Iterator[Finding]:
    """A note a table (one for all that belongs to none), with everything that is not as it was and how to undo it."""
    grouped: dict[str, list[SchemaChange]] = {}
    for change in changes:
        grouped.setdefault(change.relation, []).append(change)
    for relation, several in grouped.items():
        more = f" and {len(several) - 1} more" if len(several) > 1 else ""
        yield finding(
            hazard,
            Level.NOTE,
            title=several[0].text + more,
            statement=statement_naming(facts, several[0].identity),
            relation=relation,
            marker=marker,
            evidence=tuple(f"{change.text} (schema before and after going up)" for change in several[:10]),
            impact=impact,
            remedy="\n".join(dict.fromkeys(change.remedy for change in several[:10])),
        )


def statement_naming(facts: Facts, identity: str, direction: Direction = Direction.UP) -> StatementFacts | None:
    """The first statement of a direction that names the object (public.orders.note), else its table; None for none."""
    mine = [s for s in facts.statements if s.direction is direction]
    words = [word.lower() for word in _WORD.findall(identity)]
    for word in reversed(words[1:] or words):
        named = [s for s in mine if word in _WORD.findall(s.sql.lower())]
        if named:
            return named[0]
    return None
