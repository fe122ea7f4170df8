"""`rehearse check`: read everything, start nothing, print the plan."""

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.places import state_home
from harness.model.units import format_bytes
from harness.rehearsal.migration.plan import MigrationPlan
from harness.rehearsal.migration.sources import build_plan
from harness.rehearsal.traffic.antagonists.plan import plan_antagonists
from harness.snapshot.store.resolve import find_source
from harness.snapshot.store.shelf import Stored
from harness.spec.load import LoadedScenario, find_scenarios, load_scenario
from harness.spec.scenario import Arrival, TrafficSpec
from harness.spec.schedule import RateCourse, load_trace
from harness.spec.workload import build_workload


def check(scenario: Annotated[Path, typer.Argument(help="A scenario file, or a folder that holds some.")]) -> None:
    """Check scenarios and say what a rehearsal would do."""
    for file in find_scenarios(scenario):
        loaded = load_scenario(file)
        plan = build_plan(loaded.scenario, folder=loaded.folder, file=str(loaded.path))
        for line in describe(loaded, plan, source=_source(loaded)):
            typer.echo(line)


def describe(loaded: LoadedScenario, plan: MigrationPlan, *, source: str = "") -> list[str]:
    """The plan in words, a line a thing; `source` says what the snapshot's source is, "" as it is written."""
    spec = loaded.scenario
    lines = [
        f"{spec.name}  ({loaded.path})",
        f"  postgres   {spec.postgres.version}, engine {spec.postgres.engine.value}",
        f"  snapshot   {source or spec.snapshot.source or 'empty database'}"
        + (f", then {', '.join(Path(name).name for name in spec.snapshot.setup)}" if spec.snapshot.setup else ""),
        f"  migration  {plan.tool}, {_counted(len(plan.steps), 'step')}",
    ]
    lines += [f"    {step.name}" for step in plan.steps]
    lines.append(f"  traffic    {_traffic(loaded)}")
    lines += _antagonists(loaded, plan)
    lines += [f"  phase      {phase.name}: {', '.join(phase.steps) or 'no steps'}" for phase in spec.phase]
    lines.append(
        f"  rollback   {'run, must restore ' + spec.rollback.restore.value if spec.rollback.run else 'not run'}"
    )
    return [*lines, ""]


def _source(loaded: LoadedScenario) -> str:
    """Whether the source is a file or a stored snapshot. SnapshotError where it is neither."""
    found = find_source(loaded, home=state_home())
    if not isinstance(found, Stored):
        return ""
    anonymized = ", anonymized" if found.entry.anonymized else ""
    return f"stored snapshot {found.name} ({found.entry.kind}, {format_bytes(found.entry.size_bytes)}{anonymized})"


def _antagonists(loaded: LoadedScenario, plan: MigrationPlan) -> list[str]:
    """One line each, with what it is aimed at. SpecError where that is nothing."""
    return [
        f"  antagonist {antagonist.kind.value}"
        + (f" on {antagonist.table}" if antagonist.table else "")
        + (f", before {', '.join(sorted(antagonist.aims, key=_in_order))}" if antagonist.aims else "")
        for antagonist in plan_antagonists(loaded.scenario.traffic, path=loaded.path, plan=plan)
    ]


def _in_order(statement: str) -> tuple[bool, int]:
    """S2 before S10 before R1."""
    return statement.startswith("R"), int(statement[1:])


def _traffic(loaded: LoadedScenario) -> str:
    spec = loaded.scenario.traffic
    derived = _derived(spec)
    if not spec.operation and not derived:
        return "none: locks are measured, but nobody is there to be blocked"
    workload = build_workload(spec, path=loaded.path, phases=loaded.scenario.phase)
    written = _counted(len(workload.operations), "operation") if workload.operations else ""
    what = " and ".join(filter(None, (written, derived)))
    return f"{what} {_rate(loaded)} over {_counted(spec.actors, 'actor')}"


def _rate(loaded: LoadedScenario) -> str:
    """How many operations a second, from the beginning to the busiest time."""
    spec = loaded.scenario.traffic
    if spec.arrival is Arrival.TRACE:
        trace = load_trace(loaded.resolve(spec.trace), operations=None)
        return f"as recorded in {Path(spec.trace).name}, {trace.rate:.4g}/s on average,"
    peak = max([RateCourse.of(spec).peak, *(phase.rate or 0.0 for phase in loaded.scenario.phase)])
    return f"at {spec.rate:g}/s" + (f", up to {peak:g}/s," if peak > spec.rate else "")


def _derived(spec: TrafficSpec) -> str:
    """What operations will be derived from, "" for none."""
    if spec.auto:
        return "operations derived from the catalog of a clone"
    if spec.logs:
        return f"operations derived from the server log {', '.join(Path(path).name for path in spec.logs)}"
    if spec.from_statements:
        return f"operations derived from the export of pg_stat_statements {Path(spec.from_statements).name}"
    return ""


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
