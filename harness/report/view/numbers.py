"""The four numbers at the top: longest block, p99 against the baseline, failed operations, rollback."""

from harness.analysis.facts import Facts
from harness.analysis.judgement import Judgement
from harness.model.verdict import Verdict
from harness.report.view.model import Number
from harness.report.view.rollback import RESULTS
from harness.report.view.status import Status
from harness.report.words import DASH, count, duration, factor


def four_numbers(facts: Facts, judgement: Judgement) -> tuple[Number, ...]:
    """Longest time an actor was blocked, p99 migrating / baseline, failed operations, rollback."""
    verdicts = {check.id: Status.of(check.verdict) for check in judgement.checks}
    return (
        _longest_block(facts, verdicts),
        _p99(facts, verdicts),
        _failed(facts, verdicts),
        _rollback(facts, judgement),
    )


def _longest_block(facts: Facts, verdicts: dict[str, Status]) -> Number:
    label = "Longest an actor was blocked"
    if facts.traffic is None:
        return Number(label=label, value=DASH, detail="no traffic was recorded", status=Status.UNKNOWN)
    worst = max(facts.statements, key=lambda s: s.blocked_max_ns, default=None)
    if worst is None or not worst.blocked_max_ns:
        detail = "no wait was long enough for the log"
        return Number(
            label=label,
            value=f"< {duration(facts.deadlock_timeout_ns)}",
            detail=detail,
            status=verdicts.get("blocked", Status.OK),
        )
    detail = f"by {worst.id} · {worst.blocked_actors} of {facts.traffic.actors} actors"
    value = duration(worst.blocked_max_ns, error_ns=worst.blocked_error_ns)
    return Number(label=label, value=value, detail=detail, status=verdicts.get("blocked", Status.NOTE))


def _p99(facts: Facts, verdicts: dict[str, Status]) -> Number:
    label = "p99 migrating / baseline"
    traffic = facts.traffic
    if traffic is None or traffic.migrate.p99_ns is None or traffic.baseline.p99_ns is None:
        return Number(label=label, value=DASH, detail="not measured", status=verdicts.get("p99", Status.UNKNOWN))
    slow = f" · {count(traffic.slow)} of {count(traffic.migrate.count)} slow" if traffic.slow else ""
    return Number(
        label=label,
        value=factor(traffic.migrate.p99_ns, traffic.baseline.p99_ns),
        detail=f"{duration(traffic.baseline.p99_ns)} → {duration(traffic.migrate.p99_ns)}" + slow,
        status=verdicts.get("p99", Status.NOTE),
    )


def _failed(facts: Facts, verdicts: dict[str, Status]) -> Number:
    label = "Failed operations"
    traffic = facts.traffic
    if traffic is None:
        return Number(label=label, value=DASH, detail="no traffic was recorded", status=Status.UNKNOWN)
    states = sorted({state for operation in facts.operations for state in operation.failed})
    detail = f"of {count(traffic.offered)} offered" + (f" · {', '.join(states)}" if states else "")
    fallback = Status.FAIL if traffic.failed else Status.OK
    return Number(label=label, value=count(traffic.failed), detail=detail, status=verdicts.get("failed", fallback))


def _rollback(facts: Facts, judgement: Judgement) -> Number:
    back = facts.rollback
    word, detail, status = RESULTS.get(back.result, (back.result, "", Status.UNKNOWN))
    if back.duration_ns is not None:
        detail = f"{detail} · {duration(back.duration_ns)}"
    if any(check.id.startswith("rollback") and check.verdict is Verdict.FAIL for check in judgement.checks):
        status = Status.FAIL
    return Number(label="Rollback", value=word, detail=detail, status=status)
