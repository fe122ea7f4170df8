"""`rehearse traffic auto` and `rehearse traffic from-statements`: operations to keep and to edit."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from harness.cli.output import check_writable
from harness.cli.traffic import Clone, Dsn, Out, Owned, give
from harness.cli.tryouts import database_of, print_realism
from harness.events.traffic import StatementCompared
from harness.model.errors import SpecError
from harness.model.units import NS_PER_S, parse_duration
from harness.rehearsal.tryout import Tryout
from harness.workload.auto import derive_auto
from harness.workload.derived import Derived
from harness.workload.read_catalog import read_catalog
from harness.workload.realism import check_realism
from harness.workload.statements import Database, derive_from_statements
from harness.workload.statements_file import RecordedStatements, read_statements
from harness.workload.write_log import traffic_toml


def auto(
    scenario: Annotated[
        Path | None, typer.Argument(help="A scenario: operations are derived, and tried, on a clone of its snapshot.")
    ] = None,
    dsn: Dsn = "",
    out: Out = None,
    owned: Owned = False,
) -> None:
    """Derive reads, writes and joins of every table from a database's catalog."""
    if (scenario is None) == (not dsn):
        raise SpecError("give either a scenario or --dsn", path="rehearse traffic auto", hint="see --help")
    check_writable(out)
    with database_of(scenario, dsn, owned=owned) as tryout:
        derived = _with_note(derive_auto(read_catalog(tryout.connection), tryout), tryout)
    if not derived.operations:
        raise SpecError("no operation could be derived", path=scenario or "--dsn", hint="has the database any table?")
    give(derived, traffic_toml(derived), out=out)


def from_statements(
    file: Annotated[Path, typer.Argument(help="Export of pg_stat_statements: CSV with a header, or JSON rows.")],
    dsn: Dsn = "",
    scenario: Clone = None,
    out: Out = None,
    window: Annotated[str, typer.Option("--window", help="How long the statistics counted, like 24h.")] = "",
    since: Annotated[
        str, typer.Option("--since", help="When they began (stats_reset), where the export says when it was made.")
    ] = "",
    dbid: Annotated[str, typer.Option("--dbid", help="Only the statements of this database.")] = "",
    owned: Owned = False,
) -> None:
    """Derive an operation for each statement of pg_stat_statements, as often as it was called."""
    check_writable(out)
    recorded = read_statements(file, dbid=dbid)
    window_ns = _window(recorded, window, since)
    compared: Sequence[StatementCompared] = ()
    if scenario is None and not dsn:
        derived = derive_from_statements(recorded, Database(), name=file.name, window_ns=window_ns)
    else:
        with database_of(scenario, dsn, owned=owned) as tryout:
            database = Database(read_catalog(tryout.connection), tryout.connection, tryout)
            derived = _with_note(
                derive_from_statements(recorded, database, name=file.name, window_ns=window_ns), tryout
            )
            compared = check_realism(derived, tryout)
    _refuse_nothing(derived, file)
    give(derived, traffic_toml(derived), out=out)
    print_realism(compared, out=out)


def _with_note(derived: Derived, tryout: Tryout) -> Derived:
    if tryout.writable:
        return derived
    note = "Writes were prepared, not run: --dsn names a database that may be somebody's. A scenario's clone runs them."
    return replace(derived, notes=(*derived.notes, note))


def _refuse_nothing(derived: Derived, file: Path) -> None:
    if not derived.operations:
        reasons = sorted({one.reason for one in derived.coverage.uncovered})
        raise SpecError(f"no operation could be derived: {'; '.join(reasons[:3])}", path=file)


def _window(recorded: RecordedStatements, window: str, since: str) -> int | None:
    """How long the statistics counted by the command line; None: as the file says."""
    try:
        if window:
            return parse_duration(window) or None
        if since:
            began = datetime.fromisoformat(since)
            began = began if began.tzinfo else began.replace(tzinfo=UTC)
            counted: timedelta = (recorded.until or datetime.now(UTC)) - began
            if counted <= timedelta(0):
                raise SpecError("lies after the export", path="--since", hint="give stats_reset, with its time zone")
            return round(counted.total_seconds() * NS_PER_S)
    except ValueError as error:
        raise SpecError(str(error), path="--window" if window else "--since", hint="like 24h; ISO 8601") from None
    return None
