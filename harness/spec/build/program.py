"""What an operation's text becomes: statements and the program around them."""

from dataclasses import dataclass
from pathlib import Path

from harness.model.errors import SpecError
from harness.spec.operation import Instruction, Statement


@dataclass(frozen=True, slots=True)
class Program:
    """`transaction`: the driver puts BEGIN and COMMIT around it."""

    statements: tuple[Statement, ...]
    instructions: tuple[Instruction, ...]
    transaction: bool


def pipeline_needs_protocol(path: Path, key: str) -> SpecError:
    """The error of a pipeline over the simple protocol, which has none."""
    hint = 'traffic.protocol = "prepared" or "extended"'
    return SpecError('a pipeline cannot be sent with protocol = "simple"', path=path, key=key, hint=hint)
