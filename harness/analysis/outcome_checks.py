"""Checks of what must hold whatever the budgets say: applied, restored, acknowledged writes kept, invariants."""

from collections.abc import Iterator, Sequence

from harness.analysis.checks import check
from harness.analysis.facts import Facts
from harness.analysis.failures import up_failures
from harness.analysis.invariants import unanswered, unmet, violated
from harness.analysis.judgement import Check, Finding, Level
from harness.analysis.rollbacks import drift, losses
from harness.model.units import plural
from harness.model.verdict import Verdict
from harness.model.words import Direction
from harness.spec.scenario import Restore, Scenario

_ROLLBACK_WORDS = frozenset({"rollback_fails", "data_loss_on_rollback", "rollback_schema_drift"})


def outcome_checks(facts: Facts, scenario: Scenario, *, findings: Sequence[Finding]) -> Iterator[Check]:
    """The checks, in the order of a rehearsal; `findings` say what was accepted."""
    yield applied_check(facts)
    yield from rollback_checks(facts, scenario, findings=findings)
    if facts.rollback.ledger_acknowledged is not None:
        yield ledger_check(facts, findings=findings)
    if facts.invariants or scenario.invariant:
        yield invariant_check(facts, scenario, findings=findings)


def applied_check(facts: Facts) -> Check:
    """Whether every statement going up succeeded, quiet and under load."""
    label, limit = "migration applied", "every statement"
    up = [s for s in facts.statements if s.direction is Direction.UP]
    failures = up_failures(facts)
    if failures:
        first = failures[0]
        return check(
            "migration", label, limit=limit, found=f"{first.statement.id} failed with {first.sqlstate}",
            verdict=Verdict.FAIL, blame=first.statement.id, note=first.message,
        )  # fmt: skip
    if facts.up_failed_tool:
        note = facts.up_failed_tool.splitlines()[-1]
        return check("migration", label, limit=limit, found="the tool failed", verdict=Verdict.FAIL, note=note)
    if not up:
        remedy = "look at the steps: is there anything pending?"
        return check("migration", label, limit=limit, found="none ran", verdict=Verdict.INCONCLUSIVE, note=remedy)
    if facts.traffic is not None and not any(s.duration_ns is not None for s in up):
        remedy = "the migration was not run under traffic"
        return check("migration", label, limit=limit, found="not under load", verdict=Verdict.INCONCLUSIVE, note=remedy)
    return check("migration", label, limit=limit, found=f"{len(up)} of {len(up)}")


def rollback_checks(facts: Facts, scenario: Scenario, *, findings: Sequence[Finding]) -> Iterator[Check]:
    """Whether the way back restores what the scenario asks for; nothing where it asks for none."""
    restore = scenario.rollback.restore
    if not scenario.rollback.run or restore is Restore.NONE:
        return
    data = restore is Restore.SCHEMA_AND_DATA
    label = "rollback restores schema and rows" if data else "rollback restores the schema"
    limit = "no residue"
    if not facts.rollback_ran:
        failed = bool(up_failures(facts)) or bool(facts.up_failed_tool)
        verdict = Verdict.INCONCLUSIVE if failed else Verdict.WARN
        advice = 'give a way back, or say [rollback] restore = "none" with a reason'
        note = "the migration failed before it" if failed else advice
        yield check("rollback", label, limit=limit, found="not run", verdict=verdict, note=note)
        return
    problems = [f for f in findings if f.hazard.name in _ROLLBACK_WORDS and f.level is Level.ERROR]
    open_problems = [f for f in problems if f.accepted is None]
    if open_problems:
        worst, blame = open_problems[0], open_problems[0].statement
        yield check(
            "rollback", label, limit=limit, found=_residue(facts), verdict=Verdict.FAIL, blame=blame, note=worst.title
        )
    elif problems:
        reasons = "; ".join(dict.fromkeys(f.accepted or "" for f in problems))
        yield check("rollback", label, limit=limit, found=_residue(facts), note=f"accepted: {reasons}")
    elif not (facts.rollback.verified if data else facts.rollback.schema_compared):
        note = "schema and rows were not compared after the way back" if data else "the schema was not compared"
        yield check("rollback", label, limit=limit, found="not verified", verdict=Verdict.INCONCLUSIVE, note=note)
    else:
        order = facts.rollback.result == "column_order"
        yield check("rollback", label, limit=limit, found="column order" if order else "no residue")


def ledger_check(facts: Facts, *, findings: Sequence[Finding]) -> Check:
    """Whether every write that the application was told is committed is still there."""
    rollback = facts.rollback
    missing = sum(rollback.ledger_missing.values())
    accepted = [f.accepted for f in findings if f.hazard.name == "data_loss_on_rollback" and f.accepted]
    worst = max(rollback.ledger_missing, key=lambda name: rollback.ledger_missing[name], default="")
    return check(
        "ledger",
        "acknowledged writes kept",
        limit="all",
        found=f"{rollback.ledger_kept or 0:,} of {rollback.ledger_acknowledged or 0:,}",
        verdict=Verdict.FAIL if missing and not accepted else Verdict.PASS,
        blame=worst,
        note=f"accepted: {accepted[0]}" if missing and accepted else "",
    )


def invariant_check(facts: Facts, scenario: Scenario, *, findings: Sequence[Finding]) -> Check:
    """Whether every invariant held."""
    label, limit, broken = "invariants hold", "0 violations", list(violated(facts))
    accepted = [f.accepted for f in findings if f.hazard.name == "wrong_results" and f.accepted]
    if broken:
        total = sum(one.violations or 0 for one in broken)
        verdict = Verdict.PASS if accepted else Verdict.FAIL
        note = f"accepted: {accepted[0]}" if accepted else f"{broken[0].name} ({broken[0].moment})"
        return check("invariants", label, limit=limit, found=plural(total, "violation"), verdict=verdict, note=note)
    silent = unanswered(facts)
    if silent:
        note = f"the query of {silent[0].name!r} failed with {silent[0].sqlstate}"
        return check("invariants", label, limit=limit, found="no answer", verdict=Verdict.INCONCLUSIVE, note=note)
    unasked = {spec.name for spec in scenario.invariant} - {one.name for one in facts.invariants}
    if unasked and not up_failures(facts):
        note = f"{min(unasked)!r} was never asked: its `when` names no moment of this run"
        return check("invariants", label, limit=limit, found="not asked", verdict=Verdict.INCONCLUSIVE, note=note)
    still = list(unmet(facts))
    if still:
        total, (before, first) = sum(one.violations or 0 for _, one in still), still[0]
        note = f"{first.name}: {before:,} before the migration already"
        return check(
            "invariants", label, limit=limit, found=plural(total, "violation"), verdict=Verdict.WARN, note=note
        )
    return check("invariants", label, limit=limit, found="0 violations")


def _residue(facts: Facts) -> str:
    if facts.rollback.result == "fails":
        return "fails"
    lost, differs = losses(facts.rollback), drift(facts.rollback)
    parts = [f"{len(lost)} losses" if len(lost) > 1 else "1 loss"] if lost else []
    if differs:
        parts.append(f"{len(differs)} differences" if len(differs) > 1 else "1 difference")
    return ", ".join(parts) or facts.rollback.result
