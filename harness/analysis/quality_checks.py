"""Checks of the run itself: whether its figures can be trusted, each with the way out where they cannot."""

from collections.abc import Iterator

from harness.analysis.checks import check
from harness.analysis.facts import Facts
from harness.analysis.generator_checks import generator_checks
from harness.analysis.judgement import Check
from harness.analysis.noisy_checks import calibration_check
from harness.model.verdict import Verdict
from harness.spec.scenario import Scenario


def quality_checks(facts: Facts, scenario: Scenario) -> Iterator[Check]:
    """Every aspect of the run's own quality: it passes, or is inconclusive with the remedy as its note."""
    if facts.interrupted or not facts.complete:
        why = facts.interrupted or "the journal has no end"
        yield _limit(
            "complete", "run is complete", "to its end", "interrupted" if facts.interrupted else "cut off", why
        )
    for note in facts.quality:
        if note.inconclusive:
            advice = ": ".join(part for part in (note.message, note.remedy) if part)
            yield _limit(note.subject, f"quality of the run: {note.subject}", "sound", "limited", advice)
    if facts.traffic is not None:
        yield from generator_checks(facts, facts.traffic, scenario)
        calibration = calibration_check(facts.traffic, scenario)
        if calibration is not None:
            yield calibration
    elif scenario.traffic.is_asked_for:
        yield _limit("traffic", "traffic ran", "yes", "no", "the scenario asks for traffic, and none was planned")


def _limit(id_: str, label: str, limit: str, found: str, note: str) -> Check:
    return check(id_, label, limit=limit, found=found, verdict=Verdict.INCONCLUSIVE, note=note)
