"""Whole rehearsals of small scenarios that a test writes, on the engine that it names."""

import itertools
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.analysis.facts import Facts, StatementFacts
from harness.cli.conclude import Conclusion, conclude
from harness.model.words import Direction
from harness.rehearsal.conductor import rehearse
from harness.rehearsal.options import Options
from harness.spec.load import load_scenario

EMBEDDED = 'engine = "embedded"\nversion = "18"\n'
"""[postgres] of a rehearsal on the embedded engine."""
NO_PROBES = "[probe]\nversions = false\nqueue = false\ndeadlock = false\n"
"""[probe] of a rehearsal that is about something else: a probe takes as long as the rest of it."""


@dataclass(frozen=True, slots=True)
class Rehearsals:
    """Rehearses in `folder`, keeping servers and snapshots in `home`; `postgres` is the text of [postgres]."""

    home: Path
    folder: Path
    postgres: str = EMBEDDED
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def run(self, scenario: str, files: Mapping[str, str]) -> Conclusion:
        """Write a scenario and its files, rehearse it and judge it."""
        number = next(self._numbers)
        folder = self.folder / f"scenario{number}"
        head = f'name = "truth-{number}"\n{NO_PROBES}[postgres]\n{self.postgres}'
        write_files(folder, {**files, "scenario.toml": head + textwrap.dedent(scenario)})
        out = self.folder / f"run{number}"
        directory = rehearse(
            load_scenario(folder / "scenario.toml"),
            Options(home=self.home, out=out, run_id=f"truth-{number}", command=()),
        )
        return conclude(directory.path, write=False)


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Write files by their paths below `folder`, their common indentation removed."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")


def said(conclusion: Conclusion) -> str:
    """What a run says, for whoever reads a failed test."""
    checks = [f"  check {row.id}: {row.found}, limit {row.limit}" for row in conclusion.view.budgets]
    findings = [
        f"  {one.level.value} {one.hazard.name} on {one.relation or '-'} by {one.statement or '-'}: {one.title}"
        for one in conclusion.view.judgement.findings
    ]
    statements = [f"  {s.id} {s.work} {s.sqlstate} {s.sql[:90]!r}" for s in conclusion.view.facts.statements]
    return "\n".join([conclusion.verdict.value, conclusion.view.sentence, *checks, *findings, *statements])


def statement(facts: Facts, beginning: str, *, direction: Direction = Direction.UP) -> StatementFacts:
    """The only statement of a direction whose text begins so."""
    (found,) = [s for s in facts.statements if s.direction is direction and s.sql.startswith(beginning)]
    return found
