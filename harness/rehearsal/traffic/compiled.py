"""Operations made ready to run: code for the interpreter, and how its parameters are drawn."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from random import Random
from typing import assert_never

from harness.rehearsal.traffic.actor import Code, CompiledOperation, Instruction, Swift
from harness.rehearsal.traffic.instructions import (
    Branch,
    Control,
    Done,
    Execute,
    ExecuteText,
    Over,
    Pause,
    RollBack,
    SetVariable,
)
from harness.rehearsal.traffic.misses import expects_row
from harness.rehearsal.traffic.pipeline import ClosePipeline, OpenPipeline, SyncPipeline
from harness.rehearsal.traffic.shell import RunShell
from harness.rehearsal.traffic.statement import CompiledStatement
from harness.spec.operation import Instruction as Step
from harness.spec.operation import Operation, OperationKind, Send
from harness.spec.params import Fixed, Sources, compile_parameters
from harness.spec.pgbench.evaluate import Client, compile_expression, plain_range
from harness.spec.pgbench.folding import fold
from harness.spec.pgbench.nodes import Assign, Jump, JumpUnless, Pipeline, PipelineStep, Shell, Sleep, Value
from harness.spec.pgbench.values import ExpressionError, to_text, typed
from harness.spec.scenario import Protocol
from harness.spec.workload import Workload

ROLL_BACK: Code = (ClosePipeline(0, lenient=True), RollBack(1), RollBack(2), Over(3))
"""What follows an error. Twice, because a ROLLBACK TO or an error in between may leave the transaction open."""


def compile_workload(
    workload: Workload, *, protocol: Protocol, sources: Sources, primary_keys: Mapping[str, tuple[str, ...]]
) -> tuple[CompiledOperation, ...]:
    """All operations of a workload, by their index; ValueError for what cannot run."""
    return tuple(
        _operation(operation, protocol=protocol, sources=sources, primary_keys=primary_keys)
        for operation in workload.operations
    )


def new_client(seed: int, actor: int) -> Client:
    """An actor's own random source, and the variables that pgbench sets by itself."""
    variables: dict[str, int | float | bool | str | None] = {
        "scale": 1,
        "client_id": actor,
        "random_seed": seed,
        "default_seed": Random(f"default_seed {seed}").getrandbits(63),  # noqa: S311 - traffic is repeatable, not secret
    }
    return Client(Random(f"actor {seed} {actor}"), variables)  # noqa: S311 - as above


def _operation(
    operation: Operation, *, protocol: Protocol, sources: Sources, primary_keys: Mapping[str, tuple[str, ...]]
) -> CompiledOperation:
    statements = [
        CompiledStatement(
            statement,
            operation=operation.index,
            number=number,
            simple=protocol is Protocol.SIMPLE,
            literal=operation.kind is OperationKind.SQL,
            keys=primary_keys,
            expects=expects_row(operation, statement),
        )
        for number, statement in enumerate(operation.statements)
    ]
    numeric = operation.kind is OperationKind.PGBENCH
    fixed = {
        name: _constant(parameter.value, numeric=numeric)
        for name, parameter in operation.parameters
        if isinstance(parameter, Fixed)
    }
    draws = compile_parameters(operation.parameters, sources=sources)
    known = _never_assigned(operation, fixed)
    code = _Compiler(operation, statements, protocol, known=known).code()
    if len(draws) == len(fixed) == len(known) and not _reads(operation, statements, known):
        fixed, draws = {}, ()
    sets, first = _opening(code)
    return CompiledOperation(
        index=operation.index,
        code=code,
        fixed=fixed,
        # A fixed one is set once more after its draw, which others may depend on.
        draws=[(name, draw) for name, draw in draws if name not in fixed or len(draws) > len(fixed)],
        retry=operation.retry,
        evaluates=any(isinstance(step, Assign) for step in operation.program),
        statements=statements,
        opening=[(step.name, step.value) for step in sets],
        ranges=_ranges(sets),
        first=first,
    )


def _opening(code: Code) -> tuple[list[SetVariable], Swift | None]:
    """What is set before the first statement, and that statement, if it is prepared and all that comes before it."""
    sets: list[SetVariable] = []
    for step in code:
        if not isinstance(step, SetVariable):
            break
        sets.append(step)
    first = code[len(sets)]
    return (sets, first) if type(first) is Execute and first.prepares else ([], None)


def _ranges(sets: Sequence[SetVariable]) -> list[tuple[str, int, int]]:
    """Name, lowest value and number of values, where every one is a plain random(); else nothing."""
    ranges = [(step.name, *step.range) for step in sets if step.range is not None]
    return ranges if len(ranges) == len(sets) else []


def _constant(text: str, *, numeric: bool) -> Value:
    """What a script computes with is read once, where reading it loses nothing."""
    if numeric:
        try:
            value = typed(text)
        except ExpressionError:
            return text
        if to_text(value) == text:
            return value
    return text


def _never_assigned(operation: Operation, fixed: Mapping[str, Value]) -> dict[str, int | float | bool]:
    """Numbers that stay what the scenario says while the operation runs; rows may set a variable of any name."""
    if any(statement.capture is not None for statement in operation.statements):
        return {}
    assigned = {step.name for step in operation.program if isinstance(step, Assign)}
    assigned |= {step.variable for step in operation.program if isinstance(step, Shell) and step.variable is not None}
    return {name: value for name, value in fixed.items() if isinstance(value, int | float) and name not in assigned}


def _reads(operation: Operation, statements: Sequence[CompiledStatement], known: Mapping[str, object]) -> bool:
    """Whether variables of `known` are read while it runs: by statements and commands; expressions have the numbers."""
    if any(isinstance(step, Shell) for step in operation.program) or any(s.render is not None for s in statements):
        return True
    return any(name in known for statement in operation.statements for name in statement.names)


class _Compiler:
    """Turns the instructions of an operation into code, with the driver's own BEGIN, COMMIT and pipeline around it."""

    def __init__(
        self,
        operation: Operation,
        statements: Sequence[CompiledStatement],
        protocol: Protocol,
        *,
        known: Mapping[str, int | float | bool],
    ) -> None:
        self._operation = operation
        self._known = known
        self._statements = statements
        self._protocol = protocol
        self._offset = 0
        self._code: list[Instruction] = []

    def code(self) -> Code:
        """The whole code."""
        operation, code = self._operation, self._code
        if operation.pipeline:
            self._require_extended()
            code.append(OpenPipeline(0, ()))
        if operation.transaction:
            code.append(Control(len(code), b"BEGIN", statement=0))
        self._offset = len(code)
        for step in operation.program:
            code.append(self._step(len(code), step))
        if operation.transaction:
            code.append(Control(len(code), b"COMMIT", statement=len(self._statements)))
        if operation.pipeline:
            code.append(ClosePipeline(len(code)))
        code.append(Done(len(code)))
        self._fill_pipelines()
        self._link()
        return tuple(code)

    def _step(self, at: int, step: Step) -> Instruction:
        match step:
            case Send(number):
                return self._send(at, self._statements[number])
            case Assign(name, expression, _):
                folded = fold(expression, self._known)
                return SetVariable(at, name, compile_expression(folded), range_=plain_range(folded))
            case Sleep(duration, unit_ns, _):
                return Pause(at, compile_expression(fold(duration, self._known)), unit_ns=unit_ns)
            case JumpUnless(condition, target, _):
                return Branch(at, compile_expression(fold(condition, self._known)), target=target + self._offset)
            case Jump(target):
                return Branch(at, None, target=target + self._offset)
            case Pipeline(PipelineStep.START, _):
                self._require_extended()
                return OpenPipeline(at, ())
            case Pipeline(PipelineStep.SYNC, _):
                return SyncPipeline(at)
            case Pipeline():
                return ClosePipeline(at)
            case Shell(words, variable, _):
                return RunShell(at, words, variable=variable)
            case _:
                assert_never(step)

    def _send(self, at: int, statement: CompiledStatement) -> Execute:
        if statement.render is not None:
            return ExecuteText(at, statement, render=statement.render)
        return Execute(at, statement, prepares=self._protocol is Protocol.PREPARED)

    def _require_extended(self) -> None:
        if self._protocol is Protocol.SIMPLE:
            raise ValueError(f"operation {self._operation.name}: the simple protocol has no pipelines")

    def _fill_pipelines(self) -> None:
        """Give every \\startpipeline the statements up to the next \\endpipeline, as pgbench does."""
        for at, step in enumerate(self._code):
            if isinstance(step, OpenPipeline):
                ends = [i for i, later in enumerate(self._code) if i > at and isinstance(later, ClosePipeline)]
                self._code[at] = OpenPipeline(at, self._sends(self._code[at : min(ends, default=None)]))

    def _link(self) -> None:
        """Tell each prepared statement what follows it, so that nobody looks it up while it runs."""
        for step, following in pairwise(self._code):
            if type(step) is Execute and step.prepares:
                step.then = following if type(following) is Execute and following.prepares else None
                step.last = isinstance(following, Done)

    def _sends(self, code: Sequence[Instruction]) -> list[Execute]:
        sends = [step for step in code if isinstance(step, Execute)]
        for send in sends:
            if send.statement.render is not None:
                what = "several statements in one, or a variable in a literal"
                raise ValueError(f"operation {self._operation.name}: a pipeline cannot send {what}")
            if send.statement.capture is not None:
                raise ValueError(f"operation {self._operation.name}: a pipeline cannot take values from rows")
        return sends
