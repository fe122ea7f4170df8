"""What an aimed antagonist stands before: statements of the plan, by number, by step, or by their beginning."""

from collections.abc import Iterator
from pathlib import Path

from harness.model.errors import SpecError
from harness.rehearsal.migration.plan import MigrationPlan, Script
from harness.spec.decode import nearest


def aims_of(before: str, plan: MigrationPlan | None, *, path: Path | str, key: str) -> frozenset[str]:
    """The ids of the statements that `before` names: one (S3), a step's first, or all that begin so.

    SpecError where it names nothing, or where a tool's own process applies the plan: only a step or the start of the
    migration that the harness itself sends can be waited for.
    """
    if plan is None or plan.command is not None:
        raise SpecError(
            "a tool's own process applies this migration, nothing can be aimed at inside it",
            path=path,
            key=key,
            hint='place the antagonist before the tool starts: before_migration = "500ms"',
        )
    found = _named(before.strip(), plan)
    if not found:
        ids = [id_ for script in _scripts(plan) for id_, _ in _numbered(script)]
        known = [*ids, *(step.name for step in plan.steps)]
        raise SpecError(
            f"no statement and no step is {before!r}{nearest(before, known)}",
            path=path,
            key=key,
            hint=f"a statement ({ids[0]} to {ids[-1]}), a step's name, or how a statement begins" if ids else "",
        )
    return frozenset(found)


def _named(before: str, plan: MigrationPlan) -> list[str]:
    every = [pair for script in _scripts(plan) for pair in _numbered(script)]
    by_id = [id_ for id_, _ in every if id_ == before.upper()]
    if by_id:
        return by_id
    by_step = [next(_numbered(step.up), ("", ""))[0] for step in plan.steps if step.name == before]
    if by_step:
        return [id_ for id_ in by_step if id_]
    beginning = _plain(before)
    return [id_ for id_, text in every if beginning and _plain(text).startswith(beginning)]


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _scripts(plan: MigrationPlan) -> Iterator[Script]:
    for step in plan.steps:
        yield step.up
    for step in reversed(plan.steps):
        if step.down is not None:
            yield step.down


def _numbered(script: Script) -> Iterator[tuple[str, str]]:
    return ((statement.id, statement.text) for statement in script.statements if statement.id)
