"""Checks of the run itself; only those that stand in the way of a verdict are shown, each with the way out."""

from collections.abc import Iterator
from math import sqrt

from harness.analysis.checks import check
from harness.analysis.facts import Facts, TrafficFacts
from harness.analysis.judgement import Check
from harness.model.units import NS_PER_MS, format_duration, parse_duration
from harness.model.verdict import Verdict
from harness.spec.scenario import Scenario

LATE_FLOOR_NS = 10 * NS_PER_MS
"""Dispatch this late at p99 is never too late: the shortest lock wait that the log shows."""
LATE_PART = 10
"""Dispatch may be late at p99 by a tenth of the shortest stall that a budget judges: the same share of error that a
stall of just that length is then measured with."""
BUSY_CPU = 0.9
"""A generator process above this has no reserve for a burst, such as the one after a queue drains."""
RATE_SHARE = 0.9
"""Below this share of the rate asked for, the run answers another question than the scenario's."""


def quality_checks(facts: Facts, scenario: Scenario) -> Iterator[Check]:
    """An inconclusive check for each limit of the run; none for a sound one."""
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
        yield from _generator(facts.traffic, scenario)
    elif scenario.traffic.operation:
        yield _limit("traffic", "traffic ran", "yes", "no", "the scenario asks for traffic, and none was planned")


def lateness_allowed_ns(scenario: Scenario) -> int:
    """How late the 99th percentile of dispatch may be."""
    shortest = min(parse_duration(scenario.budgets.blocked), parse_duration(scenario.budgets.outage))
    return max(LATE_FLOOR_NS, shortest // LATE_PART)


def _generator(traffic: TrafficFacts, scenario: Scenario) -> Iterator[Check]:
    if traffic.lost:
        yield _limit("traffic", "traffic ran to the end", "yes", "lost", traffic.lost)
    allowed = lateness_allowed_ns(scenario)
    if (traffic.lag_p99_ns or 0) > allowed:
        yield _limit(
            "dispatch",
            "operations dispatched on time",
            f"p99 {format_duration(allowed)}",
            f"p99 {format_duration(traffic.lag_p99_ns or 0)}, {traffic.late:,} late",
            "lower traffic.rate, or give the machine more cores",
        )
    if (traffic.cpu_ratio or 0) > BUSY_CPU:
        yield _limit(
            "generator",
            "generator has reserve",
            f"{BUSY_CPU:.0%} CPU",
            f"{traffic.cpu_ratio:.0%} CPU",
            "lower traffic.rate",
        )
    if _rate_unmet(traffic):
        yield _limit(
            "rate", "operations offered", f"{traffic.rate:g}/s", f"{traffic.offered_rate:.1f}/s", "lower traffic.rate"
        )
    if traffic.failed_in_baseline:
        yield _limit(
            "baseline",
            "baseline without errors",
            "0",
            f"{traffic.failed_in_baseline:,} of {traffic.baseline.count:,}",
            "mend the operations, or declare the SQLSTATE as `expected`",
        )
    elif not traffic.baseline.count and traffic.offered:
        yield _limit("baseline", "baseline measured", "some operations", "none", "lengthen traffic.baseline")


def _rate_unmet(traffic: TrafficFacts) -> bool:
    """Clearly fewer than asked for: below nine tenths, and beyond four deviations of a Poisson count."""
    if traffic.offered_rate is None or not traffic.offered_rate:
        return False
    wanted = traffic.offered * traffic.rate / traffic.offered_rate
    return traffic.offered < min(RATE_SHARE * wanted, wanted - 4 * sqrt(wanted))


def _limit(id_: str, label: str, limit: str, found: str, note: str) -> Check:
    return check(id_, label, limit=limit, found=found, verdict=Verdict.INCONCLUSIVE, note=note)
