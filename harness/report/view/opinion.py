"""The second opinion for every format."""

from harness.analysis.facts import Facts
from harness.analysis.judgement import Judgement
from harness.analysis.opinions import Prediction, SecondOpinion, second_opinion
from harness.model.units import plural
from harness.report.view.model import OpinionRow, OpinionView
from harness.report.words import one_line

CONFIRMED, NOT_SEEN, NOT_PREDICTED, STYLE = "confirmed", "not seen here", "measured, not predicted", "style"


def opinion_view(facts: Facts, judgement: Judgement) -> OpinionView | None:
    """None where nobody was asked."""
    found = second_opinion(facts, judgement.findings)
    if found is None:
        return None
    missed = [
        OpinionRow(word=NOT_PREDICTED, rule=f.hazard.name, statement=f.statement, text=one_line(f.title))
        for f in found.not_predicted
    ]
    rows = (
        *(_row(CONFIRMED, one) for one in found.confirmed),
        *missed,
        *(_row(NOT_SEEN, one) for one in found.not_seen),
        *(_row(STYLE, one) for one in found.style),
    )
    return OpinionView(sentence=_sentence(found), rows=rows)


def _row(word: str, one: Prediction) -> OpinionRow:
    seen = f" → {', '.join(one.hazards)}" if one.hazards else ""
    return OpinionRow(
        word=word, rule=one.remark.rule, statement=one.statement, text=f"{one_line(one.remark.message)}{seen}"
    )


def _sentence(found: SecondOpinion) -> str:
    if found.outcome == "missing":
        return f"no second opinion: {found.tool} is not installed"
    if found.outcome != "given":
        return f"no second opinion: {found.tool} failed ({found.detail})"
    tool = f"{found.tool} {found.version}".strip()
    parts = [
        f"{len(found.confirmed)} confirmed",
        f"{len(found.not_seen)} not seen here",
        f"{len(found.not_predicted)} measured but not predicted",
    ]
    style = f"; {plural(len(found.style), 'remark')} of style" if found.style else ""
    return f"{tool}: {', '.join(parts)}{style}"
