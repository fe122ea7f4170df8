"""The one sentence that answers the question."""

from collections.abc import Sequence

from harness.analysis.blocking import told
from harness.analysis.facts import Facts, StatementFacts
from harness.analysis.judgement import Check, Finding, Level
from harness.model.units import format_duration
from harness.model.verdict import Verdict
from harness.model.words import Direction
from harness.spec.scenario import Scenario

_MEASURED = ("outage", "p99", "failed")


def sentence_of(
    verdict: Verdict, facts: Facts, scenario: Scenario, *, checks: Sequence[Check], findings: Sequence[Finding]
) -> str:
    """What would happen, and why."""
    bad = {check.id: check for check in checks if check.verdict is verdict}
    counted = [finding for finding in findings if finding.accepted is None]
    if verdict is Verdict.FAIL:
        return f"{scenario.name} {_failing(facts, bad, counted)}"
    if verdict is Verdict.INCONCLUSIVE:
        return f"{scenario.name} cannot be judged: {_limits(bad)}"
    if verdict is Verdict.WARN:
        under = " under this traffic" if facts.traffic else ""
        return f"{scenario.name} works{under}, with a warning: {_warning(bad, counted)}"
    return f"{scenario.name} is safe {_safe(facts, scenario, checks)}"


def _failing(facts: Facts, bad: dict[str, Check], findings: list[Finding]) -> str:
    """The worst first: not applied, traffic stopped, errors, way back, then what would be bad at production size."""
    errors = [finding for finding in findings if finding.level is Level.ERROR]
    if "migration" in bad:
        note = f": {bad['migration'].note}" if bad["migration"].note else ""
        return f"fails: {bad['migration'].found}{note}"
    if "blocked" in bad:
        return f"would block traffic for {_seconds(_worst(facts).blocked_max_ns)}: {_block(facts)}"
    if "failed" in bad:
        return f"would fail {_failed(facts)}: {bad['failed'].note}"
    for word in ("invariants", "ledger", "rollback"):
        if word in bad:
            return _broken(word, bad[word])
    if "outage" in bad:
        return f"would leave traffic without an answer for {bad['outage'].found}"
    if errors:
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        return f"is unsafe at production size: {errors[0].title}{more}"
    first = next(iter(bad.values()))
    return f"exceeds a budget: {first.label} {first.found}, limit {first.limit}"


def _broken(word: str, check: Check) -> str:
    if word == "invariants":
        return f"would make the data wrong: {check.found}, {check.note}"
    if word == "ledger":
        return f"would lose acknowledged writes: {check.found} kept"
    return f"cannot be rolled back: {check.note}"


def _failed(facts: Facts) -> str:
    failing = sorted((one for one in facts.operations if one.failed), key=lambda one: -sum(one.failed.values()))
    count = sum(sum(one.failed.values()) for one in failing)
    names = told([one.name for one in failing])
    return f"{count:,} operation{'s' if count > 1 else ''} of {names}"


def _worst(facts: Facts) -> StatementFacts:
    up = [s for s in facts.statements if s.direction is Direction.UP]
    return max(up, key=lambda one: one.blocked_max_ns)


def _block(facts: Facts) -> str:
    worst = _worst(facts)
    of = f" of {facts.traffic.actors}" if facts.traffic else ""
    waited = f"{worst.blocked_actors}{of} actors waited"
    queued = any(wait.behind == "queue" for wait in worst.blocked)
    longest = max(worst.waits, key=lambda wait: wait.waited_ns, default=None)
    if queued and longest is not None:
        return f"{worst.id} queued behind {told(longest.blockers) or 'another session'} and {waited}"
    return f"{worst.id} held its lock and {waited}"


def _limits(bad: dict[str, Check]) -> str:
    """Two at most, causes first: what the traffic did otherwise explains what it found."""
    ordered = sorted(bad.values(), key=lambda check: check.id in _MEASURED)
    return "; ".join(f"{check.label}: {check.found} ({check.note})" for check in ordered[:2])


def _warning(bad: dict[str, Check], findings: list[Finding]) -> str:
    warnings = [finding.title for finding in findings if finding.level is Level.WARNING]
    texts = warnings + [f"{check.label}: {check.found} {check.note}".rstrip() for check in bad.values()]
    more = f" (and {len(texts) - 1} more)" if len(texts) > 1 else ""
    return f"{texts[0]}{more}"


def _safe(facts: Facts, scenario: Scenario, checks: Sequence[Check]) -> str:
    by_id = {check.id: check for check in checks}
    if facts.traffic is None:
        under, parts = "as far as can be told without traffic", []
    else:
        under, parts = "under this traffic", [f"longest block {by_id['blocked'].found}"]
    if "rollback" in by_id:
        data = "schema and rows" if facts.rollback.verified else "the schema"
        parts.append(f"rollback restores {data}")
    elif not scenario.rollback.run:
        parts.append("rollback not rehearsed")
    return f"{under}: {', '.join(parts)}" if parts else under


def _seconds(ns: int) -> str:
    return f"{ns / 1e9:.1f} s" if ns >= 10**9 else format_duration(ns)
