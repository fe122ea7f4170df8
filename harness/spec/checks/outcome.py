"""[rollback], [[accept]] and [budgets]."""

from collections.abc import Iterable, Iterator

from harness.model.units import parse_duration, parse_ratio, parse_size
from harness.spec.checks.refuse import Refuse
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
