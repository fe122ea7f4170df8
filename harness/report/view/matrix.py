"""App version × phase: which version of the application met which errors in which phase of a rolling deploy."""

from harness.analysis.facts import Facts, OperationFacts, PhaseFacts
from harness.events.history import RunInfo
from harness.model.words import Pass
from harness.report.view.model import MatrixCell, MatrixView, Status


def build_matrix(info: RunInfo, facts: Facts) -> MatrixView | None:
    """The matrix where the scenario has phases, else None. An error counts in the phase in which it first appeared."""
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
    return MatrixView(phases=tuple(phase.name for phase in phases), rows=tuple(rows))


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
