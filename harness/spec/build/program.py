"""What an operation's text becomes: statements and the program around them."""

from dataclasses import dataclass

from harness.spec.operation import Instruction, Statement


@dataclass(frozen=True, slots=True)
class Program:
    """`transaction`: the driver puts BEGIN and COMMIT around it."""

    statements: tuple[Statement, ...]
    instructions: tuple[Instruction, ...]
    transaction: bool
