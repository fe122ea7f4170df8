"""One operation of the scenario made ready: its program, parameters and retries."""

from pathlib import Path

from harness.model.errors import SpecError
from harness.model.units import parse_duration
from harness.spec.build.from_script import program_from_script
from harness.spec.build.from_sql import program_from_sql
from harness.spec.operation import MAX_STATEMENTS, Operation, OperationKind, Retry
from harness.spec.params import Parameter, in_order, parse_parameter
from harness.spec.scenario import OperationSpec, Protocol, RetrySpec


def build_operation(
    spec: OperationSpec,
    *,
    index: int,
    path: Path,
    retry: Retry | None = None,
    protocol: Protocol = Protocol.PREPARED,
) -> Operation:
    """The operation at `index` of the scenario at `path`; the others are [traffic]'s. SpecError names it."""
    key = f"traffic.operation[{index}] ({spec.name})"
    if bool(spec.sql) == bool(spec.pgbench):
        raise SpecError("give either `sql` or `pgbench`", path=path, key=key)
    if spec.weight < 0:
        raise SpecError(f"weight {spec.weight:g} is negative", path=path, key=key, hint="0 switches the operation off")
    if spec.pgbench and spec.pipeline:
        hint = "write \\startpipeline and \\endpipeline in the script"
        raise SpecError("a script says itself what it pipelines", path=path, key=f"{key}.pipeline", hint=hint)
    parameters = _parameters(spec, path, key)
    build = program_from_script if spec.pgbench else program_from_sql
    program = build(spec, path=path, key=key, parameters=dict(parameters), protocol=protocol)
    if len(program.statements) > MAX_STATEMENTS:
        raise SpecError(f"more than {MAX_STATEMENTS} statements in one operation", path=path, key=key)
    return Operation(
        index=index,
        name=spec.name,
        version=spec.version,
        weight=spec.weight,
        kind=OperationKind.PGBENCH if spec.pgbench else OperationKind.SQL,
        statements=program.statements,
        program=program.instructions,
        parameters=parameters,
        transaction=program.transaction,
        expected=spec.expected,
        pipeline=spec.pipeline,
        retry=retry if spec.retry is None else build_retry(spec.retry, path=path, key=f"{key}.retry"),
    )


def build_retry(spec: RetrySpec | None, *, path: Path, key: str) -> Retry | None:
    """What `retry` says, or None; SpecError names the key."""
    if spec is None:
        return None
    if spec.attempts < 1:
        raise SpecError("attempts must be at least 1", path=path, key=f"{key}.attempts", hint="the first one counts")
    try:
        backoff_ns = parse_duration(spec.backoff)
    except ValueError as error:
        raise SpecError(str(error), path=path, key=f"{key}.backoff") from error
    return Retry(frozenset(spec.on), spec.attempts, backoff_ns)


def _parameters(spec: OperationSpec, path: Path, key: str) -> tuple[tuple[str, Parameter], ...]:
    parameters = []
    for name, written in spec.params.items():
        try:
            parameters.append((name, parse_parameter(written)))
        except ValueError as error:
            raise SpecError(str(error), path=path, key=f"{key}.params.{name}") from error
    try:
        in_order(parameters)
    except ValueError as error:
        raise SpecError(str(error), path=path, key=f"{key}.params") from error
    return tuple(parameters)
