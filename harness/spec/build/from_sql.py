"""Operations written in SQL: statements with `:name`s, captured rows, conditions and pauses between them."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from harness.model.errors import SpecError
from harness.model.units import parse_duration
from harness.spec.build.program import Program, pipeline_needs_protocol
from harness.spec.build.statement import build_statement
from harness.spec.operation import Instruction, Send, Statement
from harness.spec.params import Parameter, referenced
from harness.spec.pgbench.commands import VARIABLE
from harness.spec.pgbench.expressions import parse_expression
from harness.spec.pgbench.nodes import Assign, Capture, Constant, Expression, JumpUnless, Sleep, Sql
from harness.spec.pgbench.values import ExpressionError
from harness.spec.pgbench.variables import names_in
from harness.spec.placeholders import named_sql, split_statements
from harness.spec.scenario import OperationSpec, Protocol, StatementSpec


def program_from_sql(
    spec: OperationSpec, *, path: Path, key: str, parameters: Mapping[str, Parameter], protocol: Protocol
) -> Program:
    """The program of `sql`; SpecError names the statement.

    Variables of `into` are NULL until their statement has run, in each execution anew.
    """
    if spec.pipeline and protocol is Protocol.SIMPLE:
        raise pipeline_needs_protocol(path, f"{key}.pipeline")
    builder = _Builder(path, parameters, pipeline=spec.pipeline)
    for where, statement in _written(spec, key):
        builder.add(statement, where)
    if not builder.statements:
        raise SpecError("no SQL statement", path=path, key=f"{key}.sql")
    computed = {name for parameter in parameters.values() for name in referenced(parameter)}
    _check_used(builder.used | computed, parameters, path, key)
    reset = tuple(Assign(name, Constant(None), 0) for name in builder.captured)
    transaction = len(builder.statements) > 1 and not builder.controls
    return Program(tuple(builder.statements), (*reset, *_shifted(builder.program, len(reset))), transaction)


def _written(spec: OperationSpec, key: str) -> Iterator[tuple[str, StatementSpec]]:
    if isinstance(spec.sql, str):
        yield f"{key}.sql", StatementSpec(sql=spec.sql)
        return
    for number, item in enumerate(spec.sql):
        yield f"{key}.sql[{number}]", item if isinstance(item, StatementSpec) else StatementSpec(sql=item)


@dataclass(slots=True)
class _Builder:
    path: Path
    parameters: Mapping[str, Parameter]
    pipeline: bool
    statements: list[Statement] = field(default_factory=list)
    program: list[Instruction] = field(default_factory=list)
    captured: dict[str, None] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    controls: bool = False

    def add(self, spec: StatementSpec, where: str) -> None:
        """Append one entry of `sql`: the condition, the pause, then its statements."""
        parts = split_statements(spec.sql)
        into = self._into(spec, parts, where)
        condition = self._condition(spec.when, f"{where}.when") if spec.when.strip() else None
        body: list[Instruction] = [*self._think(spec.think, f"{where}.think")]
        body += [self._send(part, into, where) for part in parts]
        if condition is not None:
            self.program.append(JumpUnless(condition, len(self.program) + 1 + len(body), 0))
        self.program += body
        self.captured |= dict.fromkeys(into)

    def _send(self, part: str, into: tuple[str, ...], where: str) -> Send:
        named = named_sql(part)
        if named.numbered:
            raise SpecError("parameters are written :name, not $1", path=self.path, key=where)
        self._use(named.names, where)
        sql = Sql(part, 0, capture=Capture.INTO if into else None)
        statement, control = build_statement(sql, path=self.path, key=where, into=into)
        self.controls = self.controls or bool(control)
        self.statements.append(statement)
        return Send(len(self.statements) - 1)

    def _use(self, names: Collection[str], where: str) -> None:
        known = [*self.parameters, *self.captured]
        for name in names:
            if name not in known:
                near = get_close_matches(name, known, n=1)
                hint = f"did you mean :{near[0]}?" if near else f'add params = {{ {name} = "sample(table.column)" }}'
                raise SpecError(f"parameter :{name} has no value", path=self.path, key=where, hint=hint)
        self.used.update(names)

    def _into(self, spec: StatementSpec, parts: tuple[str, ...], where: str) -> tuple[str, ...]:
        names = (spec.into,) if isinstance(spec.into, str) else spec.into
        for name in names:
            if VARIABLE.fullmatch(name) is None:
                hint = "letters, digits and underscores, not beginning with a digit"
                raise SpecError(f"{name!r} is not a variable's name", path=self.path, key=f"{where}.into", hint=hint)
            if name in self.parameters:
                raise SpecError(f":{name} is a parameter already", path=self.path, key=f"{where}.into")
        if len(set(names)) < len(names):
            raise SpecError("a variable is named twice", path=self.path, key=f"{where}.into")
        if names and len(parts) != 1:
            raise SpecError("`into` belongs to exactly one statement", path=self.path, key=f"{where}.into")
        if names and self.pipeline:
            hint = "leave out pipeline, or into"
            message = "a pipeline sends all statements before it has a row"
            raise SpecError(message, path=self.path, key=f"{where}.into", hint=hint)
        return names

    def _condition(self, text: str, where: str) -> Expression:
        try:
            condition = parse_expression(text)
        except ExpressionError as error:
            hint = 'an expression of pgbench over numbers and booleans, like when = ":left > 0"; compare text in SQL'
            raise SpecError(str(error), path=self.path, key=where, hint=hint) from error
        self._use(tuple(names_in(condition)), where)
        return condition

    def _think(self, text: str, where: str) -> Iterator[Instruction]:
        try:
            duration_ns = parse_duration(text) if text.strip() else 0
        except ValueError as error:
            raise SpecError(str(error), path=self.path, key=where) from error
        if duration_ns:
            yield Sleep(Constant(duration_ns), 1, 0)


def _shifted(program: list[Instruction], by: int) -> Iterator[Instruction]:
    for step in program:
        yield JumpUnless(step.condition, step.target + by, step.line) if isinstance(step, JumpUnless) else step


def _check_used(used: set[str], parameters: Mapping[str, Parameter], path: Path, key: str) -> None:
    for name in parameters:
        if name not in used:
            near = get_close_matches(name, used, n=1)
            hint = (
                f"did you mean {near[0]}?" if near else "a parameter is written :name, outside of quotes and comments"
            )
            raise SpecError(f"no statement uses :{name}", path=path, key=f"{key}.params.{name}", hint=hint)
