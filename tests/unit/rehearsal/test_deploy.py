"""The stages of a deploy, with and without phases."""

from pathlib import Path

from harness.rehearsal.deploy import plan_deploy
from harness.spec.scenario import OperationSpec, PhaseSpec, Scenario, TrafficSpec
from harness.spec.workload import Workload, build_workload


def workload(*versions: str, phases: tuple[PhaseSpec, ...] = ()) -> Workload:
    operations = tuple(OperationSpec(name=f"op {version}", version=version, sql="SELECT 1") for version in versions)
    return build_workload(TrafficSpec(operation=operations), path=Path("scenario.toml"), phases=phases)


def test_without_phases_everything_is_one_stage_under_the_old_version() -> None:
    deploy = plan_deploy(Scenario(name="s"), steps=("a", "b"), workload=workload("old", "new"))
    (stage,) = deploy.stages
    assert (stage.steps, stage.mix) == (("a", "b"), {"old": 1.0})
    assert deploy.settled_mix == {"old": 0.5, "new": 0.5}


def test_without_versions_every_operation_runs_throughout() -> None:
    deploy = plan_deploy(Scenario(name="s"), steps=("a",), workload=workload(""))
    assert (deploy.initial_mix, deploy.settled_mix, deploy.stages[0].mix) == ({}, {}, {})


def test_without_traffic() -> None:
    assert plan_deploy(Scenario(name="s"), steps=("a",), workload=None).stages[0].steps == ("a",)


def test_phases_in_order_and_steps_that_none_names_last() -> None:
    phases = (
        PhaseSpec(name="expand", steps=("a",), traffic={"old": 1.0}),
        PhaseSpec(name="deploy", traffic={"old": 0.5, "new": 0.5}, duration="2s"),
        PhaseSpec(name="contract", steps=("c",), traffic={"new": 1.0}),
    )
    scenario = Scenario(name="s", phase=phases)
    deploy = plan_deploy(scenario, steps=("a", "b", "c"), workload=workload("old", "new", phases=phases))
    assert [stage.steps for stage in deploy.stages] == [("a",), (), ("c", "b")]
    assert deploy.stages[1].hold_ns == 2_000_000_000
    assert (deploy.initial_mix, deploy.settled_mix) == ({"old": 1.0}, {"new": 1.0})


def test_a_rate_lasts_until_a_phase_says_another() -> None:
    rates = (None, 50.0, None, 200.0)
    scenario = Scenario(name="s", phase=tuple(PhaseSpec(name=f"p{i}", rate=rate) for i, rate in enumerate(rates)))
    deploy = plan_deploy(scenario, steps=(), workload=workload(""))
    assert [stage.rate for stage in deploy.stages] == [None, 50.0, 50.0, 200.0]
