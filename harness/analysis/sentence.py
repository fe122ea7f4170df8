"""The one sentence that answers the question."""

from collections.abc import Sequence

from harness.analysis.facts import Facts, StatementFacts
from harness.analysis.judgement import Check, Finding, Level
from harness.analysis.wait_words import told
from harness.model.units import NS_PER_S, format_duration
from harness.model.verdict import Verdict
from harness.model.words import Direction
from harness.spec.scenario import Scenario

_MEASURED = ("outage", "p99", "failed")
_AT_SIZE = "is unsafe at production size"
_BREAKS = "would break the application"
_LEADS: dict[str, str] = {
    "destroys_data": "would destroy data",
    "data_loss_on_rollback": "cannot be rolled back",
    "wrong_results": "would make the data wrong",
    "trigger_missed_rows": "would make the data wrong",
    "breaks_old_app": _BREAKS,
    "grants_or_owner_lost": _BREAKS,
    "new_app_fails": _BREAKS,
    "id_exhaustion_or_overflow": _BREAKS,
    "replica_identity_logical": _BREAKS,
    "rollback_fails": "cannot be rolled back",
    "deadlock_risk": "would deadlock with the application",
    "lock_queue": "would stop traffic behind one long transaction",
    "rollback_schema_drift": "does not come back as it was",
    "invalid_index_left": "leaves work half done",
    "partial_apply_on_failure": "leaves work half done",
    "silent_noop": "does not do what it says",
    "query_plan_regression": "would slow the application down",
    "session_state_leak": "would break the migration after it",
}
"""How an answer begins, by the worst hazard, from what cannot be repaired to what is a nuisance."""
_LONG_NS = 10 * NS_PER_S
"""A safe migration that takes longer is worth saying so: somebody sits and waits for it."""


def sentence_of(
    verdict: Verdict, facts: Facts, scenario: Scenario, *, checks: Sequence[Check], findings: Sequence[Finding]
) -> str:
    """What would happen, and why."""
    bad = {check.id: check for check in checks if check.verdict is verdict}
    counted = [finding for finding in findings if finding.accepted is None]
    if verdict is Verdict.FAIL:
        return f"{scenario.name} {_failing(facts, bad, counted)}"
    if verdict is Verdict.INCONCLUSIVE:
        if facts.interrupted:
            return f"{scenario.name} cannot be judged: the run was broken off ({facts.interrupted})"
        return f"{scenario.name} cannot be judged: {_limits(bad)}"
    if verdict is Verdict.WARN:
        under = " under this traffic" if facts.traffic else ""
        return f"{scenario.name} works{under}, with a warning: {_warning(bad, counted)}"
    accepted = len(
        {(f.hazard.name, f.relation) for f in findings if f.accepted is not None and f.level is not Level.NOTE}
    )
    return f"{scenario.name} is safe {_safe(facts, scenario, checks, accepted=accepted)}"


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
    if "held" in bad:
        return f"would keep writers out for {bad['held'].found}: {bad['held'].blame} held {bad['held'].note}"
    if errors:
        worst = min(errors, key=lambda finding: _rank(finding.hazard.name))
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        return f"{_LEADS.get(worst.hazard.name, _AT_SIZE)}: {worst.title}{more}"
    return _over_budget(next(iter(bad.values())))


def _over_budget(check: Check) -> str:
    if check.id == "p99":
        return f"would slow the application down: {check.label} {check.found}, limit {check.limit} ({check.note})"
    if check.id == "rollback_time":
        return f"takes too long to roll back: {check.found}, limit {check.limit}"
    if check.id == "duration":
        return f"takes too long: {check.found}, limit {check.limit}"
    blame = f" by {check.blame}" if check.blame else ""
    return f"exceeds a budget: {check.label} {check.found}{blame}, limit {check.limit}"


def _rank(hazard: str) -> int:
    """The worst first, as _LEADS lists them; those that only size makes bad last."""
    return list(_LEADS).index(hazard) if hazard in _LEADS else len(_LEADS)


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


def _safe(facts: Facts, scenario: Scenario, checks: Sequence[Check], *, accepted: int) -> str:
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
    if facts.migrate_span is not None and facts.migrate_span.duration_ns >= _LONG_NS and facts.traffic is not None:
        parts.insert(0, f"takes {format_duration(facts.migrate_span.duration_ns)}")
    if accepted:
        parts.append(f"{accepted} accepted hazard{'s' if accepted > 1 else ''}")
    return f"{under}: {', '.join(parts)}" if parts else under


def _seconds(ns: int) -> str:
    return f"{ns / 1e9:.1f} s" if ns >= 10**9 else format_duration(ns)
