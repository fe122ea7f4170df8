"""psql-style setup files: SQL with variables, run after the restore."""

from collections.abc import Mapping
from pathlib import Path

from harness.model.errors import SpecError
from harness.postgres.ports import Progress, Server
from harness.snapshot.clients import environment, psql_command, run_client
from harness.snapshot.messages import psql_error


def run_setup(
    server: Server,
    files: tuple[str, ...],
    *,
    folder: Path,
    variables: Mapping[str, str | float],
    on_progress: Progress | None = None,
) -> None:
    r"""Run each file of `folder` in a session of its own, in order, with `variables` as psql's `-v`.

    psql runs in `folder`, so `\i` finds what lies beside. SpecError names file, line and the first error.
    """
    told = {name: str(value) for name, value in variables.items()}
    for done, name in enumerate(files):
        if on_progress:
            on_progress("setup", done, len(files))
        file = (folder / name).resolve()
        command = psql_command(variables=told, file=str(file))
        outcome = run_client(command, env=environment(server), cwd=folder)
        if outcome.returncode != 0:
            raise _failed(folder / name, outcome.stderr, code=outcome.returncode)
    if on_progress and files:
        on_progress("setup", len(files), len(files))


def _failed(file: Path, stderr: str, *, code: int) -> SpecError:
    error = psql_error(stderr)
    if error is None:
        return SpecError(f"psql ended with code {code}", path=file)
    # An included file is named by psql, and may be another one.
    path = error.file if error.file and Path(error.file).name != file.name else file
    state = f" ({error.sqlstate})" if error.sqlstate else ""
    hint = "variables are set by [snapshot] variables" if error.sqlstate == "42601" else ""
    return SpecError(f"{error.text}{state}", path=path, key=f"line {error.line}" if error.line else "", hint=hint)
