"""The second opinion against the measurement: confirmed, not seen here, measured but not predicted."""

from collections.abc import Sequence
from dataclasses import dataclass

from harness.analysis.facts import Facts, StatementFacts
from harness.analysis.judgement import Finding, Level
from harness.analysis.squawk_rules import predicted
from harness.events.opinion import Remark
from harness.model.words import Direction


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """A remark, the statement it is about ("" where none starts before it), and the hazards that were measured."""

    remark: Remark
    statement: str
    hazards: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondOpinion:
    """A linter's remarks, told apart; `outcome` is given, missing or failed. `style` predicts nothing measurable."""

    tool: str
    version: str
    outcome: str
    detail: str
    confirmed: tuple[Prediction, ...]
    not_seen: tuple[Prediction, ...]
    style: tuple[Prediction, ...]
    not_predicted: tuple[Finding, ...]


def second_opinion(facts: Facts, findings: Sequence[Finding]) -> SecondOpinion | None:
    """None where nobody was asked: a tool's own process applies its files, or the run is older."""
    given = facts.opinion
    if given is None:
        return None
    up = [finding for finding in findings if finding.direction is Direction.UP]
    confirmed: list[Prediction] = []
    not_seen: list[Prediction] = []
    style: list[Prediction] = []
    for remark in given.remarks:
        statement, words = _statement(facts, remark), predicted(remark.rule)
        here = [f for f in up if f.statement in ("", statement) and f.hazard.name in words]
        one = Prediction(remark=remark, statement=statement, hazards=tuple(dict.fromkeys(f.hazard.name for f in here)))
        (style if not words else confirmed if here else not_seen).append(one)
    told = {(one.statement, hazard) for one in confirmed for hazard in one.hazards}
    missed = [f for f in up if f.level is not Level.NOTE and (f.statement, f.hazard.name) not in told]
    return SecondOpinion(
        tool=given.tool,
        version=given.version,
        outcome=given.outcome,
        detail=given.detail,
        confirmed=tuple(confirmed),
        not_seen=tuple(not_seen),
        style=tuple(style),
        not_predicted=tuple(missed) if given.outcome == "given" else (),
    )


def _statement(facts: Facts, remark: Remark) -> str:
    """The last statement that begins at or before the remark's line in its file."""
    mine = [s for s in facts.statements if s.direction is Direction.UP and s.file == remark.file]
    before: list[StatementFacts] = [s for s in mine if s.line <= remark.line]
    return max(before, key=lambda s: (s.line, s.column)).id if before else ""
