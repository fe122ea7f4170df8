"""`rehearse init`: look at a repository, detect its migration tool, write a commented scenario."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from harness.model.errors import SpecError
from harness.spec.starter import starter

Folder = Annotated[
    Path, typer.Argument(help="The repository to look at; the scenario is written to rehearsal/ below it.")
]


@dataclass(frozen=True, slots=True)
class _Tool:
    """How a migration tool is recognised, and how it goes up and down."""

    name: str
    files: tuple[str, ...]
    up: str = ""
    down: str = ""


# Most telling first; the files are those the tools' own documentation asks for.
_TOOLS = (
    _Tool("prisma", ("**/migrations/migration_lock.toml",)),
    _Tool("alembic", ("**/alembic.ini",), "alembic upgrade head", "alembic downgrade -1"),
    _Tool("django", ("**/manage.py",), "python manage.py migrate --noinput", "python manage.py migrate APP PREVIOUS"),
    _Tool("sqitch", ("**/sqitch.plan",), "sqitch deploy --verify", "sqitch revert -y --to HEAD^"),
    _Tool("rails", ("**/db/migrate/*.rb",), "rake db:migrate", "rake db:rollback STEP=1"),
    _Tool("knex", ("**/knexfile.*",), "npx knex migrate:latest", "npx knex migrate:rollback"),
    _Tool("sql", ("**/*.up.sql", "**/up.sql")),
)
_NOT_LOOKED_AT = ("node_modules", ".venv", ".git")


def init(folder: Folder = Path()) -> None:
    """Write a commented scenario for a repository, to be completed by hand."""
    if not folder.is_dir():
        raise SpecError("is not a folder", path=folder, hint="name the repository to look at")
    target = folder / "rehearsal" / "scenario.toml"
    if target.exists():
        raise SpecError("exists already and is not overwritten", path=target, hint="edit it, or remove it first")
    tool, found = _detect(folder)
    target.parent.mkdir(exist_ok=True)
    where = Path("..") / found.relative_to(folder) if found else None
    text = starter(
        folder.resolve().name,
        path=str(where) if where and tool and not tool.up else "",
        command=(tool.up, tool.down) if tool and tool.up else None,
        cwd=str(where) if where else "",
    )
    target.write_text(text, encoding="utf-8")
    typer.echo(f"migration tool  {tool.name if tool else 'none recognised'}" + (f"  ({found})" if found else ""))
    typer.echo(f"written         {target}")
    typer.echo(f"next            complete it, then: rehearse check {target.parent}")


def _detect(folder: Path) -> tuple[_Tool | None, Path | None]:
    """The first tool whose files are there, and the folder of its migrations."""
    for tool in _TOOLS:
        for pattern in tool.files:
            for file in sorted(folder.glob(pattern)):
                if not any(part in _NOT_LOOKED_AT for part in file.parts):
                    return tool, _migrations(tool, file)
    return None, None


def _migrations(tool: _Tool, file: Path) -> Path:
    """The folder that holds all migrations: for one folder a migration, the one above."""
    return (
        file.parent.parent
        if file.name == "up.sql" and tool.name == "sql" and _is_one_of_many(file.parent)
        else file.parent
    )


def _is_one_of_many(folder: Path) -> bool:
    return any((sibling / "up.sql").exists() for sibling in folder.parent.iterdir() if sibling != folder)
