"""Findings of one statement on many relations become one."""

from dataclasses import replace

import pytest

from harness.analysis.alike import MOST_ALIKE, fold_alike
from harness.analysis.findings import finding
from harness.analysis.hazards.blocks_writes import HAZARD as BLOCKS_WRITES
from harness.analysis.hazards.long_access_exclusive import HAZARD
from harness.analysis.judgement import Finding, Level


def on(number: int, *, statement: str = "S1", level: Level = Level.WARNING) -> Finding:
    """A finding at a statement on the partition `number`."""
    relation = f"public.events_{number}"
    one = finding(
        HAZARD, level, title=f"{statement} holds events_{number}", evidence=("held 2 s",), remedy="", relation=relation
    )
    return replace(one, statement=statement)


def test_few_stay_apart() -> None:
    few = [on(n) for n in range(MOST_ALIKE)]
    assert fold_alike(few) == tuple(few)


def test_many_become_one_that_names_them_and_counts_every_one() -> None:
    many = [on(n) for n in range(300)]
    (one,) = fold_alike(many)
    assert one.title == "S1 holds events_0, and the same on 299 more relations"
    assert one.evidence[0] == "held 2 s"
    assert one.evidence[1].startswith("the same on 299 more relations: events_1, events_2, ")
    assert one.evidence[1].endswith("events_10, …")
    assert (one.fingerprint, one.relation) == (many[0].fingerprint, many[0].relation)


@pytest.mark.parametrize(
    "other",
    [
        on(9, statement="S2"),
        on(9, level=Level.ERROR),
        replace(on(9), accepted="known"),
        replace(on(9), hazard=BLOCKS_WRITES),
        replace(on(9), statement=""),
        replace(on(9), relation=""),
    ],
)
def test_what_differs_in_more_than_the_relation_stays_apart(other: Finding) -> None:
    folded = fold_alike([*(on(n) for n in range(9)), other])
    assert len(folded) == 2
    assert folded[1] == other


def test_one_relation_is_not_counted_twice() -> None:
    twice = [on(n) for n in range(3)] * 3
    assert fold_alike(twice) == tuple(twice)
