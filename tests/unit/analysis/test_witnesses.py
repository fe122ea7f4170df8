"""The server's log and pg_locks about the same waits: merged, or at odds."""

from harness.analysis.analyse import analyse
from harness.analysis.facts import QualityNote
from harness.analysis.judge import judge
from harness.analysis.witnesses import SUBJECT, merged_waits
from harness.events.observation import WaitSeen
from harness.model.verdict import Verdict
from harness.model.words import Pass, Role
from tests.unit.analysis.histories import ALTER, MIGRATION_PID, MS, STRONG, Builder, busy


def seen(pid: int, start: float, until: float, *, mode: str = "AccessShareLock", target: str = "relation") -> WaitSeen:
    return WaitSeen(
        at_ns=int(until * MS), pass_=Pass.LOAD, pid=pid, role=Role.TRAFFIC, mode=mode, target=target,
        start_ns=int(start * MS), seen_ns=int(until * MS), error_ns=MS // 50, polls=9,
    )  # fmt: skip


def blocked() -> Builder:
    """S1 holds for a second, actor 0 waits 700 ms for it."""
    builder = busy().statement("S1", ALTER, end=10_002, commit=11_000).locks("S1", STRONG)
    return builder.wait(100, 10_300, 11_000, holders=(MIGRATION_PID,), queue=(100,), error=1)


def notes(builder: Builder) -> list[QualityNote]:
    return [note for note in analyse(builder.history()).quality if note.subject == SUBJECT]


class TestMerging:
    def test_polling_says_when_a_wait_began_and_the_log_how_long_it_was(self) -> None:
        (wait,) = merged_waits(blocked().add(seen(100, 10_300.4, 10_995)).history())
        assert (wait.start_ns, wait.waited_ns, wait.error_ns) == (10_300.4 * MS, 700 * MS, MS // 50)
        assert wait.end_ns == wait.start_ns + wait.waited_ns

    def test_another_wait_of_the_session_is_not_taken_for_it(self) -> None:
        for other in (
            seen(100, 10_100, 10_250),
            seen(100, 10_300.4, 10_995, target="tuple"),
            seen(101, 10_300, 10_995),
        ):
            (wait,) = merged_waits(blocked().add(other).history())
            assert wait.start_ns == 10_300 * MS


class TestContradictions:
    def test_two_witnesses_that_agree_are_no_note(self) -> None:
        assert notes(blocked().add(seen(100, 10_300.4, 10_999))) == []

    def test_a_wait_that_the_log_does_not_know_of(self) -> None:
        builder = blocked().add(seen(100, 10_300.4, 10_999)).add(seen(101, 10_300, 10_900))
        (note,) = notes(builder)
        assert note.inconclusive
        assert note.message == (
            "the server's log does not know of 1 wait that pg_locks showed: pid 101 for AccessShareLock (relation)"
        )
        history = builder.history(complete=False)
        assert judge(analyse(history), history.info.scenario).verdict is not Verdict.PASS

    def test_one_too_short_for_the_log_is_no_note(self) -> None:
        assert notes(blocked().add(seen(101, 10_300, 10_350))) == []

    def test_a_wait_seen_after_its_end(self) -> None:
        (note,) = notes(blocked().add(seen(100, 10_300.4, 11_040)))
        assert "pg_locks showed 1 wait going on after" in note.message
        assert note.message.endswith("pid 100 for AccessShareLock by 39.0 ms")

    def test_within_the_error_bars_is_no_note(self) -> None:
        assert notes(blocked().add(seen(100, 10_300.4, 11_002))) == []

    def test_an_end_that_the_log_only_infers_contradicts_nothing(self) -> None:
        builder = busy().statement("S1", ALTER, end=10_002, commit=11_000).locks("S1", STRONG)
        builder.wait(100, 10_300, 10_700, outcome="cancelled", holders=(MIGRATION_PID,), queue=(100,))
        assert notes(builder.add(seen(100, 10_300, 10_800))) == []

    def test_a_lock_held_that_the_trace_says_is_never_taken(self) -> None:
        builder = blocked().hold(MIGRATION_PID, 10_100, 10_900, relation="public.users")
        (note,) = notes(builder)
        assert note.message.endswith("AccessExclusiveLock on users")

    def test_the_traced_lock_and_weak_ones_are_no_note(self) -> None:
        builder = blocked().hold(MIGRATION_PID, 10_000, 11_000)
        assert notes(builder.hold(MIGRATION_PID, 10_000, 11_000, relation="public.users", mode="RowShareLock")) == []

    def test_a_weaker_mode_on_the_way_to_the_traced_one_is_no_note(self) -> None:
        assert notes(blocked().hold(MIGRATION_PID, 10_000, 11_000, mode="ShareLock")) == []

    def test_a_statement_that_was_not_traced_exactly_says_nothing_of_what_it_never_takes(self) -> None:
        builder = busy().statement("S1", ALTER, end=11_000)
        assert notes(builder.hold(MIGRATION_PID, 10_100, 10_900)) == []
