"""The fidelity of an anonymized dump, measured: both dumps restored in turn, and their statistics compared."""

from pathlib import Path
from typing import Final

import msgspec

from harness.model.words import Role
from harness.postgres.connect import connect
from harness.postgres.ports import Engine, Progress
from harness.snapshot.fidelity import FidelityReport, changed_tables, compare_statistics, fidelity_json
from harness.snapshot.prepare import vacuum_analyze
from harness.snapshot.restore import restore
from harness.snapshot.statistics import ProductionStatistics, export_statistics

FIDELITY_FILE: Final = "fidelity.json"
"""Beside `snapshot.json` of an anonymized snapshot that was compared with what it was made from."""

_TABLES_TOLD: Final = 5


def measure_fidelity(
    engine: Engine, before: Path, after: Path, *, work: Path, on_progress: Progress | None = None
) -> FidelityReport:
    """What ANALYZE sees differently in `after` than in `before`, both restored into servers of `engine`.

    `work` is for what must be unpacked. RestoreError where one of them does not restore; no server is left.
    """
    first = _statistics(engine, before, what="restore the original", work=work, on_progress=on_progress)
    second = _statistics(engine, after, what="restore the anonymized", work=work, on_progress=on_progress)
    return compare_statistics(first, second)


def fidelity_note(report: FidelityReport) -> str:
    """One line for a snapshot's notes: how many figures changed, and in which tables."""
    changed, total = len(report.changed), len(report.differences)
    if not changed:
        return f"fidelity: none of {total} figures of pg_stats and sizes changed"
    names = changed_tables(report)
    more = f" and {len(names) - _TABLES_TOLD} more" if len(names) > _TABLES_TOLD else ""
    return f"fidelity: {changed} of {total} figures changed, in {', '.join(names[:_TABLES_TOLD])}{more}"


def write_fidelity(report: FidelityReport, folder: Path) -> None:
    """Keep the report in the folder of the snapshot it is about."""
    (folder / FIDELITY_FILE).write_bytes(fidelity_json(report))


def read_fidelity(folder: Path) -> FidelityReport | None:
    """The report kept with a snapshot; None where none was made, or where another version wrote it."""
    try:
        return msgspec.json.decode((folder / FIDELITY_FILE).read_bytes(), type=FidelityReport)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def _statistics(
    engine: Engine, dump: Path, *, what: str, work: Path, on_progress: Progress | None
) -> ProductionStatistics:
    if on_progress:
        on_progress(what, 0, None)
    server = engine.provision()
    try:
        restore(dump, server, extensions=(), work=work, on_progress=on_progress)
        vacuum_analyze(server, on_progress=on_progress)
        with connect(server.conninfo(application_name=Role.HARNESS.application_name)) as connection:
            return export_statistics(connection)
    finally:
        server.discard()
