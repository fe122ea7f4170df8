"""Checks of what is measured with noise: p99 and the longest time without an answer, held against the noise floor.

A limit that is exceeded by no more than two windows differ by in which nothing migrates is not known to be exceeded:
such a check is inconclusive and says so. Waits come from the server's log and are exact; they are judged elsewhere.
"""

from harness.analysis.checks import check, format_limit, judged
from harness.analysis.facts import Facts, LatencyFacts, TrafficFacts
from harness.analysis.generator_checks import driven_otherwise
from harness.analysis.judgement import Check
from harness.model.spans import Span
from harness.model.units import NS_PER_MS, format_duration, parse_duration, parse_ratio
from harness.model.verdict import Verdict
from harness.spec.scenario import Scenario

ENOUGH_OPERATIONS = 100
"""Operations a p99 needs so that it is not the maximum: below 100 the 99th percentile is the slowest one."""
P99_FLOOR_NS = 10 * NS_PER_MS
"""A p99 below this never fails a ratio.

It is the default deadlock_timeout of a rehearsal: shorter waits for locks are not in the server's log, so a slower p99
below it could not be attributed to the migration; and ten times a p99 of 0.4 ms is a scheduler's hiccup.
"""


def outage_check(traffic: TrafficFacts, scenario: Scenario, *, facts: Facts) -> Check:
    """The longest time without an answer, where the baseline's own is not as long.

    One in which no statement of the migration ran and nobody waited for it cannot be laid at its door, nor be ignored:
    the machine stalled, or the server had something left to do for the migration.
    """
    limit = max(parse_duration(scenario.budgets.outage), traffic.outage_baseline_ns)
    up, down = traffic.outage_ns > limit, traffic.outage_rollback_ns > limit
    verdict, note = judged(up=up, down=down)
    only_down = verdict is Verdict.WARN
    span = traffic.outage_rollback if only_down else traffic.outage
    found = traffic.outage_rollback_ns if only_down else traffic.outage_ns
    if verdict is not Verdict.PASS and span is not None and not _explained(span, facts):
        verdict = Verdict.INCONCLUSIVE
        note = f"no statement was running at {facts.moment(span.start_ns)}: rehearse again"
    elif verdict is not Verdict.PASS and (why := driven_otherwise(facts, traffic, scenario)):
        verdict, note = Verdict.INCONCLUSIVE, why
    elif verdict is not Verdict.PASS and is_noise(found - limit, _noise_ns(traffic, "outage")):
        verdict, note = Verdict.INCONCLUSIVE, _within(_noise_ns(traffic, "outage"))
    return check(
        "outage",
        "longest time without an answer while operations were due",
        limit=format_limit(scenario.budgets.outage),
        found=format_duration(found),
        verdict=verdict,
        note=note or _placed(span, found=found, limit=limit, scenario=scenario, facts=facts),
    )


def _placed(span: Span | None, *, found: int, limit: int, scenario: Scenario, facts: Facts) -> str:
    """When it was, or why it does not count although it is longer than the budget."""
    if span is not None and found > limit:
        return f"from {facts.moment(span.start_ns)} to {facts.moment(span.end_ns)}"
    if found > parse_duration(scenario.budgets.outage):
        return f"no longer than the baseline's own, {format_duration(limit)}"
    return ""


def _explained(outage: Span, facts: Facts) -> bool:
    """Whether a statement of the migration, or a wait that it caused, was under way at some time of the outage."""
    spans = [statement.transaction_span or statement.span for statement in facts.statements]
    spans += [wait.span for statement in facts.statements for wait in statement.blocked]
    return any(span is not None and span.overlap(outage) is not None for span in spans)


def p99_check(traffic: TrafficFacts, scenario: Scenario, *, facts: Facts) -> Check:
    """p99 while migrating: against the baseline ("10x") or absolute ("250ms")."""
    budget = scenario.budgets.p99
    window, note = _p99_window(traffic)
    relative = budget.rstrip().endswith(("x", "%"))
    label = "p99 while migrating / baseline" if relative and window else "p99 while migrating"
    base = traffic.baseline.p99_ns
    if window is None or window.p99_ns is None:
        return check("p99", label, limit=budget, found="not measured", note=note)
    why = driven_otherwise(facts, traffic, scenario)
    if not relative:
        verdict, doubt = _held_against(window.p99_ns, parse_duration(budget), traffic, why=why)
        said = "; ".join(part for part in (note, doubt) if part)
        found = format_duration(window.p99_ns)
        return check("p99", label, limit=format_limit(budget), found=found, verdict=verdict, note=said)
    if not base:
        return check("p99", label, limit=budget, found="not measured", note="the baseline has no operations")
    ratio = parse_ratio(budget)
    verdict, doubt = _held_against(window.p99_ns, max(round(ratio * base), P99_FLOOR_NS), traffic, why=why)
    shown = f"{format_duration(base)} → {format_duration(window.p99_ns)}"
    return check(
        "p99",
        label,
        limit=f"{ratio:g} ×",
        found=_times(window.p99_ns / base),
        verdict=verdict,
        note="; ".join(part for part in (", ".join(part for part in (shown, note) if part), doubt) if part),
    )


def calibration_check(traffic: TrafficFacts, scenario: Scenario) -> Check | None:
    """Whether the A/A window, in which nothing migrated, keeps the budgets; None where there was none."""
    alike, base = traffic.calibrate, traffic.baseline.p99_ns
    if alike is None or alike.p99_ns is None or not base:
        return None
    budget = scenario.budgets.p99
    relative = budget.rstrip().endswith(("x", "%"))
    allowed = max(round(parse_ratio(budget) * base), P99_FLOOR_NS) if relative else parse_duration(budget)
    silence = max(parse_duration(scenario.budgets.outage), traffic.outage_baseline_ns)
    sound = alike.p99_ns <= allowed and traffic.outage_calibrate_ns <= silence
    found = f"p99 {format_duration(alike.p99_ns)}, without an answer {format_duration(traffic.outage_calibrate_ns)}"
    return check(
        "calibration",
        "budgets kept where nothing migrates",
        limit=f"p99 {format_duration(allowed)}, {format_duration(silence)}",
        found=found,
        verdict=Verdict.PASS if sound else Verdict.INCONCLUSIVE,
        note="" if sound else "the workload alone exceeds them: lower traffic.rate, or raise the budgets",
    )


def is_noise(excess_ns: int, noise_ns: int | None) -> bool:
    """Whether a limit is exceeded by no more than windows differ by in which nothing migrates."""
    return noise_ns is not None and 0 < excess_ns <= noise_ns


def _held_against(found_ns: int, limit_ns: int, traffic: TrafficFacts, *, why: str) -> tuple[Verdict, str]:
    """The verdict and what is in doubt; `why` says that it may not be the migration's doing."""
    if found_ns <= limit_ns:
        return Verdict.PASS, ""
    if why:
        return Verdict.INCONCLUSIVE, why
    noise_ns = _noise_ns(traffic, "p99")
    return (Verdict.INCONCLUSIVE, _within(noise_ns)) if is_noise(found_ns - limit_ns, noise_ns) else (Verdict.FAIL, "")


def _noise_ns(traffic: TrafficFacts, of: str) -> int | None:
    if traffic.noise is None:
        return None
    return traffic.noise.p99_ns if of == "p99" else traffic.noise.outage_ns


def _within(noise_ns: int | None) -> str:
    return (
        f"exceeded by less than the noise floor, ± {format_duration(noise_ns or 0)}: "
        "rehearse on a quieter machine, or lengthen traffic.baseline"
    )


def _p99_window(traffic: TrafficFacts) -> tuple[LatencyFacts | None, str]:
    if traffic.migrate.count >= ENOUGH_OPERATIONS:
        return traffic.migrate, ""
    wider = traffic.migrate_and_settle
    if wider is not None and wider.count >= ENOUGH_OPERATIONS:
        return wider, "with the settle after it"
    count = max(traffic.migrate.count, wider.count if wider else 0)
    return None, f"only {count} operations fell due, {ENOUGH_OPERATIONS} are needed: lengthen traffic.settle"


def _times(ratio: float) -> str:
    return f"{ratio:,.0f} ×" if ratio >= 10 else f"{ratio:.1f} ×"
