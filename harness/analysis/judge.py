"""From facts to a judgement: checks, findings, verdict, sentence."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeVar

from harness.analysis.accepts import accept, acceptances
from harness.analysis.alike import fold_alike
from harness.analysis.budget_checks import budget_checks
from harness.analysis.checks import check
from harness.analysis.facts import Facts
from harness.analysis.hazards.registry import RULES, Rule
from harness.analysis.judgement import Check, Finding, Judgement, Level
from harness.analysis.not_proven import not_proven
from harness.analysis.outcome_checks import outcome_checks
from harness.analysis.quality_checks import quality_checks
from harness.analysis.sentence import sentence_of
from harness.model.verdict import Verdict
from harness.spec.scenario import Scenario

T = TypeVar("T")
_LEVELS = {Level.ERROR: 0, Level.WARNING: 1, Level.NOTE: 2}
_WEIGHT = {Level.ERROR: Verdict.FAIL, Level.WARNING: Verdict.WARN, Level.NOTE: Verdict.PASS}


def judge(facts: Facts, scenario: Scenario, *, rules: Sequence[Rule] = RULES) -> Judgement:
    """The whole judgement; a rule or a check that crashes makes the run inconclusive, never passed."""
    crashed: list[Check] = []
    found = [f for rule in rules for f in _guarded(rule.hazard.name, partial(rule.find, facts, scenario), crashed)]
    marked, unused = accept(found, acceptances(facts, scenario))
    findings = fold_alike(sorted(marked, key=lambda f: (f.accepted is not None, _LEVELS[f.level])))
    trust = _guarded("quality", partial(quality_checks, facts, scenario), crashed)
    checks = [
        *_guarded("budgets", partial(budget_checks, facts, scenario), crashed),
        *_guarded("outcome", partial(outcome_checks, facts, scenario, findings=findings), crashed),
        *(one for one in trust if one.verdict is not Verdict.PASS),
    ]
    every = (*checks, *crashed)
    verdict = _verdict(facts, every, findings)
    return Judgement(
        verdict=verdict,
        sentence=sentence_of(verdict, facts, scenario, checks=every, findings=findings),
        checks=every,
        findings=findings,
        not_proven=not_proven(facts, scenario),
        unused_accepts=unused,
        trust=tuple(trust),
    )


def _verdict(facts: Facts, checks: Sequence[Check], findings: Sequence[Finding]) -> Verdict:
    """The worst of all; an interrupted run proves neither: its cancelled statements are not failures."""
    if facts.interrupted or not facts.complete:
        return Verdict.INCONCLUSIVE
    weights = [_WEIGHT[finding.level] for finding in findings if finding.accepted is None]
    return Verdict.merge([*(check.verdict for check in checks), *weights])


def _guarded(name: str, run: Callable[[], Iterator[T]], crashed: list[Check]) -> list[T]:
    """What `run` yields; where it raises, what it yielded before, and an inconclusive check in `crashed`."""
    found: list[T] = []
    try:
        for item in run():
            found.append(item)  # noqa: PERF402 - keeps what came before a crash
    except Exception as error:  # noqa: BLE001 - whatever a rule does wrong must not look like a pass
        crashed.append(
            check(
                f"rule:{name}",
                f"rule {name} ran",
                limit="to its end",
                found=f"crashed: {type(error).__name__}",
                verdict=Verdict.INCONCLUSIVE,
                note=f"{error} (a defect of the harness: please report it)",
            )
        )
    return found
