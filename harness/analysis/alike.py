"""One finding for what one statement does to many relations alike: three hundred partitions are one thing to read."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from harness.analysis.judgement import Finding
from harness.analysis.names import short

MOST_ALIKE = 5
"""So many relations have a finding each; where there are more, the first one speaks for all."""
_NAMED = 10


def fold_alike(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The same findings, in order; those that differ by relation only become one, the first, that names the others.

    Alike are findings of one hazard, level and acceptance at one statement. The first keeps its remedy and fingerprint.
    """
    relations: dict[object, list[str]] = defaultdict(list)
    for one in findings:
        if one.statement and one.relation and one.relation not in relations[_kind(one)]:
            relations[_kind(one)].append(one.relation)
    kept = []
    for one in findings:
        alike = relations[_kind(one)] if one.statement and one.relation else []
        if len(alike) <= MOST_ALIKE:
            kept.append(one)
        elif one.relation == alike[0]:
            kept.append(_for_all(one, alike[1:]))
    return tuple(kept)


def _kind(one: Finding) -> object:
    return one.hazard.name, one.level, one.accepted, one.direction, one.statement


def _for_all(one: Finding, others: Sequence[str]) -> Finding:
    told = f"the same on {len(others)} more relations"
    named = ", ".join(map(short, others[:_NAMED])) + (", …" if len(others) > _NAMED else "")
    return replace(one, title=f"{one.title}, and {told}", evidence=(*one.evidence, f"{told}: {named}"))
