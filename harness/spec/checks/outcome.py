"""[rollback], [[accept]] and [budgets]."""

from collections.abc import Iterable, Iterator

from harness.model.units import parse_duration, parse_ratio, parse_size
from harness.spec.checks.refuse import Refuse
from harness.spec.decode import quote
from harness.spec.metrics import COUNT, METRICS, NOT_MEASURED, SIZE, WINDOWS, Metric
from harness.spec.scenario import Restore, Scenario


def check_rollback_and_accept(scenario: Scenario, refuse: Refuse) -> None:
    rollback = scenario.rollback
    irreversible = rollback.restore is Restore.NONE
    refuse.unless(not irreversible or bool(rollback.reason.strip()), "rollback.reason",
                  'restore = "none" declares the migration irreversible and needs a reason',
                  hint='add reason = "…"')  # fmt: skip
    for index, accept in enumerate(scenario.accept):
        key = f"accept[{index}]"
        refuse.unless(bool(accept.hazard.strip()), f"{key}.hazard", "the hazard is empty",
                      hint="`rehearse hazards` lists them")  # fmt: skip
        refuse.unless(bool(accept.reason.strip()), f"{key}.reason", "accepting a hazard needs a reason")


def check_budgets(scenario: Scenario, refuse: Refuse) -> None:
    budgets = scenario.budgets
    for key, text in _limits(scenario, ("blocked", "outage", "held", "rollback_time", "duration")):
        refuse.duration(text, key)
    for key, text in _limits(scenario, ("wal", "disk")):
        refuse.unit(parse_size, text, key)
    limit = refuse.unit(_ratio_or_duration, budgets.p99, "budgets.p99")
    refuse.unless(limit > 0, "budgets.p99", "must be more than 0", hint='write a multiple of the baseline, like "10x"')
    if isinstance(budgets.failed, int):
        refuse.unless(budgets.failed >= 0, "budgets.failed", "must not be negative")
    else:
        share = refuse.unit(parse_ratio, budgets.failed, "budgets.failed")
        refuse.unless(share <= 1, "budgets.failed", "is more than every operation", hint='write a share, like "0.1%"')


def check_metrics(scenario: Scenario, refuse: Refuse) -> None:
    """[[budget]]: a known metric, a limit of its kind, and only what narrows it."""
    for index, budget in enumerate(scenario.budget):
        key = f"budget[{index}]"
        why = NOT_MEASURED.get(budget.metric, "")
        refuse.unless(not why, f"{key}.metric", f"{quote(budget.metric)} is not measured", hint=why)
        refuse.word(budget.metric, METRICS, f"{key}.metric")
        metric = METRICS[budget.metric]
        for name in ("statement", "operation", "sqlstate"):
            fits = not getattr(budget, name) or name in metric.by
            refuse.unless(fits, f"{key}.{name}", f"{budget.metric} is not told by {name}",
                          hint=f"leave it out; it may have: {', '.join(metric.by) or 'nothing'}")  # fmt: skip
        refuse.word(budget.during, WINDOWS, f"{key}.during")
        usual = budget.during == "migrate" or "during" in metric.by
        refuse.unless(usual, f"{key}.during", f"{budget.metric} is not told by phase", hint="leave it out")
        _check_limit(budget.limit, metric, refuse, f"{key}.limit")


def _check_limit(limit: str | int, metric: Metric, refuse: Refuse, key: str) -> None:
    if metric.limit == COUNT:
        whole = isinstance(limit, int) and limit >= 0
        refuse.unless(whole, key, f"{quote(limit)} is not a whole number", hint="write a number without quotes, like 0")
        return
    example = '"64MB"' if metric.limit == SIZE else '"500ms"'
    hint = f"write it in quotes, like {example}" + (', or "3x" of the baseline' if metric.ratio else "")
    refuse.unless(isinstance(limit, str), key, f"{quote(limit)} has no unit", hint=hint)
    if metric.limit == SIZE:
        refuse.unit(parse_size, str(limit), key)
    elif metric.ratio:
        refuse.unit(_ratio_or_duration, str(limit), key)
    else:
        refuse.duration(str(limit), key)


def _limits(scenario: Scenario, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    for name in names:
        text = getattr(scenario.budgets, name)
        if text is not None:
            yield f"budgets.{name}", text


def _ratio_or_duration(text: str) -> float:
    """A multiple of the baseline ("10x"), or an absolute time ("250ms")."""
    try:
        return parse_ratio(text)
    except ValueError:
        pass
    try:
        return parse_duration(text)
    except ValueError:
        raise ValueError(f"{text!r} is neither a ratio nor a duration; write '10x' or '250ms'") from None
