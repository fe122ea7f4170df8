"""Checks of [[budget]]: any recorded number against its limit."""

from harness.analysis.checks import check, format_limit
from harness.analysis.facts import Facts
from harness.analysis.generator_checks import driven_otherwise
from harness.analysis.judgement import Check
from harness.analysis.measures import Measured, measured
from harness.analysis.noisy_checks import P99_FLOOR_NS, is_noise
from harness.model.units import format_bytes, format_duration, parse_duration, parse_ratio, parse_size
from harness.model.verdict import Verdict
from harness.spec.metrics import COUNT, METRICS, SIZE
from harness.spec.scenario import BudgetSpec, Scenario


def metric_check(budget: BudgetSpec, facts: Facts, scenario: Scenario) -> Check:
    """The check of one budget; a number that was not measured proves nothing."""
    found = measured(facts, budget)
    limit = _limit(budget, found)
    if found.value is None or limit is None:
        why = found.note or "the baseline has no operation to compare with"
        return _made(budget, "not measured", Verdict.INCONCLUSIVE, note=why, blame=found.blame)
    verdict = Verdict.FAIL if found.value > limit else Verdict.PASS
    note = ""
    if verdict is Verdict.FAIL and (doubt := _doubt(budget, facts, scenario, excess=found.value - limit)):
        verdict, note = Verdict.INCONCLUSIVE, doubt
    shown = _shown(budget.metric, found.value)
    if _is_ratio(budget) and found.baseline:
        note = note or f"{shown}, in the baseline {_shown(budget.metric, found.baseline)}"
        shown = f"{found.value / found.baseline:.1f} ×"
    return _made(budget, shown, verdict, note=note, blame=found.blame)


def _made(budget: BudgetSpec, found: str, verdict: Verdict, *, note: str, blame: str) -> Check:
    return check(
        _id(budget), _label(budget), limit=_limit_text(budget), found=found, verdict=verdict, blame=blame, note=note
    )


def _id(budget: BudgetSpec) -> str:
    narrowed = ",".join(part for part in (budget.statement, budget.operation, budget.sqlstate, _window(budget)) if part)
    return f"{budget.metric}[{narrowed}]" if narrowed else budget.metric


def _label(budget: BudgetSpec) -> str:
    metric = METRICS[budget.metric]
    latency = "during" in metric.by and budget.metric != "outage"
    when = {"migrate": "while migrating", "rollback": "on the way back", "settle": "after it"}
    return " ".join(
        part
        for part in (
            metric.text,
            f"({budget.sqlstate}…)" if budget.sqlstate and len(budget.sqlstate) < 5 else budget.sqlstate,
            f"of {budget.statement or budget.operation}" if budget.statement or budget.operation else "",
            when.get(budget.during, "in the baseline") if latency or _window(budget) else "",
        )
        if part
    )


def _window(budget: BudgetSpec) -> str:
    return "" if budget.during == "migrate" else budget.during


def _is_ratio(budget: BudgetSpec) -> bool:
    return METRICS[budget.metric].ratio and str(budget.limit).rstrip().endswith(("x", "%"))


def _limit(budget: BudgetSpec, found: Measured) -> int | None:
    """The limit as a number; None where it is a multiple of a baseline that is not there."""
    kind = METRICS[budget.metric].limit
    if kind == COUNT:
        return int(budget.limit)
    if kind == SIZE:
        return parse_size(str(budget.limit))
    if not _is_ratio(budget):
        return parse_duration(str(budget.limit))
    return None if not found.baseline else max(round(parse_ratio(str(budget.limit)) * found.baseline), P99_FLOOR_NS)


def _limit_text(budget: BudgetSpec) -> str:
    if _is_ratio(budget):
        return f"{parse_ratio(str(budget.limit)):g} ×"
    return format_limit(str(budget.limit)) if METRICS[budget.metric].limit != COUNT else f"{budget.limit:,}"


def _doubt(budget: BudgetSpec, facts: Facts, scenario: Scenario, *, excess: int) -> str:
    """Why a latency over its limit may not be the migration's doing, "" where nothing speaks against it."""
    traffic = facts.traffic
    if traffic is None or "during" not in METRICS[budget.metric].by:
        return ""
    if why := driven_otherwise(facts, traffic, scenario):
        return why
    noise = traffic.noise
    if noise is None:
        return ""
    floor = {"latency.p50": noise.p50_ns, "outage": noise.outage_ns}.get(budget.metric, noise.p99_ns)
    if is_noise(excess, floor):
        return f"exceeded by less than the noise floor, ± {format_duration(floor)}"
    return ""


def _shown(metric: str, value: int) -> str:
    kind = METRICS[metric].limit
    if kind == COUNT:
        return f"{value:,}"
    return format_bytes(value) if kind == SIZE else format_duration(value)
