"""The change as a plan: steps in order, each with numbered statements both ways."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from harness.model.errors import SpecError
from harness.model.words import Direction
from harness.rehearsal.migration.statement import Statement
from harness.spec.decode import nearest
from harness.spec.scenario import ToolCommand, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One file of a step: its path relative to the scenario, its text, its statements."""

    file: str
    text: str
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One migration: a script each way; `down` is None where there is none, and `down_expected` the file looked for."""

    name: str
    up: Script
    down: Script | None
    down_expected: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationPlan:
    """What is to be applied, in order; `command` instead of steps for a tool's own process.

    `tool` is sql, prisma or command. Statements are S1, S2, … over the up scripts in order, and R1, R2, … over the
    down scripts in the order of their execution, last step first. `cwd` is the folder a command starts in.
    """

    tool: str
    steps: tuple[Step, ...]
    transaction: Transaction
    scenario_file: str
    needs_down: bool
    command: ToolCommand | None = None
    cwd: str = "."

    @property
    def sources(self) -> dict[str, str]:
        """Text of every file by its path relative to the scenario."""
        scripts = [script for step in self.steps for script in (step.up, step.down) if script is not None]
        return {script.file: script.text for script in scripts}

    def ordered(self, direction: Direction, *, names: Collection[str] | None = None) -> tuple[Step, ...]:
        """The steps in the order of execution, all or those named."""
        chosen = [step for step in self.steps if names is None or step.name in names]
        return tuple(chosen if direction is Direction.UP else reversed(chosen))

    def restricted_to(self, names: Collection[str]) -> "MigrationPlan":
        """The same plan with these steps only, numbered anew. SpecError for an unknown name or a missing down."""
        known = [step.name for step in self.steps]
        for name in names:
            if name not in known:
                raise SpecError(
                    f"there is no step {name!r}{nearest(name, known)}", path=self.scenario_file, key="migration.steps"
                )
        chosen = tuple(step for step in self.steps if step.name in names)
        return replace(self, steps=numbered(chosen)).checked()

    def checked(self) -> "MigrationPlan":
        """The plan itself. SpecError where a way back is wanted and a step has none."""
        for step in self.steps:
            if self.needs_down and step.down is None:
                raise SpecError(
                    f"step {step.name!r} has no way back: there is no {step.down_expected}",
                    path=self.scenario_file,
                    key="rollback",
                    hint="write that file, or say that there is none: [rollback] run = false, "
                    'or restore = "none" with a reason',
                )
        return self


def numbered(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The steps with ids on all statements but transaction control: S1, S2, … up, R1, R2, … down from the last step."""
    ups, count = [], 0
    for step in steps:
        script, count = _numbered(step.up, letter="S", after=count)
        ups.append(script)
    downs: list[Script | None] = []
    count = 0
    for step in reversed(steps):
        if step.down is None:
            downs.append(None)
            continue
        script, count = _numbered(step.down, letter="R", after=count)
        downs.append(script)
    downs.reverse()
    return tuple(replace(s, up=up, down=down) for s, up, down in zip(steps, ups, downs, strict=True))


def _numbered(script: Script, *, letter: str, after: int) -> tuple[Script, int]:
    statements = []
    for statement in script.statements:
        if statement.control is None:
            after += 1
        statements.append(replace(statement, id=f"{letter}{after}" if statement.control is None else ""))
    return replace(script, statements=tuple(statements)), after
