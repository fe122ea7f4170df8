"""`rehearse snapshot stats` and `fidelity`: numbers about a database, and two of them side by side."""

import os
from pathlib import Path
from typing import Annotated

import psycopg
import typer

from harness.model.errors import SandboxError, SpecError
from harness.model.redaction import redact_message
from harness.model.words import Role
from harness.postgres.connect import connect
from harness.snapshot.fidelity import compare_statistics, fidelity_json, fidelity_text
from harness.snapshot.statistics import ProductionStatistics, export_statistics, read_statistics, statistics_json


def stats(
    dsn: Annotated[str, typer.Option("--dsn", help="The database; it is only asked for its statistics.")] = "",
    dsn_env: Annotated[
        str, typer.Option("--dsn-env", metavar="VAR", help="As --dsn, from a variable, so that no history keeps it.")
    ] = "",
) -> None:
    """Write a database's statistics as JSON: names and numbers, no value of any row."""
    if bool(dsn) == bool(dsn_env):
        raise SpecError("say which database", path="rehearse snapshot stats", hint="give --dsn or --dsn-env")
    told = dsn or os.environ.get(dsn_env, "")
    if not told:
        raise SpecError(f"the variable {dsn_env} is not set", path="rehearse snapshot stats", key="--dsn-env")
    typer.echo(statistics_json(_of_database(told, name="the database")), nl=False)


def fidelity(
    before: Annotated[str, typer.Argument(metavar="BEFORE", help="A file of `snapshot stats`, or a DSN.")],
    after: Annotated[str, typer.Argument(metavar="AFTER", help="The same, of the other database.")],
    json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Also the figures that did not change.")] = False,
) -> None:
    """Compare the statistics of two databases: what the planner of the second sees differently."""
    report = compare_statistics(_side(before, name="BEFORE"), _side(after, name="AFTER"))
    if json:
        typer.echo(fidelity_json(report), nl=False)
    else:
        typer.echo(fidelity_text(report, everything=everything), nl=False)


def _side(source: str, *, name: str) -> ProductionStatistics:
    is_dsn = "://" in source or "=" in source
    return _of_database(source, name=name) if is_dsn else read_statistics(Path(source))


def _of_database(dsn: str, *, name: str) -> ProductionStatistics:
    try:
        given = psycopg.conninfo.make_conninfo(dsn, application_name=Role.HARNESS.application_name)
        with connect(given) as connection:
            connection.execute("SET default_transaction_read_only = on")
            return export_statistics(connection)
    except psycopg.Error as error:
        said = (str(error).splitlines() or [""])[0] if error.sqlstate is None else error.diag.message_primary or ""
        raise SandboxError(f"{name} does not answer: {redact_message(said, sqlstate=error.sqlstate or '')}") from None
