"""The workload: the scenario's operations as frozen, picklable programs that a traffic process runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum
from pathlib import Path
from typing import Final, TypeAlias

from harness.model.errors import SpecError
from harness.spec.params import Parameter, SampleColumn, needed_columns, parse_parameter
from harness.spec.pgbench.nodes import Assign, Capture, Jump, JumpUnless, Pipeline, Shell, Sleep, Sql
from harness.spec.pgbench.script import parse_script
from harness.spec.pgbench.variables import ScriptVariables, undefined
from harness.spec.placeholders import NamedSql, everywhere, named_sql, split_statements
from harness.spec.scenario import OperationSpec, PhaseSpec, TrafficSpec
from harness.spec.schedule import Chooser, Weighted
from harness.spec.targets import LedgerTarget, StatementSyntaxError, find_targets

MAX_OPERATIONS: Final = 1_000
"""Far below the 16 bits of an operation's index in operations.bin; more would be a generated file gone wrong."""
MAX_STATEMENTS: Final = 255
"""The statement's index in operations.bin has 8 bits, and 255 is none of them."""
BUILT_IN: Final = ("scale", "client_id", "random_seed", "default_seed")
"""Variables that pgbench sets by itself (manual, "pgbench Automatic Variables")."""
_USUAL_VERSIONS: Final = {"old": 0, "new": 1}
_SHOWN: Final = 80  # characters of a statement in a message: enough to find it


class OperationKind(Enum):
    """Where an operation comes from."""

    SQL = "sql"
    PGBENCH = "pgbench"


@dataclass(frozen=True, slots=True)
class Statement:
    """One SQL statement of an operation.

    `text` has `$n` for `names[n - 1]`; `template` is the text cut at the names (text, name, …, text), for the simple
    protocol.
    `textual` marks what only the simple protocol can send: several statements in one, or a variable inside a literal.
    """

    source: str
    text: str
    names: tuple[str, ...]
    template: tuple[str, ...]
    textual: bool = False
    capture: Capture | None = None
    prefix: str = ""
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    ledger: LedgerTarget | None = None


@dataclass(frozen=True, slots=True)
class Send:
    """Send statement `statement` of the operation and wait for its result."""

    statement: int


Instruction: TypeAlias = Send | Assign | Sleep | JumpUnless | Jump | Pipeline | Shell


@dataclass(frozen=True, slots=True)
class Operation:
    """One unit of app work.

    `transaction`: the driver puts BEGIN and COMMIT around it. `expected`: SQLSTATEs the application handles.
    """

    index: int
    name: str
    version: str
    weight: float
    kind: OperationKind
    statements: tuple[Statement, ...]
    program: tuple[Instruction, ...]
    parameters: tuple[tuple[str, Parameter], ...]
    transaction: bool
    expected: tuple[str, ...] = ()

    @property
    def reads(self) -> tuple[str, ...]:
        """Relations its statements read, as written."""
        return tuple(sorted({name for statement in self.statements for name in statement.reads}))

    @property
    def writes(self) -> tuple[str, ...]:
        """Relations its statements write, as written."""
        return tuple(sorted({name for statement in self.statements for name in statement.writes}))


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
    """The workload of a scenario at `path`; pgbench files are relative to it. SpecError names the operation."""
    if not traffic.operation:
        raise SpecError(
            "no [[traffic.operation]] is given", path=path, key="traffic", hint="write at least one operation"
        )
    if len(traffic.operation) > MAX_OPERATIONS:
        raise SpecError(f"more than {MAX_OPERATIONS} operations", path=path, key="traffic.operation")
    operations = tuple(_operation(spec, index, path) for index, spec in enumerate(traffic.operation))
    named = {operation.version for operation in operations} - {""}
    _check_phases(phases, named, path)
    named |= {version for phase in phases for version in phase.traffic}
    if "new" in named:
        named.add("old")  # what runs before the migration, if only the operations of every version
    versions = ("", *sorted(named, key=lambda name: (_USUAL_VERSIONS.get(name, len(_USUAL_VERSIONS)), name)))
    workload = Workload(operations, versions, str(path))
    for mix in (workload.initial_mix(), *(phase.traffic for phase in phases)):
        workload.chooser(mix)
    return workload


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


def _operation(spec: OperationSpec, index: int, path: Path) -> Operation:
    key = f"traffic.operation[{index}] ({spec.name})"
    if bool(spec.sql) == bool(spec.pgbench):
        raise SpecError("give either `sql` or `pgbench`", path=path, key=key)
    if spec.weight < 0:
        raise SpecError(f"weight {spec.weight:g} is negative", path=path, key=key, hint="0 switches the operation off")
    parameters = _parameters(spec, path, key)
    if spec.pgbench:
        statements, program, transaction = _from_script(spec, path, key, dict(parameters))
    else:
        statements, program, transaction = _from_sql(spec, path, key, dict(parameters))
    if len(statements) > MAX_STATEMENTS:
        raise SpecError(f"more than {MAX_STATEMENTS} statements in one operation", path=path, key=key)
    kind = OperationKind.PGBENCH if spec.pgbench else OperationKind.SQL
    return Operation(
        index=index,
        name=spec.name,
        version=spec.version,
        weight=spec.weight,
        kind=kind,
        statements=statements,
        program=program,
        parameters=parameters,
        transaction=transaction,
        expected=spec.expected,
    )


def _parameters(spec: OperationSpec, path: Path, key: str) -> tuple[tuple[str, Parameter], ...]:
    parameters = []
    for name, written in spec.params.items():
        try:
            parameters.append((name, parse_parameter(written)))
        except ValueError as error:
            raise SpecError(str(error), path=path, key=f"{key}.params.{name}") from error
    return tuple(parameters)


_Built: TypeAlias = tuple[tuple[Statement, ...], tuple[Instruction, ...], bool]


def _from_sql(spec: OperationSpec, path: Path, key: str, parameters: Mapping[str, Parameter]) -> _Built:
    written = (spec.sql,) if isinstance(spec.sql, str) else spec.sql
    statements: list[Statement] = []
    controls: list[str] = []
    for number, text in enumerate(written):
        where = f"{key}.sql" if isinstance(spec.sql, str) else f"{key}.sql[{number}]"
        for part in split_statements(text if isinstance(text, str) else text.sql):
            _check_names(named_sql(part), parameters, path, where)
            statement, control = _statement(Sql(part, 0), path=path, key=where)
            statements.append(statement)
            controls.append(control)
    if not statements:
        raise SpecError("no SQL statement", path=path, key=f"{key}.sql")
    _check_used({name for statement in statements for name in statement.names}, parameters, path, key)
    program = tuple(Send(index) for index in range(len(statements)))
    return tuple(statements), program, len(statements) > 1 and not any(controls)


def _check_names(named: NamedSql, parameters: Mapping[str, Parameter], path: Path, key: str) -> None:
    if named.numbered:
        raise SpecError("parameters are written :name, not $1", path=path, key=key)
    for name in named.names:
        if name not in parameters:
            near = get_close_matches(name, parameters, n=1)
            hint = f"did you mean :{near[0]}?" if near else f'add params = {{ {name} = "sample(table.column)" }}'
            raise SpecError(f"parameter :{name} has no value", path=path, key=key, hint=hint)


def _check_used(used: set[str], parameters: Mapping[str, Parameter], path: Path, key: str) -> None:
    for name in parameters:
        if name not in used:
            near = get_close_matches(name, used, n=1)
            hint = (
                f"did you mean {near[0]}?" if near else "a parameter is written :name, outside of quotes and comments"
            )
            raise SpecError(f"no statement uses :{name}", path=path, key=f"{key}.params.{name}", hint=hint)


def _statement(sql: Sql, *, path: Path | str, key: str, quoted: ScriptVariables | None = None) -> tuple[Statement, str]:
    """The statement and whether it begins or ends a transaction; `quoted` are variables to replace in literals too."""
    named = named_sql(sql.text)
    try:
        targets = find_targets(named.text)
    except StatementSyntaxError as error:
        place = f" (character {error.cursor})" if error.cursor else ""
        raise SpecError(f"{error}{place} in: {_shortened(sql.text)}", path=path, key=key) from error
    inside = sql.combined or (quoted is not None and any(name in quoted for name in named.quoted))
    statement = Statement(
        source=sql.text,
        text=named.text,
        names=named.names,
        template=everywhere(sql.text) if inside else named.template,
        textual=inside,
        capture=sql.capture,
        prefix=sql.prefix,
        reads=targets.reads,
        writes=targets.writes,
        ledger=None if inside or sql.capture else targets.ledger,
    )
    return statement, targets.control


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"


def _from_script(spec: OperationSpec, path: Path, key: str, parameters: Mapping[str, Parameter]) -> _Built:
    file = path.parent / spec.pgbench
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"cannot read {spec.pgbench}: {error}", path=path, key=f"{key}.pgbench") from error
    script = parse_script(text, path=file)
    variables = ScriptVariables.of(script, given=(*BUILT_IN, *parameters))
    for name, line in undefined(script, variables):
        hint = f"\\set {name} … before it, or params = {{ {name} = … }} in the scenario"
        raise SpecError(f"variable :{name} is never set", path=file, key=f"line {line}", hint=hint)
    statements: list[Statement] = []
    program: list[Instruction] = []
    for command in script.commands:
        if isinstance(command, Sql):
            statement, _ = _statement(command, path=file, key=f"line {command.line}", quoted=variables)
            program.append(Send(len(statements)))
            statements.append(statement)
        else:
            program.append(command)
    return tuple(statements), tuple(program), False
