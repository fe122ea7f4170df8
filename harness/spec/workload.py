"""The workload: the scenario's operations as frozen, picklable programs that a traffic process runs."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Final

import msgspec

from harness.model.errors import SpecError
from harness.spec.build.from_script import BUILT_IN
from harness.spec.build.operation import build_operation, build_retry
from harness.spec.operation import (
    MAX_STATEMENTS,
    Instruction,
    Operation,
    OperationKind,
    Retry,
    Send,
    Statement,
)
from harness.spec.params import Fixed, SampleColumn, needed_columns
from harness.spec.pgbench.nodes import Assign
from harness.spec.scenario import OperationSpec, PhaseSpec, TrafficSpec
from harness.spec.schedule import Chooser, Weighted

__all__ = [
    "BUILT_IN",
    "MAX_OPERATIONS",
    "MAX_STATEMENTS",
    "Instruction",
    "Operation",
    "OperationKind",
    "Retry",
    "SampleNeed",
    "Send",
    "Statement",
    "Workload",
    "build_workload",
    "extend_workload",
    "with_scale",
]

MAX_OPERATIONS: Final = 1_000
"""Far below the 16 bits of an operation's index in operations.bin; more would be a generated file gone wrong."""
_USUAL_VERSIONS: Final = {"old": 0, "new": 1}


@dataclass(frozen=True, slots=True)
class SampleNeed:
    """Who needs values of a column: for the message where there are none."""

    operation: str
    parameter: str
    source: SampleColumn


@dataclass(frozen=True, slots=True)
class Workload:
    """All operations; `versions` are the app versions by their number in operations.bin, 0 is "" (every version)."""

    operations: tuple[Operation, ...]
    versions: tuple[str, ...]
    path: str

    @property
    def sample_needs(self) -> tuple[SampleNeed, ...]:
        """Every sampled parameter with its operation, in the file's order."""
        return tuple(
            SampleNeed(operation.name, name, source)
            for operation in self.operations
            for name, parameter in operation.parameters
            for source in needed_columns([parameter])
        )

    @property
    def relations(self) -> tuple[str, ...]:
        """Every relation that an operation reads or writes, as written, sorted."""
        return tuple(sorted({name for o in self.operations for name in (*o.reads, *o.writes)}))

    def initial_mix(self) -> dict[str, float]:
        """The versions that run before any phase says so: old where there is one, else everything ({})."""
        return {"old": 1.0} if "old" in self.versions else {}

    def running(self, mix: Mapping[str, float]) -> tuple[Operation, ...]:
        """The operations that `mix` runs."""
        names = {name for name, share in mix.items() if share > 0}
        return tuple(o for o in self.operations if not names or o.version == "" or o.version in names)

    def chooser(self, mix: Mapping[str, float]) -> Chooser:
        """How operations are drawn under `mix`; SpecError for a version that is unknown or has nothing to run."""
        for name in mix:
            if name not in self.versions:
                hint = f"versions are {', '.join(self.versions[1:]) or 'not used'}"
                raise SpecError(f"no operation has version {name!r}", path=self.path, key="traffic", hint=hint)
        weighted = [Weighted(o.index, o.weight, o.version) for o in self.operations]
        try:
            return Chooser(weighted, versions=self.versions, mix=mix)
        except ValueError as error:
            raise SpecError(str(error), path=self.path, key="traffic") from error


def build_workload(traffic: TrafficSpec, *, path: Path, phases: Sequence[PhaseSpec] = ()) -> Workload:
    """The workload of a scenario at `path`; pgbench files are relative to it. SpecError names the operation.

    It may be empty where [traffic] says that operations are to be derived: `extend_workload` adds them.
    """
    if not traffic.operation:
        if traffic.auto or traffic.from_log or traffic.from_statements:
            return Workload((), ("",), str(path))
        hint = "write at least one operation, or auto = true"
        raise SpecError("no [[traffic.operation]] is given", path=path, key="traffic", hint=hint)
    if len(traffic.operation) > MAX_OPERATIONS:
        raise SpecError(f"more than {MAX_OPERATIONS} operations", path=path, key="traffic.operation")
    retry = build_retry(traffic.retry, path=path, key="traffic.retry")
    operations = tuple(
        build_operation(spec, index=index, path=path, retry=retry, protocol=traffic.protocol)
        for index, spec in enumerate(traffic.operation)
    )
    workload = Workload(operations, _versions(operations, phases, path), str(path))
    for mix in (workload.initial_mix(), *(phase.traffic for phase in phases)):
        workload.chooser(mix)
    return workload


def extend_workload(
    traffic: TrafficSpec, derived: Sequence[OperationSpec], *, path: Path, phases: Sequence[PhaseSpec] = ()
) -> Workload:
    """The workload with the operations written by hand first and the `derived` ones after them.

    A derived operation whose name is taken gets a number: "read orders", "read orders (2)".
    """
    taken = [operation.name for operation in traffic.operation]
    operations = (*traffic.operation, *_renamed(derived, taken))
    if not operations:
        hint = "write at least one [[traffic.operation]]"
        raise SpecError("no operation could be derived, and none is given", path=path, key="traffic", hint=hint)
    return build_workload(msgspec.structs.replace(traffic, operation=operations), path=path, phases=phases)


def with_scale(workload: Workload, scale: int) -> Workload:
    """The workload with `:scale` of its scripts set, where neither the script nor `params` sets it; 1 by default."""
    if scale == 1:
        return workload
    return replace(workload, operations=tuple(_scaled(operation, scale) for operation in workload.operations))


def _scaled(operation: Operation, scale: int) -> Operation:
    assigned = {step.name for step in operation.program if isinstance(step, Assign)}
    given = {name for name, _ in operation.parameters}
    if operation.kind is not OperationKind.PGBENCH or "scale" in assigned | given:
        return operation
    return replace(operation, parameters=(*operation.parameters, ("scale", Fixed(str(scale)))))


def _renamed(operations: Sequence[OperationSpec], taken: Collection[str]) -> Iterator[OperationSpec]:
    names = set(taken)
    for operation in operations:
        name, number = operation.name, 1
        while name in names:
            number += 1
            name = f"{operation.name} ({number})"
        names.add(name)
        yield operation if name == operation.name else msgspec.structs.replace(operation, name=name)


def _versions(operations: Sequence[Operation], phases: Sequence[PhaseSpec], path: Path) -> tuple[str, ...]:
    named = {operation.version for operation in operations} - {""}
    _check_phases(phases, named, path)
    named |= {version for phase in phases for version in phase.traffic}
    if "new" in named:
        named.add("old")  # what runs before the migration, if only the operations of every version
    return ("", *sorted(named, key=lambda name: (_USUAL_VERSIONS.get(name, len(_USUAL_VERSIONS)), name)))


def _check_phases(phases: Sequence[PhaseSpec], versions: set[str], path: Path) -> None:
    """A version that only a phase names runs the operations of every version; a near miss is an error."""
    for index, phase in enumerate(phases):
        for name in phase.traffic:
            near = get_close_matches(name, versions, n=1)
            if name not in versions and near:
                key = f"phase[{index}] ({phase.name}).traffic"
                raise SpecError(
                    f"no operation has version {name!r}", path=path, key=key, hint=f"did you mean {near[0]!r}?"
                )
