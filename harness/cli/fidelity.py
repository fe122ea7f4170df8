"""`anonymize --fidelity`: where the two dumps are restored, and what is told where one cannot be."""

import tempfile
from pathlib import Path

import typer

from harness.cli.places import state_home
from harness.model.errors import HarnessError, SandboxError
from harness.postgres.ports import Engine, Progress
from harness.sandbox.choose import choose_engine
from harness.snapshot.fidelity import FidelityReport
from harness.snapshot.formats import recognise
from harness.snapshot.intake_anonymized import dump_of
from harness.snapshot.measured import measure_fidelity
from harness.snapshot.store.shelf import Stored
from harness.spec.scenario import PostgresSpec


def comparing_engine(source: Path | Stored, *, home: Path) -> Engine:
    """An engine of the source's own version, else of the usual one. SandboxError where there is none at all."""
    header = recognise(dump_of(source)).header
    told = source.entry.source.server_version if isinstance(source, Stored) else header.server_version if header else ""
    major = told.partition(".")[0]
    if major.isdigit():
        try:
            return choose_engine(PostgresSpec(version=major), home=home)
        except SandboxError:
            typer.echo(f"no PostgreSQL {major} here: the comparison is made on another version", err=True)
    return choose_engine(PostgresSpec(), home=home)


def compared(
    engine: Engine, source: Path | Stored, target: Path, *, on_progress: Progress | None
) -> FidelityReport | None:
    """The report, or None where it could not be made: what was anonymized is not thrown away for that."""
    home = state_home()
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home, prefix=".work-") as work:
        try:
            return measure_fidelity(engine, dump_of(source), target, work=Path(work), on_progress=on_progress)
        except HarnessError as error:
            typer.echo(f"fidelity was not measured: {error}", err=True)
            return None
