"""Checks of [budgets]: blocked, outage, p99, failed, held, rollback_time, duration, wal, disk."""

from collections.abc import Iterator

from harness.analysis.checks import check, judged
from harness.analysis.facts import Facts, LatencyFacts, StatementFacts, TrafficFacts
from harness.analysis.judgement import Check
from harness.analysis.locking import is_strong
from harness.analysis.names import short
from harness.model.spans import Span, merge_spans
from harness.model.units import NS_PER_MS, format_bytes, format_duration, parse_duration, parse_ratio, parse_size
from harness.model.verdict import Verdict
from harness.model.words import Direction, Pass, PhaseKind
from harness.spec.scenario import Scenario

ENOUGH_OPERATIONS = 100
"""Operations a p99 needs so that it is not the maximum: below 100 the 99th percentile is the slowest one."""
P99_FLOOR_NS = 10 * NS_PER_MS
"""A p99 below this never fails a ratio.

It is the default deadlock_timeout of a rehearsal: shorter waits for locks are not in the server's log, so a slower p99
below it could not be attributed to the migration; and ten times a p99 of 0.4 ms is a scheduler's hiccup.
"""


def budget_checks(facts: Facts, scenario: Scenario) -> Iterator[Check]:
    """The checks that this run can answer; those about traffic only where there was some."""
    if facts.traffic is not None:
        yield blocked_check(facts, scenario)
        yield outage_check(facts.traffic, scenario, facts=facts)
        yield p99_check(facts.traffic, scenario)
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
    if verdict is not Verdict.PASS and span is not None and not _explained(span, facts):
        verdict, note = (
            Verdict.INCONCLUSIVE,
            f"no statement was running at {facts.moment(span.start_ns)}: rehearse again",
        )
    return check(
        "outage",
        "longest time without an answer while operations were due",
        limit=format_limit(scenario.budgets.outage),
        found=format_duration(traffic.outage_rollback_ns if only_down else traffic.outage_ns),
        verdict=verdict,
        note=note or (f"from {facts.moment(span.start_ns)} to {facts.moment(span.end_ns)}" if span and up else ""),
    )


def _explained(outage: Span, facts: Facts) -> bool:
    """Whether a statement of the migration, or a wait that it caused, was under way at some time of the outage."""
    spans = [statement.transaction_span or statement.span for statement in facts.statements]
    spans += [wait.span for statement in facts.statements for wait in statement.blocked]
    return any(span is not None and span.overlap(outage) is not None for span in spans)


def p99_check(traffic: TrafficFacts, scenario: Scenario) -> Check:
    """p99 while migrating: against the baseline ("10x") or absolute ("250ms")."""
    limit, label = scenario.budgets.p99, "p99 while migrating"
    window, note = _p99_window(traffic)
    base = traffic.baseline.p99_ns
    if window is None or window.p99_ns is None:
        return check("p99", label, limit=limit, found="not measured", note=note)
    if not limit.rstrip().endswith(("x", "%")):
        over = window.p99_ns > parse_duration(limit)
        verdict = Verdict.FAIL if over else Verdict.PASS
        return check(
            "p99", label, limit=format_limit(limit), found=format_duration(window.p99_ns), verdict=verdict, note=note
        )
    label = "p99 while migrating / baseline"
    if not base:
        return check("p99", label, limit=limit, found="not measured", note="the baseline has no operations")
    ratio = parse_ratio(limit)
    noise = traffic.noise_p99[1] if traffic.noise_p99 else base
    over = window.p99_ns > max(ratio * base, noise, P99_FLOOR_NS)
    shown = f"{format_duration(base)} → {format_duration(window.p99_ns)}"
    return check(
        "p99",
        label,
        limit=f"{ratio:g} ×",
        found=_times(window.p99_ns / base),
        verdict=Verdict.FAIL if over else Verdict.PASS,
        note=", ".join(part for part in (shown, note) if part),
    )


def failed_check(facts: Facts, traffic: TrafficFacts, scenario: Scenario) -> Check:
    """Operations with an error that nobody expects, since the baseline."""
    budget = scenario.budgets.failed
    offered = max(0, traffic.offered - traffic.baseline.count)
    allowed = parse_ratio(budget) * offered if isinstance(budget, str) else budget
    worst = max(facts.operations, key=lambda one: sum(one.failed.values()), default=None)
    states = worst.failed if worst else {}
    state = max(states, key=lambda s: states[s]) if states else ""
    over = traffic.failed > allowed
    return check(
        "failed",
        "failed operations",
        limit=str(budget),
        found=f"{traffic.failed:,} of {offered:,}",
        verdict=Verdict.FAIL if over else Verdict.PASS,
        blame=worst.name if worst and state else "",
        note=f"{states[state]:,} × {state} {worst.messages.get(state, '')}".strip() if worst and state else "",
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
    phases = [p.span for p in facts.phases if p.pass_ is Pass.LOAD and p.phase is PhaseKind.MIGRATE]
    if len(phases) == 1:
        return phases[0].duration_ns
    spans = [s.transaction_span for s in facts.statements if s.direction is Direction.UP and s.duration_ns is not None]
    return sum(span.duration_ns for span in merge_spans(span for span in spans if span is not None))


def format_limit(text: str) -> str:
    """A duration limit as the author wrote it, with the space that people expect.

    >>> format_limit("500ms"), format_limit("2s")
    ('500 ms', '2 s')
    """
    digits = text.strip().rstrip("abcdefghijklmnopqrstuvwxyzµ ")
    return f"{digits} {text.strip()[len(digits) :].strip()}".strip()


def _worst_blocked(facts: Facts, direction: Direction) -> StatementFacts | None:
    mine = [s for s in facts.statements if s.direction is direction and s.blocked_max_ns]
    return max(mine, key=lambda one: one.blocked_max_ns, default=None)


def _over(statement: StatementFacts | None, limit: int) -> bool:
    return statement is not None and statement.blocked_max_ns > limit


def _worst_held(facts: Facts, direction: Direction) -> tuple[int, int, str, str] | None:
    held = [
        (lock.held_ns, lock.error_ns, statement.id, f"{lock.mode} on {short(lock.relation)}")
        for statement in facts.statements
        if statement.direction is direction
        for lock in statement.locks
        if is_strong(lock) and lock.used_by_traffic and lock.held_ns is not None
    ]
    return max(held, default=None)


def _p99_window(traffic: TrafficFacts) -> tuple[LatencyFacts | None, str]:
    if traffic.migrate.count >= ENOUGH_OPERATIONS:
        return traffic.migrate, ""
    wider = traffic.migrate_and_settle
    if wider is not None and wider.count >= ENOUGH_OPERATIONS:
        return wider, "with the settle after it"
    count = max(traffic.migrate.count, wider.count if wider else 0)
    return None, f"only {count} operations fell due, {ENOUGH_OPERATIONS} are needed: lengthen traffic.settle"


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


def _times(ratio: float) -> str:
    return f"{ratio:,.0f} ×" if ratio >= 10 else f"{ratio:.1f} ×"
