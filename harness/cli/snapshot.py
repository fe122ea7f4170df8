"""`rehearse snapshot …`: production-like data, taken in once, kept under a name."""

import os
from pathlib import Path
from typing import Annotated

import typer

from harness.cli.places import state_home
from harness.cli.progress import progress_bar
from harness.cli.store_lines import details, listing
from harness.model.errors import SnapshotError, SpecError
from harness.model.units import format_bytes
from harness.postgres.ports import Progress
from harness.sandbox.collect import forget_snapshot
from harness.snapshot.archives import jobs as default_jobs
from harness.snapshot.fidelity import fidelity_text
from harness.snapshot.intake import Taken, describe_content
from harness.snapshot.intake_data import take_data_directory
from harness.snapshot.intake_dump import take_dump
from harness.snapshot.intake_live import take_database
from harness.snapshot.measured import read_fidelity
from harness.snapshot.store.check import differences
from harness.snapshot.store.portable import export_tar, peek_name, unpack
from harness.snapshot.store.room import make_room, store_limit, sweep, used
from harness.snapshot.store.shelf import Shelf, Stored

Name = Annotated[str, typer.Argument(metavar="NAME", help='What a scenario calls it: source = "NAME".')]
Limit = Annotated[
    str,
    typer.Option("--limit", help="Size of the store, like 50GB; else REHEARSE_STORE_LIMIT, else half the disk."),
]
Jobs = Annotated[int | None, typer.Option("--jobs", "-j", min=1, help="How many work at once.")]
Replace = Annotated[bool, typer.Option("--replace", help="Replace the snapshot of that name, at the end and at once.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def create(
    name: Name,
    dsn: Annotated[str, typer.Option("--dsn", help="Dump this database, primary or standby; it is only read.")] = "",
    dsn_env: Annotated[
        str, typer.Option("--dsn-env", metavar="VAR", help="As --dsn, from a variable, so that no history keeps it.")
    ] = "",
    dump: Annotated[
        Path | None, typer.Option("--from", help="A dump: custom, directory, tar, plain; also .gz or .zst.")
    ] = None,
    data_directory: Annotated[
        Path | None, typer.Option("--data-directory", help="A stopped server's files, as they are.")
    ] = None,
    base_backup: Annotated[
        Path | None, typer.Option("--base-backup", help="What pg_basebackup -Fp wrote, as it is.")
    ] = None,
    database: Annotated[
        str, typer.Option("--database", help="Which one to rehearse on, of a data directory with several.")
    ] = "",
    jobs: Jobs = None,
    schema_only: Annotated[
        list[str] | None,
        typer.Option("--schema-only", metavar="TABLE", help="Leave out this table's rows (a pattern, as in psql)."),
    ] = None,
    link: Annotated[bool, typer.Option("--link", help="With --from: hard links instead of a copy.")] = False,
    replace: Replace = False,
    limit: Limit = "",
) -> None:
    """Take in a database, a dump or a server's files, and keep it under NAME."""
    _one_of(dsn=dsn, dsn_env=dsn_env, source=dump, data_directory=data_directory, base_backup=base_backup)
    dsn = dsn or _from_variable(dsn_env)
    if schema_only and not dsn:
        raise SpecError("is for --dsn and --dsn-env only", path="--schema-only", hint="a dump holds what it holds")
    if database and not (data_directory or base_backup):
        raise SpecError("is for --data-directory and --base-backup only", path="--database")

    def take(partial: Path, on_progress: Progress) -> Taken:
        if dsn:
            return take_database(
                dsn, partial, jobs=jobs or default_jobs(), schema_only=schema_only or (), on_progress=on_progress
            )
        if dump:
            return take_dump(dump, partial, link=link, on_progress=on_progress)
        files = data_directory or base_backup
        assert files is not None  # noqa: S101 - one of them was given
        return take_data_directory(files, partial, database=database, on_progress=on_progress)

    home = state_home()
    shelf, limit_bytes = Shelf(home), store_limit(home, given=limit)
    with progress_bar(name) as on_progress, shelf.making(name, replace=replace) as partial:
        taken = take(partial, on_progress)
        entry = describe_content(partial, name, taken, limit_bytes=limit_bytes, on_progress=on_progress)
        stored = shelf.publish(partial, entry, replace=replace)
    report_stored(stored, home=home, limit_bytes=limit_bytes)


def import_(
    source: Annotated[Path, typer.Argument(metavar="FILE.tar|DIR", help="What `rehearse snapshot export` wrote.")],
    name: Annotated[str, typer.Option("--name", help="Store it under this name instead of its own.")] = "",
    replace: Replace = False,
    limit: Limit = "",
) -> None:
    """Take in a snapshot that was exported elsewhere; every digest is checked."""
    home = state_home()
    shelf, limit_bytes = Shelf(home), store_limit(home, given=limit)
    wanted = name or peek_name(source)
    with progress_bar(wanted) as on_progress, shelf.making(wanted, replace=replace) as partial:
        entry = unpack(source, partial, name=wanted, on_progress=on_progress)
        if entry.size_bytes > limit_bytes:
            raise SnapshotError(
                f"the snapshot takes {format_bytes(entry.size_bytes)}, the store may take {format_bytes(limit_bytes)}",
                hint="give a higher --limit, or set REHEARSE_STORE_LIMIT",
            )
        stored = shelf.publish(partial, entry, replace=replace)
    report_stored(stored, home=home, limit_bytes=limit_bytes)


def export(name: Name, target: Annotated[Path, typer.Argument(metavar="FILE.tar")]) -> None:
    """Write a snapshot into one file, to be imported on another machine."""
    if target.exists():
        raise SnapshotError(f"{target} is there already", hint="choose another file")
    with progress_bar(name) as on_progress, Shelf(state_home()).reading(name) as stored:
        export_tar(stored, target, on_progress=on_progress)
    typer.echo(f"written: {target}")


def list_() -> None:
    """What is stored: kind, size, age, rows, whether anonymized, when last used."""
    home = state_home()
    shelf = Shelf(home)
    for line in listing(shelf.all(), used=used(shelf, home, limit_bytes=store_limit(home))):
        typer.echo(line)


def show(
    name: Name,
    fidelity: Annotated[
        bool, typer.Option("--fidelity", help="Also every figure that `anonymize --fidelity` compared.")
    ] = False,
) -> None:
    """Where a snapshot came from and what it holds."""
    stored = Shelf(state_home()).get(name)
    for line in details(stored):
        typer.echo(line)
    if not fidelity:
        return
    report = read_fidelity(stored.folder)
    if report is None:
        raise SnapshotError(
            f"the snapshot {name} was not compared with what it was made from",
            hint="make it again with `rehearse snapshot anonymize … --fidelity`",
        )
    typer.echo(f"\n{fidelity_text(report, everything=True)}", nl=False)


def verify(name: Name) -> None:
    """Read every file of a snapshot and compare its digest; exit code 4 where one differs."""
    with progress_bar(name) as on_progress, Shelf(state_home()).reading(name) as stored:
        found = differences(stored, on_progress=on_progress)
    for one in found:
        typer.echo(f"{one.file}: {one.what}")
    if found:
        raise SnapshotError(
            f"{len(found)} of {len(stored.entry.files)} files of the snapshot {name} are not as stored",
            hint="remove it and make it again, or import it again",
        )
    typer.echo(f"{name}: {len(stored.entry.files)} files, {format_bytes(stored.entry.size_bytes)}, all as stored")


def remove(name: Name, yes: Yes = False) -> None:
    """Remove a snapshot and the copies that were prepared from it."""
    home = state_home()
    shelf = Shelf(home)
    stored = shelf.get(name)
    if not yes:
        what = f"{name} ({stored.entry.kind}, {format_bytes(stored.entry.size_bytes)})"
        typer.confirm(f"Remove the snapshot {what} for good?", abort=True)
    shelf.remove(name)
    typer.echo(f"removed snapshot {name} ({format_bytes(stored.entry.size_bytes)})")
    for line in sweep(shelf, home, forget=lambda digest: forget_snapshot(home, digest)):
        typer.echo(f"removed {line}")


def report_stored(stored: Stored, *, home: Path, limit_bytes: int) -> None:
    """Say what was stored, and make room for it by what has not been used for longest."""
    for line in details(stored):
        typer.echo(line)
    shelf = Shelf(home)
    forget = lambda digest: forget_snapshot(home, digest)  # noqa: E731 - one name for one line
    for line in make_room(shelf, home, limit_bytes=limit_bytes, forget=forget, keep=stored.name):
        typer.echo(f"removed {line}")


def _one_of(**given: str | Path | None) -> None:
    names = {"dsn_env": "--dsn-env", "source": "--from", "dsn": "--dsn"}
    chosen = [names.get(key, f"--{key.replace('_', '-')}") for key, value in given.items() if value]
    if len(chosen) != 1:
        what = f"{' and '.join(chosen)} exclude each other" if chosen else "nothing to take in"
        ways = "--dsn, --dsn-env, --from, --data-directory or --base-backup"
        raise SpecError(what, path="snapshot create", hint=f"give one of {ways}")


def _from_variable(name: str) -> str:
    if name and not os.environ.get(name):
        raise SpecError(f"the variable {name} is not set", path="--dsn-env", hint=f"export {name}=postgresql://…")
    return os.environ.get(name, "") if name else ""
