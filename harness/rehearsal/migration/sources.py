"""From the scenario's [migration] and its folder to a plan: which files there are, in which order, which way."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.model.errors import SpecError
from harness.rehearsal.migration.parse import parse_script
from harness.rehearsal.migration.plan import MigrationPlan, Script, Step, numbered
from harness.spec.decode import nearest
from harness.spec.scenario import MigrationSpec, Restore, Scenario

_UP, _DOWN = "up.sql", "down.sql"
_PRISMA_SCRIPT, _PRISMA_LOCK = "migration.sql", "migration_lock.toml"
# Both keep plain SQL in a layout that the sql tool reads.
_SQL_TOOLS = ("sql", "golang-migrate", "diesel")
_SUPPORTED = ("auto", *_SQL_TOOLS, "prisma", "command")
# How each tool migrates and goes back; for the hint of a tool that has no adapter of its own.
_COMMANDS = {
    "alembic": ("alembic upgrade head", "alembic downgrade -1"),
    "django": ("python manage.py migrate --noinput", "python manage.py migrate APP PREVIOUS"),
    "dbmate": ("dbmate --no-dump-schema up", "dbmate --no-dump-schema down"),
    "sqitch": ("sqitch deploy --verify", "sqitch revert -y --to HEAD^"),
    "rails": ("rake db:migrate", "rake db:rollback STEP=1"),
    "knex": ("npx knex migrate:latest", "npx knex migrate:rollback"),
    "node-pg-migrate": ("npx node-pg-migrate up", "npx node-pg-migrate down"),
    "typeorm": ("npx typeorm migration:run -d ds.js", "npx typeorm migration:revert -d ds.js"),
    "sequelize": ("npx sequelize-cli db:migrate", "npx sequelize-cli db:migrate:undo"),
    "drizzle": ("npx drizzle-kit migrate", ""),
    "goose": ("goose up", "goose down"),
    "flyway": ("flyway migrate", "flyway undo"),
    "liquibase": ("liquibase update", "liquibase rollback-count --count=1"),
    "yoyo": ("yoyo apply --batch", "yoyo rollback --batch"),
}


@dataclass(frozen=True, slots=True)
class _Files:
    """The files of one step; `down` is where its way back is or would be."""

    name: str
    up: Path
    down: Path


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the scenario is: its file's name for messages, its folder."""

    scenario_file: str
    folder: Path

    def relative(self, path: Path) -> str:
        resolved = path.resolve()
        root = self.folder.resolve()
        return str(resolved.relative_to(root)) if resolved.is_relative_to(root) else str(path)

    def error(self, message: str, *, key: str, hint: str = "") -> SpecError:
        return SpecError(message, path=self.scenario_file, key=f"migration.{key}", hint=hint)


def build_plan(scenario: Scenario, *, folder: Path, file: str = "scenario.toml") -> MigrationPlan:
    """The plan of the scenario in `folder`; `file` is the scenario's name for messages.

    Nothing is started or connected to. With Prisma and steps = "pending", the plan holds every migration until
    `pending.only_pending` has asked the database. A step of one change is named after its up file. SpecError names
    the file or key: missing and empty files, syntax errors with line and column, unknown steps, no way back.
    """
    spec = scenario.migration
    place = _Place(file, folder)
    needs_down = scenario.rollback.run and scenario.rollback.restore is not Restore.NONE
    if spec.tool == "command" or (spec.tool == "auto" and spec.command is not None):
        return _command_plan(scenario, place=place, needs_down=needs_down)
    if spec.tool not in _SUPPORTED:
        raise _unsupported(spec.tool, place=place)
    tool, files = _files(spec, place=place)
    plan = MigrationPlan(
        tool=tool,
        steps=numbered(tuple(_step(item, tool=tool, place=place) for item in files)),
        transaction=spec.transaction,
        scenario_file=file,
        needs_down=needs_down,
    )
    if not any(step.up.statements for step in plan.steps):
        raise place.error("the migration has no statement in it", key="path")
    _check_phases(scenario, plan=plan, place=place)
    if isinstance(spec.steps, tuple):
        return plan.restricted_to(spec.steps)
    return plan if tool == "prisma" and spec.steps == "pending" else plan.checked()


def _command_plan(scenario: Scenario, *, place: _Place, needs_down: bool) -> MigrationPlan:
    spec = scenario.migration
    if spec.command is None:
        raise place.error(
            'tool = "command" needs the command to run',
            key="command",
            hint=_command_hint("npx prisma migrate deploy", "…"),
        )
    if needs_down and not spec.command.down:
        raise place.error(
            "there is no command for the way back",
            key="command.down",
            hint="write command.down, or say that there is none: [rollback] run = false",
        )
    cwd = place.folder / spec.command.cwd
    if not cwd.is_dir():
        raise place.error(f"the folder {spec.command.cwd} is not there", key="command.cwd")
    return MigrationPlan(
        tool="command",
        steps=(),
        transaction=spec.transaction,
        scenario_file=place.scenario_file,
        needs_down=needs_down,
        command=spec.command,
        cwd=str(cwd),
    )


def _unsupported(tool: str, *, place: _Place) -> SpecError:
    near = nearest(tool, (*_SUPPORTED, *_COMMANDS))
    if tool not in _COMMANDS and near:
        return place.error(f"there is no tool {tool!r}{near}", key="tool")
    up, down = _COMMANDS.get(tool, (f"{tool} …", "…"))
    return place.error(
        f"{tool!r} has no adapter of its own yet; run it as a command",
        key="tool",
        hint='tool = "command", ' + _command_hint(up, down),
    )


def _command_hint(up: str, down: str) -> str:
    way_back = f', down = "{down}"' if down else ""
    return f'command = {{ up = "{up}"{way_back} }}'


def _files(spec: MigrationSpec, *, place: _Place) -> tuple[str, list[_Files]]:
    base = place.folder / spec.path
    if spec.path and not base.exists():
        raise place.error(f"{spec.path} is not there", key="path")
    if spec.up:
        return "sql", [_one_change(spec, base=base if base.is_dir() else place.folder, place=place)]
    if base.is_file():
        return "sql", [_Files(_stem(base), base, _beside(base))]
    layouts = {"prisma": _prisma, "sql": _plain}
    wanted = "sql" if spec.tool in _SQL_TOOLS else spec.tool
    for tool, find in layouts.items():
        if wanted in ("auto", tool) and (found := find(base, place=place)):
            return tool, found
    there = ", ".join(sorted(path.name for path in base.iterdir())[:8]) or "nothing"
    raise place.error(
        f"no migration found in {spec.path or 'the folder of the scenario'}; there is: {there}",
        key="path",
        hint="write up.sql and down.sql; or NNN_name.up.sql and NNN_name.down.sql; or a folder per migration with "
        'up.sql and down.sql; or name the files: up = "change.sql", down = "undo.sql"',
    )


def _one_change(spec: MigrationSpec, *, base: Path, place: _Place) -> _Files:
    up = base / spec.up
    for key, name in (("up", spec.up), ("down", spec.down)):
        if name and not (base / name).is_file():
            raise place.error(f"{name} is not there", key=key)
    return _Files(_stem(up), up, base / spec.down if spec.down else _beside(up))


def _stem(path: Path) -> str:
    return path.name.removesuffix(".sql").removesuffix(".up") or path.name


def _beside(up: Path) -> Path:
    """Where the way back of `up` is looked for: NAME.down.sql for NAME.up.sql, else down.sql in its folder."""
    if up.name.endswith(f".{_UP}"):
        return up.with_name(up.name.removesuffix(_UP) + _DOWN)
    return up.with_name(_DOWN)


def _prisma(base: Path, *, place: _Place) -> list[_Files]:
    for root in (base, base / "migrations", base / "prisma" / "migrations"):
        scripts = sorted(root.glob(f"*/{_PRISMA_SCRIPT}"))
        if scripts:
            return [_Files(path.parent.name, path, path.with_name(_DOWN)) for path in scripts]
        if (root / _PRISMA_LOCK).exists():
            raise place.error(f"{place.relative(root)} is a folder of Prisma without a migration in it", key="path")
    return []


def _plain(base: Path, *, place: _Place) -> list[_Files]:
    if (base / _UP).is_file():
        return [_Files("up", base / _UP, base / _DOWN)]
    numbered_files = sorted(base.glob(f"*.{_UP}"), key=lambda path: _order(path.name))
    if numbered_files:
        _refuse_twins(numbered_files, place=place)
        return [_Files(_stem(path), path, _beside(path)) for path in numbered_files]
    folders = sorted((path.parent for path in base.glob(f"*/{_UP}")), key=lambda path: _order(path.name))
    return [_Files(folder.name, folder / _UP, folder / _DOWN) for folder in folders]


def _order(name: str) -> tuple[int, str]:
    """9_x comes before 10_y, and names without a number last."""
    number = _number(name)
    return (int(number), name) if number else (1 << 63, name)


def _number(name: str) -> str:
    match = re.match(r"[0-9]+", name)
    return match[0] if match else ""


def _refuse_twins(files: list[Path], *, place: _Place) -> None:
    seen: dict[int, Path] = {}
    for path in files:
        number = _number(path.name)
        if number and (twin := seen.setdefault(int(number), path)) is not path:
            raise place.error(
                f"{twin.name} and {path.name} have the same number", key="path", hint="rename one of them"
            )


def _step(files: _Files, *, tool: str, place: _Place) -> Step:
    up = _script(files.up, place=place)
    if not up.statements and tool != "prisma":
        raise SpecError("there is no statement in it", path=up.file, hint="write the migration, or remove the file")
    down = _script(files.down, place=place) if files.down.is_file() else None
    return Step(name=files.name, up=up, down=down, down_expected=place.relative(files.down))


def _script(path: Path, *, place: _Place) -> Script:
    name = place.relative(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SpecError(f"not UTF-8 (byte {error.start})", path=name, hint="save the file as UTF-8") from None
    except OSError as error:
        raise SpecError(f"cannot be read: {error.strerror}", path=name) from None
    return Script(file=name, text=text, statements=parse_script(text, file=name))


def _check_phases(scenario: Scenario, *, plan: MigrationPlan, place: _Place) -> None:
    known = {step.name for step in plan.steps}
    for name in _phase_steps(scenario):
        if name not in known:
            raise SpecError(
                f"there is no step {name!r}{nearest(name, known)}",
                path=place.scenario_file,
                key="phase.steps",
            )


def _phase_steps(scenario: Scenario) -> Iterator[str]:
    for phase in scenario.phase:
        yield from phase.steps
