"""The traffic's part of the view: the workload in words, errors and times in rows, the noise floor."""

from dataclasses import replace

import msgspec
import pytest

from harness.events.traffic import WorkloadDerived
from harness.report.terminal import render_terminal
from harness.report.view import View, build_view
from harness.report.view.status import Status
from harness.spec.scenario import (
    Arrival,
    BurstSpec,
    OperationSpec,
    PhaseSpec,
    Pooling,
    RampSpec,
    RetrySpec,
    Scenario,
    TrafficSpec,
)
from tests.unit.report import runs, samples
from tests.unit.report import traffic_samples as t

_FROM_LOG = (
    "3 operations rebuilt from the server's log, postgresql.json: they stand for 98.5% of 120,000 calls and "
    "90.0% of their time"
)


def rebuilt(view: View, *, traffic: TrafficSpec | None = None, **facts: object) -> View:
    scenario = Scenario(name="x", traffic=traffic or TrafficSpec(), phase=(PhaseSpec(name="big", rate=900),))
    return build_view(
        msgspec.structs.replace(view.info, scenario=scenario),
        replace(view.facts, **facts),  # type: ignore[arg-type]
        view.judgement,
    )


def said(view: View) -> dict[str, str]:
    assert view.workload is not None
    return dict(view.workload.facts)


def test_the_workload_in_words() -> None:
    spec = TrafficSpec(
        arrival=Arrival.UNIFORM,
        burst=(BurstSpec(rate=500, every="20s", duration="2s"),),
        ramp=(RampSpec(at="10s", rate=300),),
        pooling=Pooling.TRANSACTION,
        server_connections=4,
        max_waiters=50,
        connect_cost="5ms",
        settings={"lock_timeout": "2s"},
        retry=RetrySpec(),
        operation=(OperationSpec(name="a", sql="SELECT 1"),),
    )
    facts = said(rebuilt(runs.failing(), traffic=spec, workload=()))
    assert facts["Operations"] == "1 written in the scenario"
    assert facts["Arrivals"] == (
        "open loop, uniform, 200/s, bursts of 500/s for 2s every 20s, ramp to 300/s by 10s, 900/s from phase 'big'"
    )
    assert facts["Pool"] == (
        "16 actors, transaction pooling, 4 server connections, checkout within 5s, at most 50 waiting, "
        "a connection costs 5ms"
    )
    assert facts["Retries"] == "17 operations executed more than once, 17 of them made good"
    assert facts["Settings of the role"] == "lock_timeout = 2s"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (
            t.derived(),
            _FROM_LOG,
        ),
        (
            msgspec.structs.replace(t.derived(), source="auto", name="", calls=0),
            "3 operations derived from the catalog",
        ),
        (
            msgspec.structs.replace(t.derived(), source="from_statements", name="s.csv", time_ns=0),
            "3 operations from pg_stat_statements, s.csv: they stand for 98.5% of 120,000 calls",
        ),
    ],
)
def test_where_operations_came_from(source: WorkloadDerived, words: str) -> None:
    assert said(rebuilt(runs.failing(), workload=(source,)))["Operations"] == words


def test_without_traffic_there_is_no_workload() -> None:
    view = runs.inconclusive()
    assert (view.workload, view.times, view.errors) == (None, (), ())


def test_realism_says_what_is_far_from_its_source() -> None:
    workload = runs.failing().workload
    assert workload is not None
    assert [row.status for row in workload.realism] == [Status.OK, Status.NOTE]
    assert [row.found_time for row in workload.realism] == ["0.28 ms", "–"]


def test_response_time_comes_first_and_parts_are_told_apart() -> None:
    row = next(row for row in runs.failing().times if row.window == "migrating")
    assert (row.operation, row.p99, row.waited_p99, row.served_p99) == (
        "all operations", "1,491 ms", "1,482 ms", "1,390 ms",
    )  # fmt: skip
    top = runs.failing().numbers[1]
    assert (top.value, top.detail) == ("481 ×", "3.1 ms → 1,491 ms · 301 of 901 slow")


def test_runs_of_before_have_no_parts() -> None:
    assert runs.nasty().times == ()


def test_the_noise_floor_in_words() -> None:
    view = runs.failing()
    assert view.facts.traffic is not None
    noise = view.facts.traffic.noise
    assert noise is not None
    measured = replace(view.facts.traffic, noise=replace(noise, calibrated=True))
    both = build_view(view.info, replace(view.facts, traffic=measured), view.judgement).trust.noise
    assert dict(both)["How"] == "estimated from 40 blocks of the baseline, and measured in an A/A window"
    alone = replace(view.facts.traffic, noise=replace(noise, calibrated=True, blocks=0))
    only = build_view(view.info, replace(view.facts, traffic=alone), view.judgement).trust.noise
    assert dict(only)["How"] == "one A/A window"
    none = build_view(view.info, replace(view.facts, traffic=replace(alone, noise=None)), view.judgement)
    assert "noise floor not known" in render_terminal(none)


def test_many_errors_are_cut_on_a_terminal() -> None:
    view = runs.failing()
    many = tuple(t.error(f"op {i}", "42703", "schema", seen=1) for i in range(12))
    text = render_terminal(build_view(view.info, replace(view.facts, errors=many), view.judgement))
    assert "42703 schema incompatibility: op 7" in text
    assert "op 8" not in text
    assert "and 4 more, in the report" in text


def test_samples_are_whole() -> None:
    assert samples.ZERO == t.ZERO
