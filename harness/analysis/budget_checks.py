"""Checks of [budgets] that are exact: blocked, failed, held, rollback_time, duration, wal, disk."""

from collections.abc import Iterator

from harness.analysis.checks import check, format_limit, judged
from harness.analysis.facts import Facts, StatementFacts, TrafficFacts
from harness.analysis.generator_checks import UNSERVED, driven_otherwise
from harness.analysis.judgement import Check
from harness.analysis.locking import is_strong, mode_of
from harness.analysis.metric_checks import metric_check
from harness.analysis.names import short
from harness.analysis.noisy_checks import outage_check, p99_check
from harness.model.spans import merge_spans
from harness.model.sqlstate import CACHED_PLAN
from harness.model.units import format_bytes, format_duration, parse_duration, parse_ratio, parse_size
from harness.model.verdict import Verdict
from harness.model.words import Direction, Pass, PhaseKind
from harness.spec.scenario import Scenario


def budget_checks(facts: Facts, scenario: Scenario) -> Iterator[Check]:
    """The checks that this run can answer; those about traffic only where there was some."""
    if facts.traffic is not None:
        yield blocked_check(facts, scenario)
        yield outage_check(facts.traffic, scenario, facts=facts)
        yield p99_check(facts.traffic, scenario, facts=facts)
        yield failed_check(facts, facts.traffic, scenario)
        yield held_check(facts, scenario)
    if facts.rollback.duration_ns is not None:
        yield _time(
            "rollback_time", "time the way back takes", facts.rollback.duration_ns, scenario.budgets.rollback_time
        )
    if scenario.budgets.duration is not None and facts.migrate_span is not None:
        yield _time("duration", "time the migration takes", migrating_ns(facts), scenario.budgets.duration)
    if scenario.budgets.wal is not None:
        yield _size("wal", "WAL written going up", facts.wal_bytes, scenario.budgets.wal)
    if scenario.budgets.disk is not None:
        yield _size("disk", "growth of the database", facts.disk_growth_bytes, scenario.budgets.disk)
    for budget in scenario.budget:
        yield metric_check(budget, facts, scenario)


def blocked_check(facts: Facts, scenario: Scenario) -> Check:
    """The longest time an actor waited because of the migration."""
    limit = parse_duration(scenario.budgets.blocked)
    up, down = _worst_blocked(facts, Direction.UP), _worst_blocked(facts, Direction.DOWN)
    verdict, note = judged(up=_over(up, limit), down=_over(down, limit))
    shown = down if verdict is Verdict.WARN else up
    longest = shown.blocked_max_ns if shown else 0
    actors = f"{shown.blocked_actors} of {facts.traffic.actors} actors" if shown and facts.traffic else ""
    return check(
        "blocked",
        "longest time an actor was blocked",
        limit=format_limit(scenario.budgets.blocked),
        found=format_duration(longest) if longest else f"< {format_limit(scenario.postgres.deadlock_timeout)}",
        verdict=verdict,
        blame=shown.id if shown else "",
        note=", ".join(part for part in (actors, note) if part),
    )


def failed_check(facts: Facts, traffic: TrafficFacts, scenario: Scenario) -> Check:
    """Operations with an error that nobody expects, since the baseline.

    Those that nobody served are not laid at the migration's door where the traffic alone leaves some unserved. Where
    only statements prepared before fail, each connection's once, the check warns.
    """
    budget = scenario.budgets.failed
    offered = max(0, traffic.offered - traffic.baseline.count)
    allowed = parse_ratio(budget) * offered if isinstance(budget, str) else budget
    worst = max(facts.operations, key=lambda one: sum(one.failed.values()), default=None)
    states = worst.failed if worst else {}
    state = max(states, key=lambda s: states[s]) if states else ""
    over = traffic.failed > allowed
    served = sum(n for one in facts.operations for which, n in one.failed.items() if which not in UNSERVED)
    why = driven_otherwise(facts, traffic, scenario) if over and served <= allowed else ""
    once = sum(one.failed.get(CACHED_PLAN, 0) for one in facts.operations)
    short_of_it = Verdict.WARN if traffic.failed - once <= allowed else Verdict.FAIL
    verdict = Verdict.INCONCLUSIVE if why else short_of_it if over else Verdict.PASS
    if verdict is Verdict.WARN:
        why = "once a connection, until the statement is prepared anew"
    said = f"{states[state]:,} × {state} {worst.messages.get(state, '')}".strip() if worst and state else ""
    return check(
        "failed",
        "failed operations",
        limit=str(budget),
        found=f"{traffic.failed:,} of {offered:,}",
        verdict=verdict,
        blame=worst.name if worst and state else "",
        note="; ".join(part for part in (said, why) if part),
    )


def held_check(facts: Facts, scenario: Scenario) -> Check:
    """The longest hold of a lock that refuses writes, on a table that traffic uses."""
    limit = parse_duration(scenario.budgets.held)
    up, down = _worst_held(facts, Direction.UP), _worst_held(facts, Direction.DOWN)
    verdict, note = judged(up=up is not None and up[0] > limit, down=down is not None and down[0] > limit)
    shown = down if verdict is Verdict.WARN else up
    return check(
        "held",
        "longest lock that refuses writes, on a table in use",
        limit=format_limit(scenario.budgets.held),
        found=f"{format_duration(shown[0])} ± {format_duration(shown[1])}" if shown else "no such lock",
        verdict=verdict,
        blame=shown[2] if shown else "",
        note=", ".join(part for part in (shown[3] if shown else "", note) if part),
    )


def migrating_ns(facts: Facts) -> int:
    """Time the migration was under way: its phases, without what a rolling deploy waits between its steps."""
    phases = [p for p in facts.phases if p.pass_ is Pass.LOAD and p.phase is PhaseKind.MIGRATE]
    if len(phases) == 1:
        return phases[0].worked_ns
    spans = [s.transaction_span for s in facts.statements if s.direction is Direction.UP and s.duration_ns is not None]
    return sum(span.duration_ns for span in merge_spans(span for span in spans if span is not None))


def _worst_blocked(facts: Facts, direction: Direction) -> StatementFacts | None:
    mine = [s for s in facts.statements if s.direction is direction and s.blocked_max_ns]
    return max(mine, key=lambda one: one.blocked_max_ns, default=None)


def _over(statement: StatementFacts | None, limit: int) -> bool:
    return statement is not None and statement.blocked_max_ns > limit


def _worst_held(facts: Facts, direction: Direction) -> tuple[int, int, str, str] | None:
    """How long, ± what, by which statement, and the lock: of those held as long within their errors, the strongest."""
    held = [
        (lock.held_ns, lock, statement)
        for statement in facts.statements
        if statement.direction is direction
        for lock in statement.locks
        if is_strong(lock) and lock.used_by_traffic and lock.held_ns is not None
    ]
    if not held:
        return None
    longest_ns, longest, _ = max(held, key=lambda one: one[0])
    as_long = [one for one in held if one[0] + one[1].error_ns >= longest_ns - longest.error_ns]
    _, lock, statement = max(as_long, key=lambda one: (mode_of(one[1].mode) or 0, one[0]))
    return longest_ns, longest.error_ns, statement.id, f"{lock.mode} on {short(lock.relation)}"


def _time(id_: str, label: str, found: int, budget: str) -> Check:
    verdict = Verdict.FAIL if found > parse_duration(budget) else Verdict.PASS
    return check(id_, label, limit=format_limit(budget), found=format_duration(found), verdict=verdict)


def _size(id_: str, label: str, found: int | None, budget: str) -> Check:
    if found is None:
        return check(
            id_,
            label,
            limit=budget,
            found="not measured",
            verdict=Verdict.INCONCLUSIVE,
            note="the server was not sampled",
        )
    verdict = Verdict.FAIL if found > parse_size(budget) else Verdict.PASS
    return check(id_, label, limit=budget, found=format_bytes(found), verdict=verdict)
