"""The stages of a deploy as the load pass walks them: the scenario's phases, or all steps at once."""

from collections.abc import Mapping
from dataclasses import dataclass

from harness.model.units import parse_duration
from harness.spec.scenario import Scenario
from harness.spec.workload import Workload


@dataclass(frozen=True, slots=True)
class DeployStage:
    """One stage: which steps are applied, which app versions run meanwhile and for how long they run afterwards."""

    name: str
    steps: tuple[str, ...]
    mix: Mapping[str, float]
    hold_ns: int
    rate: float | None = None
    """Operations per second meanwhile; None: what [traffic] says."""


@dataclass(frozen=True, slots=True)
class Deploy:
    """The stages going up, in order; `settled_mix` runs after the last one."""

    stages: tuple[DeployStage, ...]
    initial_mix: Mapping[str, float]
    settled_mix: Mapping[str, float]


def plan_deploy(scenario: Scenario, *, steps: tuple[str, ...], workload: Workload | None) -> Deploy:
    """The deploy of a scenario: its phases, or without phases everything in one stage.

    Without phases the old version runs while the schema changes; afterwards, where operations of a new version exist,
    both run side by side, as in the middle of a rolling deploy. Steps that no phase names come with the last phase.
    """
    initial = workload.initial_mix() if workload else {}
    if not scenario.phase:
        both = {"old": 0.5, "new": 0.5} if workload and {"old", "new"} <= set(workload.versions) else initial
        return Deploy((DeployStage("", steps, initial, 0),), initial, both)
    named = {step for phase in scenario.phase for step in phase.steps}
    rest = tuple(step for step in steps if step not in named)
    stages: list[DeployStage] = []
    for phase in scenario.phase:
        before = stages[-1].rate if stages else None
        stages.append(
            DeployStage(
                phase.name,
                phase.steps + (rest if phase is scenario.phase[-1] else ()),
                phase.traffic or initial,
                parse_duration(phase.duration),
                before if phase.rate is None else phase.rate,
            )
        )
    return Deploy(tuple(stages), stages[0].mix, stages[-1].mix)
