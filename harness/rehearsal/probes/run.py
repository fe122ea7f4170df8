"""The probes that a scenario asks for, in order, each on a clone of its own."""

from harness.rehearsal.probes.deadlock import probe_deadlock
from harness.rehearsal.probes.queue import probe_queue
from harness.rehearsal.probes.versions import probe_versions
from harness.rehearsal.stage import Stage


def run_probes(stage: Stage) -> None:
    """Run the probes of [probe] between the trace pass and the load pass."""
    if stage.scenario.probe.versions:
        probe_versions(stage)
    if stage.scenario.probe.queue:
        probe_queue(stage)
    if stage.scenario.probe.deadlock:
        probe_deadlock(stage)
