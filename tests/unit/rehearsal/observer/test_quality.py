"""What the observer says against itself."""

from harness.model.units import NS_PER_MS
from harness.model.words import Pass
from harness.rehearsal.observer.lock_poll import PollMeasure
from harness.rehearsal.observer.quality import quality_notes


def notes_of(
    measure: PollMeasure, *, pass_: Pass = Pass.LOAD, complete: bool = True, bad: int = 0, tool: bool = False
) -> list[bool]:
    notes = quality_notes(
        measure,
        at_ns=0,
        pass_=pass_,
        interval_ns=20 * NS_PER_MS,
        holds_are_polled=tool,
        log_complete=complete,
        log_lost="",
        undecodable=bad,
    )
    return [note.inconclusive for note in notes]


def test_a_regular_witness_has_nothing_to_say() -> None:
    assert notes_of(PollMeasure(polls=100, gap_ns_max=3000 * NS_PER_MS, gap_migration_ns_max=199 * NS_PER_MS)) == []


def test_starved_while_the_migration_ran() -> None:
    gap = PollMeasure(gap_migration_ns_max=201 * NS_PER_MS)
    assert notes_of(gap) == [False]
    assert notes_of(gap, tool=True) == [True]


def test_an_incomplete_or_unreadable_log() -> None:
    assert notes_of(PollMeasure(), complete=False, bad=2) == [True, True]


def test_a_server_that_was_away_counts_in_the_load_pass() -> None:
    assert notes_of(PollMeasure(away_ns=NS_PER_MS)) == [True]
    assert notes_of(PollMeasure(away_ns=NS_PER_MS), pass_=Pass.DRILL) == [False]
