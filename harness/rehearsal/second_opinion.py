"""squawk, a linter of migrations, asked where it is installed: what it predicts is held against what was measured."""

import shutil
import subprocess
from collections.abc import Iterator

import msgspec

from harness.events.opinion import OpinionGiven, Remark
from harness.model.clock import Clock
from harness.model.redaction import mask_credentials
from harness.rehearsal.migration.plan import MigrationPlan, Script
from harness.rehearsal.migration.policy import Mode, mode_of
from harness.rehearsal.stage import Stage

TOOL = "squawk"
TIMEOUT_S = 30
"""It reads one file in 0.1 s; what lasts longer hangs."""


class _Told(msgspec.Struct, frozen=True):
    """One remark as squawk's JSON reporter writes it; its lines count from 0."""

    rule_name: str
    level: str
    line: int
    message: str


def ask_second_opinion(stage: Stage) -> None:
    """Journal what squawk says of the files going up; nothing where a tool's own process has them."""
    if stage.plan.steps:
        stage.emit(opinion(stage.plan, folder=str(stage.loaded.folder), version=_major(stage), clock=stage.clock))


def opinion(plan: MigrationPlan, *, folder: str, version: str, clock: Clock) -> OpinionGiven:
    """What squawk says; a failure of it is told and changes nothing."""
    program = shutil.which(TOOL)
    if program is None:
        return OpinionGiven(at_ns=clock.now_ns(), tool=TOOL, version="", outcome="missing")
    own = ""
    try:
        own = _run([program, "--version"], folder=folder).strip().removeprefix(TOOL).strip()
        remarks = tuple(r for step in plan.steps for r in _remarks(program, step.up, plan, folder, version))
    except (OSError, subprocess.SubprocessError, msgspec.MsgspecError) as error:
        said = mask_credentials(str(error).splitlines()[0][:200])
        return OpinionGiven(at_ns=clock.now_ns(), tool=TOOL, version=own, outcome="failed", detail=said)
    return OpinionGiven(at_ns=clock.now_ns(), tool=TOOL, version=own, outcome="given", remarks=remarks)


def _remarks(program: str, script: Script, plan: MigrationPlan, folder: str, version: str) -> Iterator[Remark]:
    wrapped = ["--assume-in-transaction"] if mode_of(script, plan=plan) is not Mode.AS_WRITTEN else []
    command = [program, "--reporter=Json", f"--pg-version={version}", *wrapped, script.file]
    for told in msgspec.json.decode(_run(command, folder=folder) or "[]", type=list[_Told]):
        yield Remark(
            rule=told.rule_name, level=told.level.lower(), file=script.file, line=told.line + 1, message=told.message
        )


def _run(command: list[str], *, folder: str) -> str:
    """Its output; exit code 1 says no more than that there are remarks."""
    done = subprocess.run(command, cwd=folder or ".", capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    if done.returncode not in (0, 1):
        raise subprocess.SubprocessError(f"exit code {done.returncode}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def _major(stage: Stage) -> str:
    return f"{stage.scenario.postgres.version.split('.')[0]}.0"
