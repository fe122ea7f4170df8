"""What a verdict does not say: the same limits for every run, and those of this one."""

from collections.abc import Iterator

from harness.analysis.facts import Facts
from harness.spec.scenario import Restore, Scenario

ALWAYS = (
    "production's data size and age: times grow with the tables, classes of work do not",
    "the physical layout: a restored dump has no bloat, and its indexes are fresh",
    "the state of the caches",
    "production's hardware and its other load",
    "operations that the traffic mix does not contain",
    "replicas, and what reads from them",
    "crash drills: no server or migration was killed half-way",
)
"""No rehearsal on a copy proves these."""


def not_proven(facts: Facts, scenario: Scenario) -> tuple[str, ...]:
    """The limits of this run first, then those of every run."""
    return (*_of_this_run(facts, scenario), *ALWAYS)


def _of_this_run(facts: Facts, scenario: Scenario) -> Iterator[str]:
    if facts.traffic is None:
        yield "anything about traffic: the scenario has no operation"
    if not facts.rollback_ran:
        yield "the way back: it was not run"
    elif not facts.rollback.verified:
        yield "that the way back restores every row: rows were not compared"
    if scenario.rollback.restore is Restore.NONE:
        yield f"a way back: declared irreversible ({scenario.rollback.reason or 'no reason given'})"
    if facts.traffic is not None and facts.rollback.ledger_acknowledged is None:
        yield "that acknowledged writes are kept: none were looked up"
    for relation in facts.rollback.ledger_not_followed:
        yield f"that acknowledged writes to {relation} are kept: they could not be followed"
    if facts.traffic is not None and not any(s.duration_ns is not None for s in facts.statements):
        yield "the migration under traffic: no statement ran under load"
    for note in facts.quality:
        if not note.inconclusive:
            yield f"{note.subject}: {note.message}"
