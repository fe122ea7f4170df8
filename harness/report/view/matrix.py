"""App version × state of the schema from the versions probe; without it, × phase of a rolling deploy under load."""

from harness.analysis.facts import CallFacts, Facts, OperationFacts, PhaseFacts, SchemaState, VersionsFacts
from harness.analysis.version_failures import new_errors
from harness.events.history import RunInfo
from harness.model.units import plural
from harness.model.words import Pass
from harness.report.view.model import MatrixCell, MatrixView
from harness.report.view.status import Status

_MOST_STATES = 9
"""Columns that are shown: beyond them, states in which nothing fails first are left out."""
_ANY_VERSION = "every version"
_TITLE = "App versions by state of the schema"
_LEAD = (
    "Versions probe: each operation was executed a few times against each state, on a quiet clone. A state is named by "
    "the statements that made it."
)
_PHASES_TITLE = "App versions by phase"
_PHASES_LEAD = "An error is shown in the phase in which an operation first met it."


def build_matrix(info: RunInfo, facts: Facts) -> MatrixView | None:
    """The probe's matrix; where it did not run, that of the load pass, for scenarios with phases; else None."""
    return _probed(facts.versions) if facts.versions else _under_load(info, facts)


def _probed(probe: VersionsFacts) -> MatrixView:
    states = _shown(probe)
    versions = sorted({call.version for call in probe.calls}, key=lambda name: (name == "new", name))
    rows = tuple(
        (version or _ANY_VERSION, tuple(_against(probe, version, state) for state in states)) for version in versions
    )
    return MatrixView(phases=tuple(state.label for state in states), rows=rows, title=_TITLE, lead=_LEAD)


def _shown(probe: VersionsFacts) -> tuple[SchemaState, ...]:
    """The named states always; of the others those with something new, then the first ones, in order."""
    if len(probe.states) <= _MOST_STATES:
        return probe.states
    seen: set[tuple[str, str]] = set()
    telling: list[SchemaState] = []
    for state in probe.states:
        errors = {(c.operation, e) for c in probe.calls if c.state == state.number for e in new_errors(probe, c)}
        if state.name or errors - seen:
            telling.append(state)
        seen |= errors
    others = [state for state in probe.states if state not in telling]
    chosen = [*telling, *others][:_MOST_STATES]
    return tuple(state for state in probe.states if state in chosen)


def _against(probe: VersionsFacts, version: str, state: SchemaState) -> MatrixCell:
    calls = [call for call in probe.calls if call.state == state.number and call.version == version]
    if not calls:
        return MatrixCell(status=Status.NOTE, text="not running")
    new = [f"{_failed(call)}: {', '.join(errors)}" for call in calls if (errors := new_errors(probe, call))]
    if new:
        return MatrixCell(status=Status.FAIL, text="; ".join(new))
    known = [call for call in calls if call.failed]
    works = f"{plural(len(calls) - len(known), 'operation')} work" + ("s" if len(calls) - len(known) == 1 else "")
    if known:
        return MatrixCell(status=Status.NOTE, text=f"{works}, {', '.join(_failed(call) for call in known)} as before")
    return MatrixCell(status=Status.OK, text=works)


def _failed(call: CallFacts) -> str:
    return f"{call.operation} fails {sum(call.failed.values())} of {call.executions}"


def _under_load(info: RunInfo, facts: Facts) -> MatrixView | None:
    names = {phase.name for phase in info.scenario.phase}
    phases = [p for p in facts.phases if p.pass_ is Pass.LOAD and p.name and p.name in names]
    versions = sorted({operation.version for operation in facts.operations if operation.version})
    if not phases or not versions:
        return None
    shares = _shares(info)
    rows = []
    for version in versions:
        operations = [operation for operation in facts.operations if operation.version in (version, "")]
        rows.append((version, tuple(_cell(version, phase, operations, shares) for phase in phases)))
    return MatrixView(
        phases=tuple(phase.name for phase in phases), rows=tuple(rows), title=_PHASES_TITLE, lead=_PHASES_LEAD
    )


def _shares(info: RunInfo) -> dict[str, dict[str, float]]:
    """The mix of versions in each phase; a phase that names none keeps the one before."""
    shares: dict[str, dict[str, float]] = {}
    current: dict[str, float] = {}
    for phase in info.scenario.phase:
        current = phase.traffic or current
        shares[phase.name] = current
    return shares


def _cell(
    version: str, phase: PhaseFacts, operations: list[OperationFacts], shares: dict[str, dict[str, float]]
) -> MatrixCell:
    mix = shares.get(phase.name, {})
    if mix and not mix.get(version):
        return MatrixCell(status=Status.NOTE, text="not running")
    errors = sorted(
        f"{state} in {operation.name}"
        for operation in operations
        for state, first_ns in operation.first_failed_ns.items()
        if phase.span.contains(first_ns)
    )
    share = f"{mix[version]:.0%} of the traffic" if mix.get(version) else "running"
    if errors:
        return MatrixCell(status=Status.FAIL, text="; ".join(errors))
    return MatrixCell(status=Status.OK, text=f"{share}, no new error")
