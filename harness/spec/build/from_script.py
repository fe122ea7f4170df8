"""Operations that are pgbench scripts."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from harness.model.errors import SpecError
from harness.spec.build.program import Program
from harness.spec.build.statement import build_statement
from harness.spec.operation import Instruction, Send, Statement
from harness.spec.params import Parameter
from harness.spec.pgbench.nodes import Sql
from harness.spec.pgbench.script import parse_script
from harness.spec.pgbench.variables import ScriptVariables, undefined
from harness.spec.scenario import OperationSpec

BUILT_IN: Final = ("scale", "client_id", "random_seed", "default_seed")
"""Variables that pgbench sets by itself (manual, "pgbench Automatic Variables")."""


def program_from_script(spec: OperationSpec, *, path: Path, key: str, parameters: Mapping[str, Parameter]) -> Program:
    """The program of the script `pgbench`, a file beside the scenario at `path`; SpecError names its line."""
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
            statement, _ = build_statement(command, path=file, key=f"line {command.line}", quoted=variables)
            program.append(Send(len(statements)))
            statements.append(statement)
        else:
            program.append(command)
    return Program(tuple(statements), tuple(program), transaction=False)
