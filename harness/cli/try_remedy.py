"""`rehearse run --try-remedy`: write the safer migration beside the run, and rehearse it too."""

import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from harness.analysis.remedy.alternative import Alternative, Planned, alternative
from harness.analysis.remedy.record import FOLDER, RUN, AlternativeRecord
from harness.cli.alternatives import read_alternative, save_alternative
from harness.cli.conclude import Conclusion
from harness.model.errors import HarnessError
from harness.model.words import Direction
from harness.rehearsal.migration.plan import MigrationPlan, Script
from harness.rehearsal.migration.policy import Mode, mode_of
from harness.rehearsal.migration.sources import build_plan
from harness.rehearsal.migration.statement import Control, Statement
from harness.spec.load import LoadedScenario, load_scenario
from harness.spec.scenario import AntagonistSpec, MigrationSpec, Scenario, Transaction
from harness.spec.toml_text import scenario_toml

RETRIES = 8
RETRY_DELAY = "250ms"
"""Eight retries, each after twice the pause, bear with a lock that somebody else holds for a minute."""

_PLAIN_CONTROL = frozenset(
    {
        "BEGIN",
        "BEGIN WORK",
        "BEGIN TRANSACTION",
        "START TRANSACTION",
        "COMMIT",
        "COMMIT WORK",
        "COMMIT TRANSACTION",
        "END",
    }
)


def try_remedy(
    loaded: LoadedScenario, conclusion: Conclusion, rehearse: Callable[[LoadedScenario, Path], None]
) -> None:
    """Write the alternative to `<run directory>/remedy` and have it rehearsed in `remedy/run`; says why where not.

    Nothing that goes wrong here is an error of the run that was rehearsed.
    """
    folder = conclusion.directory / FOLDER
    folder.mkdir(exist_ok=True)
    try:
        plan = build_plan(loaded.scenario, folder=loaded.folder, file=str(loaded.path))
        record, other = _written(loaded, plan, conclusion, folder)
        save_alternative(record, conclusion.directory)
        if other is not None:
            rehearse(other, folder / RUN)
    except HarnessError as error:
        record = msgspec.structs.replace(
            read_alternative(conclusion.directory) or AlternativeRecord(), why_not=error.message
        )
        save_alternative(record, conclusion.directory)


def _written(
    loaded: LoadedScenario, plan: MigrationPlan, conclusion: Conclusion, folder: Path
) -> tuple[AlternativeRecord, LoadedScenario | None]:
    """The record, and the alternative's scenario where there is one."""
    why_not = _refusal(plan)
    if why_not:
        return AlternativeRecord(why_not=why_not), None
    plan = _what_ran(plan, conclusion)
    planned = [*planned_of(plan, Direction.UP), *planned_of(plan, Direction.DOWN)]
    made = alternative(planned, conclusion.view.facts, conclusion.view.judgement.findings)
    if not made.is_different:
        nothing = "no finding has a mechanical remedy" if made.handled else "there is no finding to remedy"
        return AlternativeRecord(handled=made.handled, why_not=nothing), None
    single = len(plan.steps) == 1 and not loaded.scenario.phase
    files = _files(made, single=single, tool=plan.tool)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    scenario = _scenario(loaded, plan, made, folder=folder, single=single)
    (folder / "scenario.toml").write_text(scenario_toml(scenario), encoding="utf-8")
    return AlternativeRecord(handled=made.handled, files=tuple(files)), load_scenario(folder / "scenario.toml")


def _refusal(plan: MigrationPlan) -> str:
    if plan.command is not None:
        return "what a command sends is not at hand: only a migration of SQL files can be rewritten"
    for step in plan.steps:
        for script in (step.up, step.down):
            for statement in script.statements if script else ():
                if _unusual(statement):
                    return f"{statement.text!r} in {statement.file}: its transactions are more than BEGIN and COMMIT"
    return ""


def _what_ran(plan: MigrationPlan, conclusion: Conclusion) -> MigrationPlan:
    """The plan from the first step on that was migrated: Prisma's folder holds those too that were applied long ago."""
    if plan.tool != "prisma":
        return plan
    ran = {s.step for s in conclusion.view.facts.statements if s.direction is Direction.UP}
    names = [step.name for step in plan.steps]
    first = next((at for at, name in enumerate(names) if name in ran), 0)
    return plan.restricted_to(names[first:])


def _unusual(statement: Statement) -> bool:
    plain = " ".join(statement.text.upper().split()) in _PLAIN_CONTROL
    return statement.control in (Control.BEGIN, Control.END) and not plain


def planned_of(plan: MigrationPlan, direction: Direction) -> list[Planned]:
    """The statements of one way in the order of their execution, with the transaction each runs in."""
    found: list[Planned] = []
    transaction = 0
    for step in plan.ordered(direction):
        script = step.up if direction is Direction.UP else step.down
        if script is not None:
            for statement, number in _with_transactions(script, plan=plan, after=transaction):
                transaction = number
                ties = statement.control is Control.INNER or (
                    statement.needs_block and not statement.text.upper().startswith("SET LOCAL")
                )
                found.append(
                    Planned(
                        id=statement.id,
                        direction=direction,
                        step=step.name,
                        text=statement.text,
                        transaction=number,
                        ties=ties,
                    )
                )
    return found


def _with_transactions(script: Script, *, plan: MigrationPlan, after: int) -> list[tuple[Statement, int]]:
    mode = mode_of(script, plan=plan)
    number, inside, pairs = after + 1, False, []
    for statement in script.statements:
        if mode is not Mode.WRAPPED and not inside:
            number += 1
        begins = mode is Mode.IMPLICIT or statement.control is Control.BEGIN
        inside = (inside or begins) and statement.control is not Control.END
        pairs.append((statement, number))
    return pairs


def _files(made: Alternative, *, single: bool, tool: str) -> dict[str, str]:
    up, down = ({step: _headed(text, tool=tool) for step, text in way.items()} for way in (made.up, made.down))
    if single:
        return {"up.sql": next(iter(up.values())), **({"down.sql": next(iter(down.values()))} if down else {})}
    return {f"{step}.up.sql": text for step, text in up.items()} | {f"{s}.down.sql": text for s, text in down.items()}


def _headed(text: str, *, tool: str) -> str:
    head = ["-- The safer form, written by rehearse. A statement that fails with 55P03 is run again."]
    if tool == "prisma":
        head.append(
            "-- Prisma sends a file at once, as one transaction: give each transaction a migration.sql of its own."
        )
    return "\n".join([*head, text])


def _scenario(
    loaded: LoadedScenario, plan: MigrationPlan, made: Alternative, *, folder: Path, single: bool
) -> Scenario:
    """The same snapshot, traffic, invariants and budgets; the migration is the alternative's files."""
    replace, old = msgspec.structs.replace, loaded.scenario

    def moved(name: str) -> str:
        there = loaded.resolve(name)
        return os.path.relpath(there, folder) if name and there.exists() else name

    logs = old.traffic.from_log
    traffic = replace(
        old.traffic,
        trace=moved(old.traffic.trace),
        from_log=moved(logs) if isinstance(logs, str) else tuple(moved(name) for name in logs),
        from_statements=moved(old.traffic.from_statements),
        operation=tuple(replace(one, pgbench=moved(one.pgbench)) for one in old.traffic.operation),
        antagonist=tuple(_aimed(one, plan, made) for one in old.traffic.antagonist),
    )
    return replace(
        old,
        name=f"{old.name}, safer",
        description=f"What rehearse would write instead of {old.name}",
        snapshot=replace(
            old.snapshot,
            source=moved(old.snapshot.source),
            setup=tuple(moved(name) for name in old.snapshot.setup),
            statistics=moved(old.snapshot.statistics),
            policy=moved(old.snapshot.policy),
        ),
        migration=MigrationSpec(
            tool="sql",
            path="" if single else ".",
            up="up.sql" if single else "",
            down="down.sql" if single and made.down else "",
            transaction=Transaction.AS_WRITTEN,
            retries=RETRIES,
            retry_delay=RETRY_DELAY,
        ),
        traffic=traffic,
        invariant=tuple(replace(one, file=moved(one.file)) for one in old.invariant),
        expect={},
    )


def _aimed(antagonist: AntagonistSpec, plan: MigrationPlan, made: Alternative) -> AntagonistSpec:
    """An antagonist that stood before a statement stands before what came of it."""
    before = " ".join(antagonist.before.split()).casefold()
    for step in plan.steps:
        for statement in step.up.statements:
            named = before == statement.id.casefold() or " ".join(statement.text.split()).casefold().startswith(before)
            if before and statement.id in made.ids and named:
                return msgspec.structs.replace(antagonist, before=made.ids[statement.id])
    return antagonist
