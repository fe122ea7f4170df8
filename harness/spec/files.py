"""The files that a scenario names: each must be there before anything is started."""

import re
from collections.abc import Iterator
from pathlib import Path

from harness.model.errors import SpecError
from harness.spec.decode import nearest, quote
from harness.spec.scenario import Scenario
from harness.spec.schedule import load_trace

STORED_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
"""A stored snapshot's name: without dot and slash, so that it cannot be taken for a file's."""


def check_files(scenario: Scenario, *, path: Path) -> None:
    """SpecError for the first file or folder that the scenario at `path` names and that is not there."""
    folder = path.parent
    _check_source(scenario, path=path)
    for key, name in _named_files(scenario):
        if not _is(folder / name, folder_too=False):
            raise _missing(name, key=key, path=path)
    for key, name in _named_places(scenario):
        if not _is(folder / name, folder_too=True):
            raise _missing(name, key=key, path=path)
    _check_trace(scenario, folder=folder)


def _named_files(scenario: Scenario) -> Iterator[tuple[str, str]]:
    for index, name in enumerate(scenario.snapshot.setup):
        yield f"snapshot.setup[{index}]", name
    if scenario.snapshot.policy:
        yield "snapshot.policy", scenario.snapshot.policy
    if scenario.snapshot.statistics:
        yield "snapshot.statistics", scenario.snapshot.statistics
    if scenario.migration.up:
        yield "migration.up", scenario.migration.up
    if scenario.migration.down:
        yield "migration.down", scenario.migration.down
    for index, operation in enumerate(scenario.traffic.operation):
        if operation.pgbench:
            yield f"traffic.operation[{index}].pgbench", operation.pgbench
    for key in ("trace", "from_statements"):
        if getattr(scenario.traffic, key):
            yield f"traffic.{key}", getattr(scenario.traffic, key)
    for index, invariant in enumerate(scenario.invariant):
        if invariant.file:
            yield f"invariant[{index}].file", invariant.file


def _named_places(scenario: Scenario) -> Iterator[tuple[str, str]]:
    if scenario.migration.path:
        yield "migration.path", scenario.migration.path
    yield from (("traffic.from_log", path) for path in scenario.traffic.logs)
    if scenario.migration.command is not None:
        yield "migration.command.cwd", scenario.migration.command.cwd


def _check_source(scenario: Scenario, *, path: Path) -> None:
    source, key = scenario.snapshot.source, "snapshot.source"
    if not source or _is(path.parent / source, folder_too=True):
        return
    # What is stored is known only to the machine that runs it.
    if not STORED_NAME.fullmatch(source):
        raise _missing(source, key=key, path=path)


def _check_trace(scenario: Scenario, *, folder: Path) -> None:
    """Read the recorded arrivals; its names are those of the operations, unless more of them are derived later."""
    traffic = scenario.traffic
    if traffic.trace:
        names = None if traffic.is_derived else [operation.name for operation in traffic.operation]
        load_trace(folder / traffic.trace, operations=names)


def _missing(name: str, *, key: str, path: Path) -> SpecError:
    there = _is(path.parent / name, folder_too=True)
    what = "is a folder, not a file" if there else "does not exist"
    return SpecError(
        f"{quote(name)} {what}{_similar(name, folder=path.parent)}",
        path=path,
        key=key,
        hint=f"paths are relative to {path.parent or '.'}",
    )


def _similar(name: str, *, folder: Path) -> str:
    wanted = Path(name)
    try:
        beside = [str(wanted.parent / entry.name) for entry in (folder / wanted.parent).iterdir()]
    except OSError:
        return ""
    return nearest(str(wanted), beside)


def _is(path: Path, *, folder_too: bool) -> bool:
    try:
        return path.is_file() or (folder_too and path.is_dir())
    except OSError:  # a name longer than the filesystem takes, a folder that must not be entered
        return False
