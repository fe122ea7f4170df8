"""The second opinion: confirmed, not seen here, measured but not predicted; rules of style apart."""

import pytest

from harness.analysis.analyse import analyse
from harness.analysis.hazards.registry import hazards
from harness.analysis.judge import judge
from harness.analysis.opinions import SecondOpinion, second_opinion
from harness.analysis.squawk_rules import RULES, predicted
from harness.events.opinion import OpinionGiven, Remark
from harness.report.view.opinion import opinion_view
from tests.unit.analysis.histories import Builder, busy

INDEX = "CREATE INDEX orders_a ON orders (a)"

# Words of the vocabulary that other rules of this project will find.
_WORDS = {hazard.name for hazard in hazards()} | {"query_plan_regression", "silent_noop"}


def remark(rule: str, line: int = 1) -> Remark:
    return Remark(rule=rule, level="warning", file="up.sql", line=line, message=f"{rule} says so")


def build() -> Builder:
    builder = (
        busy().statement("S1", INDEX, tag="CREATE INDEX", autocommit=True).locks("S1", ("public.orders", "ShareLock"))
    )
    return builder.work("S1", "public.orders", rows_scanned=20_000)


def given(*remarks: Remark, outcome: str = "given") -> OpinionGiven:
    return OpinionGiven(at_ns=1, tool="squawk", version="2.70.0", outcome=outcome, remarks=remarks, detail="no JSON")


def told(builder: Builder) -> tuple[SecondOpinion | None, str]:
    history = builder.history()
    facts = analyse(history)
    judgement = judge(facts, history.info.scenario)
    view = opinion_view(facts, judgement)
    return second_opinion(facts, judgement.findings), view.sentence if view else ""


def test_predictions_are_told_apart() -> None:
    rules = ("require-concurrent-index-creation", "renaming-column", "prefer-robust-stmts", "of-tomorrow")
    found, sentence = told(build().add(given(*map(remark, rules))))
    assert found is not None
    assert [one.hazards for one in found.confirmed] == [("blocks_writes", "full_scan_under_lock")]
    assert found.confirmed[0].statement == "S1"
    assert [one.remark.rule for one in found.not_seen] == ["renaming-column"]
    assert [one.remark.rule for one in found.style] == ["prefer-robust-stmts", "of-tomorrow"]
    assert {f.hazard.name for f in found.not_predicted} == {"lock_queue", "missing_lock_timeout"}
    assert sentence == ("squawk 2.70.0: 1 confirmed, 1 not seen here, 2 measured but not predicted; 2 remarks of style")


def test_a_remark_before_every_statement_is_not_confirmed_by_one_of_them() -> None:
    found, _ = told(build().add(given(remark("require-concurrent-index-creation", line=0))))
    assert found is not None
    assert not found.confirmed


@pytest.mark.parametrize(
    ("outcome", "sentence"),
    [
        ("missing", "no second opinion: squawk is not installed"),
        ("failed", "no second opinion: squawk failed (no JSON)"),
    ],
)
def test_no_opinion_says_why_in_one_line(outcome: str, sentence: str) -> None:
    found, said = told(build().add(given(outcome=outcome)))
    assert said == sentence
    assert found is not None
    assert not found.not_predicted


def test_nobody_was_asked() -> None:
    assert told(build()) == (None, "")


@pytest.mark.parametrize("rule", sorted(RULES))
def test_every_rule_is_mapped_to_known_words_with_a_reason(rule: str) -> None:
    words, reason = RULES[rule]
    assert set(words) <= _WORDS
    assert reason
    assert predicted(rule) == set(words)
