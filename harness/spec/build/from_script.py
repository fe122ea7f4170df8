"""Operations that are pgbench scripts."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from harness.model.errors import SpecError
from harness.spec.build.program import Program, pipeline_needs_protocol
from harness.spec.build.statement import build_statement
from harness.spec.operation import Instruction, Send, Statement
from harness.spec.params import Parameter
from harness.spec.pgbench.nodes import Pipeline, Sql
from harness.spec.pgbench.pipelines import pipeline_states
from harness.spec.pgbench.script import parse_script
from harness.spec.pgbench.variables import ScriptVariables, undefined
from harness.spec.scenario import OperationSpec, Protocol

BUILT_IN: Final = ("scale", "client_id", "random_seed", "default_seed")
"""Variables that pgbench sets by itself (manual, "pgbench Automatic Variables")."""


def program_from_script(
    spec: OperationSpec, *, path: Path, key: str, parameters: Mapping[str, Parameter], protocol: Protocol
) -> Program:
    """The program of the script `pgbench`, a file beside the scenario at `path`; SpecError names its line."""
    file = path.parent / spec.pgbench
    script = parse_script(_read(spec.pgbench, path=path, key=f"{key}.pgbench"), path=file)
    variables = ScriptVariables.of(script, given=(*BUILT_IN, *parameters))
    for name, line in undefined(script, variables):
        hint = f"\\set {name} … before it, or params = {{ {name} = … }} in the scenario"
        raise SpecError(f"variable :{name} is never set", path=file, key=f"line {line}", hint=hint)
    statements: list[Statement] = []
    program: list[Instruction] = []
    for command, pipelined in zip(script.commands, pipeline_states(script.commands), strict=False):
        if isinstance(command, Pipeline) and protocol is Protocol.SIMPLE:
            raise pipeline_needs_protocol(file, f"line {command.line}")
        if isinstance(command, Sql):
            statement, _ = build_statement(command, path=file, key=f"line {command.line}", quoted=variables)
            if statement.textual and True in pipelined:
                message = "a pipeline takes neither statements joined by \\; nor variables in quotes"
                hint = "write separate statements, and put text together with ||"
                raise SpecError(message, path=file, key=f"line {command.line}", hint=hint)
            program.append(Send(len(statements)))
            statements.append(statement)
        else:
            program.append(command)
    return Program(tuple(statements), tuple(program), transaction=False)


def _read(name: str, *, path: Path, key: str) -> str:
    try:
        return (path.parent / name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        weight = name.rpartition("@")[2] if "@" in name else ""
        hint = f"the weight is a key of its own: weight = {weight}" if weight.isdecimal() else ""
        raise SpecError(f"cannot read {name}: {error}", path=path, key=key, hint=hint) from error
