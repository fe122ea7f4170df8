"""How the experiments of the probes are told: in the phase table, in rehearsal.json, in the page."""

from typing import Any

from harness.analysis.analyse import analyse
from harness.analysis.judge import judge
from harness.events.probes import DeadlockProbed, QueueProbed
from harness.model.words import Pass, PhaseKind
from harness.report.html.sections import queue
from harness.report.probes_json import probes
from harness.report.view import View, build_view
from harness.report.view.status import Status
from tests.unit.analysis.histories import MS, Builder, busy


def _probed(builder: Builder, relation: str, **more: Any) -> Builder:
    values: dict[str, Any] = {
        "statement": "S1", "mode": "AccessExclusiveLock", "antagonist": "reader", "outcome": "waiting",
        "waited_ns": 2_601 * MS, "waits": 1, "waited_for": "relation", "reads_queued": True,
        "reads_queued_ns": 2_570 * MS, "writes_queued": True, "writes_queued_ns": 2_560 * MS, **more,
    }  # fmt: skip
    return builder.add(QueueProbed(at_ns=1, pass_=Pass.PROBE, relation=relation, **values))


def _deadlocks(builder: Builder, **more: Any) -> Builder:
    values: dict[str, Any] = {
        "loopers": 4, "rounds": 2, "transactions": (("S1", "S2"),), "executed": 900, "blocked": 8, "deadlocks": (),
        **more,
    }  # fmt: skip
    return builder.add(DeadlockProbed(at_ns=1, pass_=Pass.PROBE, **values))


def _view(builder: Builder) -> View:
    history = builder.history()
    facts = analyse(history)
    return build_view(history.info, facts, judge(facts, history.info.scenario))


def _bounded(builder: Builder, relation: str) -> Builder:
    return _probed(
        builder, relation, statement="S2", outcome="cancelled", sqlstate="55P03", waited_ns=2_003 * MS,
        reads_queued=False, reads_queued_ns=None, antagonist="writer", mode="ShareLock",
    )  # fmt: skip


def test_a_wait_without_end_is_what_the_phase_says() -> None:
    builder = busy().phase(PhaseKind.QUEUE, 1_000, 6_000, pass_=Pass.PROBE)
    row = next(
        r for r in _view(_probed(_bounded(builder, "public.items"), "public.orders")).phases if r.name == "queue"
    )
    assert (row.what, row.status, row.duration) == ("2 tables", Status.FAIL, "5.0 s")
    assert row.note == "S1 waits on orders without bound"


def test_a_bounded_wait_is_told_with_its_length() -> None:
    row = next(r for r in _view(_bounded(busy(), "public.items")).phases if r.name == "queue")
    assert (row.status, row.note) == (Status.OK, "S2 gives up after 2,003 ms")


def test_the_page_has_a_row_an_experiment() -> None:
    html = str(queue.render(_view(_bounded(_probed(busy(), "public.orders"), "public.items"))))
    for text in ("still waiting", "cancelled (55P03)", "queued 2,570 ms", "AccessExclusive", ">passed<"):
        assert text in html
    assert str(queue.render(_view(busy()))) == ""


def test_the_deadlock_probe_is_told_where_it_ran() -> None:
    names = {row.name: row for row in _view(_deadlocks(busy())).phases}
    assert (names["deadlock"].what, names["deadlock"].note) == (
        "1 transaction against 4 looping sessions",
        "no deadlock",
    )
    skipped = _view(_deadlocks(busy(), skipped="no application", transactions=()))
    assert "deadlock" not in {row.name for row in skipped.phases}
    assert probes(skipped.facts).deadlock is not None


def test_the_json_has_milliseconds_and_null_for_what_was_not_measured() -> None:
    (one,) = probes(_view(_bounded(busy(), "public.items")).facts).queue
    assert (one.waited_ms, one.sqlstate, one.reads_queued_ms, one.reads_queued) == (2003.0, "55P03", None, False)
