"""Whether the traffic was what the scenario asked for: the generator in time, the rate met, the pool not exhausted.

Each is a check that passes or says what to do; none can fail: a run that was not driven as asked proves nothing.
"""

from collections.abc import Iterator
from math import sqrt

from harness.analysis.checks import check
from harness.analysis.facts import CourseFacts, Facts, OperationFacts, TrafficFacts
from harness.analysis.judgement import Check
from harness.model.sqlstate import ABANDONED, POOL_FULL, POOL_TIMEOUT
from harness.model.units import NS_PER_MS, NS_PER_S, format_duration, parse_duration
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
BACKLOG_SHARE = 0.1
"""A tenth of what fell due in the baseline and was not done at its end: the queue grew all the time, so there is no
steady state to compare with (Little's law: what waits is rate × response time, here a tenth of the whole window)."""
MISS_SHARE = 0.05
"""Of twenty operations that looked for a row one may find none (a row deleted meanwhile); more, and the workload does
less work than the application's, whose keys exist."""


def generator_checks(facts: Facts, traffic: TrafficFacts, scenario: Scenario) -> Iterator[Check]:
    """Every aspect of the traffic's own quality, sound or not."""
    if traffic.lost:
        yield _aspect("traffic", "traffic ran to the end", "yes", "lost", sound=False, remedy=traffic.lost)
    yield from _dispatch(traffic, scenario)
    yield from _processor(traffic)
    yield from _rates(traffic)
    yield from _pool(facts, traffic)
    yield from _connections(traffic)
    yield from _parameters(facts)
    yield from _baseline(facts, traffic)


def driven_otherwise(facts: Facts, traffic: TrafficFacts, scenario: Scenario) -> str:
    """Why response times and refused operations are not the migration's doing, "" where they may be.

    A generator that was late, or a pool that was exhausted before anything migrated, makes operations slow and leaves
    them unserved by itself.
    """
    aspects = (*_dispatch(traffic, scenario), *_processor(traffic), *_rates(traffic), *_pool(facts, traffic))
    first = next((one for one in aspects if one.verdict is not Verdict.PASS), None)
    return f"{first.label}: {first.found}, so this may be the traffic's own doing" if first else ""


def lateness_allowed_ns(scenario: Scenario) -> int:
    """How late the 99th percentile of dispatch may be."""
    shortest = min(parse_duration(scenario.budgets.blocked), parse_duration(scenario.budgets.outage))
    return max(LATE_FLOOR_NS, shortest // LATE_PART)


def _dispatch(traffic: TrafficFacts, scenario: Scenario) -> Iterator[Check]:
    if traffic.lag_p99_ns is None:
        return
    allowed = lateness_allowed_ns(scenario)
    yield _aspect(
        "dispatch",
        "operations dispatched on time",
        f"p99 {format_duration(allowed)}",
        f"p99 {format_duration(traffic.lag_p99_ns)}, {traffic.late:,} late",
        sound=traffic.lag_p99_ns <= allowed,
        remedy="lower traffic.rate, or give the machine more cores",
    )


def _processor(traffic: TrafficFacts) -> Iterator[Check]:
    if traffic.cpu_ratio is None:
        return
    of = f", {traffic.processes} processes" if (traffic.processes or 1) > 1 else ""
    yield _aspect(
        "generator",
        "generator has reserve",
        f"{BUSY_CPU:.0%} CPU",
        f"{traffic.cpu_ratio:.0%} CPU{of}",
        sound=traffic.cpu_ratio <= BUSY_CPU,
        remedy="lower traffic.rate, or raise traffic.processes where cores are idle",
    )


def _rates(traffic: TrafficFacts) -> Iterator[Check]:
    """The phase that fell short most."""
    known = [one for one in traffic.course if one.scheduled]
    if not known:
        return
    unmet = [one for one in known if _is_unmet(one)]
    worst = min(unmet or known, key=lambda one: one.offered / (one.scheduled or 1))
    seconds = worst.span.duration_ns / NS_PER_S
    yield _aspect(
        "rate",
        "operations offered as scheduled",
        f"{(worst.scheduled or 0) / seconds:,.4g}/s",
        f"{worst.offered / seconds:,.4g}/s in {worst.phase}",
        sound=not unmet,
        remedy="lower traffic.rate to what this machine can offer, or give it more cores",
    )


def _is_unmet(one: CourseFacts) -> bool:
    """Clearly fewer than asked for: below nine tenths, and beyond four deviations of a Poisson count."""
    wanted = one.scheduled or 0.0
    return one.offered < min(RATE_SHARE * wanted, wanted - 4 * sqrt(wanted))


def _pool(facts: Facts, traffic: TrafficFacts) -> Iterator[Check]:
    """Already before anything migrates every connection is taken: then the queue is measured, not the migration."""
    count = traffic.baseline.count
    if not count:
        return
    unserved = unserved_in_baseline(facts)
    waiting = traffic.backlog_in_baseline
    stuck = unserved > 0 or (waiting > traffic.actors and waiting > BACKLOG_SHARE * count)
    found = f"{unserved:,} of {count:,} never served" if unserved else f"{waiting:,} of {count:,} not done at its end"
    yield _aspect(
        "pool",
        "a connection for every operation of the baseline",
        "all",
        found if stuck else "all",
        sound=not stuck,
        remedy=f"all {traffic.actors} actors were busy: raise traffic.actors, lower traffic.rate, "
        "or make the operations shorter",
    )


UNSERVED = (POOL_TIMEOUT, POOL_FULL, ABANDONED)
"""Our own states of operations that nobody served: no server refused them."""


def unserved_in_baseline(facts: Facts) -> int:
    """Operations of the baseline that got no connection, or were not done when traffic stopped."""
    return sum(one.failed_in_baseline.get(state, 0) for one in facts.operations for state in UNSERVED)


def _connections(traffic: TrafficFacts) -> Iterator[Check]:
    """Connections that were refused because there are too many are the harness's own doing."""
    if traffic.connect_failures > traffic.actors:
        yield _aspect(
            "connections",
            "actors connected",
            "within one attempt each",
            f"{traffic.connect_failures:,} attempts refused",
            sound=False,
            remedy="look into the server's log: is max_connections too low for traffic.actors, or was it restarted?",
        )


def _parameters(facts: Facts) -> Iterator[Check]:
    """The operation whose parameters met no row most often."""
    counted = [one for one in facts.operations if one.executions]
    if not counted:
        return
    worst = max(counted, key=_miss_share)
    share = _miss_share(worst)
    yield _aspect(
        "parameters",
        "parameters that exist",
        f"{1 - MISS_SHARE:.0%}",
        f"{1 - share:.1%} of {worst.name}" if share else "all",
        sound=share <= MISS_SHARE,
        remedy=f"the values of {worst.name} ran out or are no longer there: sample more keys, "
        "or take keys of rows that are not deleted",
        blame=worst.name if share > MISS_SHARE else "",
    )


def _miss_share(operation: OperationFacts) -> float:
    return (operation.misses or 0) / (operation.executions or 1)


def _baseline(facts: Facts, traffic: TrafficFacts) -> Iterator[Check]:
    failed = traffic.failed_in_baseline - unserved_in_baseline(facts)
    count = traffic.baseline.count
    if count:
        yield _aspect(
            "baseline",
            "baseline without errors",
            "0",
            f"{failed:,} of {count:,}",
            sound=failed <= 0,
            remedy="mend the operations, or declare the SQLSTATE as `expected`",
        )
    elif traffic.offered:
        yield _aspect(
            "baseline", "baseline measured", "some operations", "none", sound=False, remedy="lengthen traffic.baseline"
        )
    else:
        yield _aspect(
            "baseline",
            "baseline measured",
            "some operations",
            "none",
            sound=False,
            remedy="no operation fell due: raise traffic.rate, or lengthen traffic.baseline",
        )


def _aspect(id_: str, label: str, limit: str, found: str, *, sound: bool, remedy: str, blame: str = "") -> Check:
    verdict = Verdict.PASS if sound else Verdict.INCONCLUSIVE
    return check(id_, label, limit=limit, found=found, verdict=verdict, note="" if sound else remedy, blame=blame)
