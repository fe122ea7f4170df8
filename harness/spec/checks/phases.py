"""[[phase]] and [[invariant]]."""

import math

from harness.spec.checks.rates import LEAST_RATE, check_rate
from harness.spec.checks.refuse import Refuse
from harness.spec.decode import nearest, quote
from harness.spec.scenario import Arrival, Scenario


def check_phases(scenario: Scenario, refuse: Refuse) -> None:
    refuse.twice((phase.name for phase in scenario.phase), "phase")
    taken: dict[str, str] = {}
    for index, phase in enumerate(scenario.phase):
        key = f"phase[{index}]"
        refuse.name(phase.name, f"{key}.name")
        refuse.duration(phase.duration, f"{key}.for")
        for step in phase.steps:
            message = f"step {quote(step)} is already in phase {quote(taken.get(step, ''))}"
            refuse.unless(step not in taken, f"{key}.steps", message)
            taken[step] = phase.name
        if phase.rate is not None:
            check_rate(phase.rate, f"{key}.rate", refuse, least=LEAST_RATE)
            recorded = scenario.traffic.arrival is Arrival.TRACE
            refuse.unless(not recorded, f"{key}.rate", "recorded arrivals keep their rate", hint="leave rate out")
        for version, share in phase.traffic.items():
            right = share > 0 and math.isfinite(share)
            refuse.unless(right, f"{key}.traffic", f"the share of {quote(version)} must be more than 0",
                          hint="leave out a version that gets no traffic")  # fmt: skip
    _check_versions(scenario, refuse)


def _check_versions(scenario: Scenario, refuse: Refuse) -> None:
    mixed = sorted({version for phase in scenario.phase for version in phase.traffic})
    for index, operation in enumerate(scenario.traffic.operation):
        if operation.version and mixed:
            message = f"no phase gives traffic to version {quote(operation.version)}{nearest(operation.version, mixed)}"
            hint = f"the phases' traffic names: {', '.join(mixed)}"
            key = f"traffic.operation[{index}].version"
            refuse.unless(operation.version in mixed, key, message, hint=hint)


def check_invariants(scenario: Scenario, refuse: Refuse) -> None:
    phases = [phase.name for phase in scenario.phase]
    refuse.twice((invariant.name for invariant in scenario.invariant), "invariant")
    for index, invariant in enumerate(scenario.invariant):
        key = f"invariant[{index}]"
        refuse.name(invariant.name, f"{key}.name")
        one = bool(invariant.sql.strip()) != bool(invariant.file)
        refuse.unless(one, key, f"invariant {quote(invariant.name)} needs either sql or file")
        head, colon, phase = invariant.when.partition(":")
        if head == "after" and colon:
            known = ", ".join(phases) or "none"
            message = f"there is no phase {quote(phase)}{nearest(phase, phases)}"
            refuse.unless(phase in phases, f"{key}.when", message, hint=f"the phases are: {known}")
        else:
            refuse.word(invariant.when, ("always", "end", "rollback", "after:<phase>"), f"{key}.when")
