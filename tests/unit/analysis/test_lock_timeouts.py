"""Chance, attempts, stall and recommendation from attempts that were made."""

import msgspec
import pytest

from harness.analysis.lock_timeouts import LockTimeoutFacts, lock_timeouts_of, recommended, wilson
from harness.events.probes import LockTimeoutTried
from harness.model.words import Pass
from harness.report.timeouts import Document, TimeoutTable, render_json, render_markdown, render_text
from tests.unit.analysis.histories import MS, Builder, busy


def tried(builder: Builder, value: int, *states: str, at: float = 20_000, took: float = 100) -> Builder:
    """One attempt a state, a second apart."""
    for number, state in enumerate(states, start=1):
        start = at + number * 1_000
        builder.add(
            LockTimeoutTried(
                at_ns=int((start + took) * MS),
                pass_=Pass.LOAD,
                statements=("S1",),
                lock_timeout_ms=value,
                attempt=number,
                start_ns=int(start * MS),
                sqlstate=state,
            )
        )
    return builder


def facts(builder: Builder) -> tuple[LockTimeoutFacts, ...]:
    return lock_timeouts_of(builder.history())


def table(builder: Builder, *, allowed: int = 11) -> TimeoutTable:
    return TimeoutTable(facts=facts(builder), allowed=allowed, pause_ns=500 * MS, run="reports/x")


def mixed() -> Builder:
    builder = tried(Builder(), 1_000, "", "", "", "", at=40_000, took=300)
    tried(builder, 100, "55P03", "", "55P03", "", took=100)
    tried(builder, 20, "55P03", "55P03", "55P03", "55P03", at=60_000, took=20)
    builder.operation(0, "look")
    builder.run(21_000, 21_001, service=100).run(41_050, 41_051, service=300)
    return builder.run(70_000, 70_001, service=9_000)


def test_each_value_has_its_chance_and_what_follows_from_it() -> None:
    never, half, always = facts(mixed())
    assert [one.lock_timeout_ms for one in (never, half, always)] == [20, 100, 1_000]
    assert (half.successes, half.attempts, half.needed, half.failed) == (2, 4, 7, {"55P03": 2})
    assert (always.needed, never.needed, never.time_ns(pause_ns=MS)) == (1, None, None)
    assert half.time_ns(pause_ns=500 * MS) == (7 * 100 + 6 * 500) * MS
    assert half.low < 0.5 < half.high


def test_the_stall_is_that_of_operations_that_an_attempt_met() -> None:
    never, half, always = facts(mixed())
    assert (half.stall_ns, always.stall_ns, never.stall_ns) == (100 * MS, 300 * MS, None)


def test_the_smallest_stall_that_gets_through_is_recommended() -> None:
    found = facts(mixed())
    assert [one.lock_timeout_ms for one in found if one is recommended(found, allowed=7)] == [100]
    assert [one.lock_timeout_ms for one in found if one is recommended(found, allowed=6)] == [1_000]
    assert recommended(found[:1], allowed=100) is None


@pytest.mark.parametrize(("successes", "low", "high"), [(0, 0.0, 0.278), (5, 0.237, 0.763), (10, 0.722, 1.0)])
def test_the_interval_is_wilsons(successes: int, low: float, high: float) -> None:
    # Figures of the formula worked out by hand for ten attempts.
    assert wilson(successes, 10) == pytest.approx((low, high), abs=0.001)


def test_every_form_says_the_same() -> None:
    text, markdown = render_text(table(mixed())), render_markdown(table(mixed()))
    for shown in (text, markdown):
        assert "Recommended: lock_timeout = '100ms', retries = 6: 2 of 4 attempts got through" in shown
        assert "never" in shown
    document = msgspec.json.decode(render_json(table(mixed())), type=Document)
    assert document.transactions[0].recommended_ms == 100
    assert [value.stall_ms for value in document.transactions[0].values] == [None, 100.0, 300.0]


def test_what_cannot_be_said_is_said() -> None:
    assert "No value gets through within 2 attempts" in render_text(
        table(tried(Builder(), 20, "55P03", "55P03"), allowed=2)
    )
    assert "nothing was in the way" in render_text(table(tried(busy(), 20, "", "")))
    assert "Nothing to measure" in render_text(table(Builder()))
