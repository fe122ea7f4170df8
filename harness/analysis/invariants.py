"""Invariants that the migration broke."""

from collections.abc import Iterator

from harness.analysis.facts import Facts, InvariantFacts

BEFORE = frozenset({"before", "baseline", "begin", "start"})
"""Moments before the migration: what does not hold there is not the migration's doing."""


def violated(facts: Facts) -> Iterator[InvariantFacts]:
    """Each invariant that held before (or was not asked then), at the moment with the most violations."""
    names = dict.fromkeys(invariant.name for invariant in facts.invariants)
    for name in names:
        checks = [one for one in facts.invariants if one.name == name]
        if any(one.violations for one in checks if one.moment in BEFORE):
            continue
        worst = max((one for one in checks if one.violations), key=lambda one: one.violations or 0, default=None)
        if worst is not None:
            yield worst


def unanswered(facts: Facts) -> tuple[InvariantFacts, ...]:
    """Invariants whose query never answered; before the migration and after the way back it may lack its schema."""
    answered = {one.name for one in facts.invariants if one.violations is not None}
    return tuple(one for one in facts.invariants if one.name not in answered)
