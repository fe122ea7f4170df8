"""Production's statistics in a run: notes on how far the snapshot is from it, and weights for derived operations."""

from dataclasses import replace

from harness.events.run import QualityNoted
from harness.events.state import ProductionSized, ProductionTable
from harness.model.errors import SnapshotError, SpecError
from harness.rehearsal.scratch import clone_session
from harness.rehearsal.stage import Stage
from harness.snapshot.production import counted, size_notes
from harness.snapshot.statistics import ProductionStatistics, export_statistics, read_statistics
from harness.spec.load import LoadedScenario
from harness.workload.catalog import Catalog, Counters


def production_of(loaded: LoadedScenario) -> ProductionStatistics | None:
    """The statistics that [snapshot] names, None where it names none; SpecError where the file holds none."""
    name = loaded.scenario.snapshot.statistics
    if not name:
        return None
    try:
        return read_statistics(loaded.resolve(name))
    except SnapshotError as error:
        raise SpecError(error.message, path=loaded.path, key="snapshot.statistics", hint=error.hint) from None


def note_sizes(stage: Stage) -> None:
    """Tell where tables are of another size than in production; nothing without production's statistics."""
    production = production_of(stage.loaded)
    if production is None:
        return
    stage.emit(
        ProductionSized(
            at_ns=stage.clock.now_ns(),
            tables=tuple(
                ProductionTable(
                    relation=table.qualified,
                    partition_of=table.partition_of,
                    rows=table.rows,
                    heap_bytes=table.heap_bytes,
                )
                for table in production.tables
                if not table.partitioned
            ),
            settings=dict(production.settings),
        )
    )
    with clone_session(stage.engine, stage.digest) as connection:
        here = export_statistics(connection)
    for note in size_notes(production, here):
        stage.emit(
            QualityNoted(at_ns=stage.clock.now_ns(), subject="production's size", message=note, inconclusive=False)
        )


def with_production_counters(catalog: Catalog, production: ProductionStatistics) -> Catalog:
    """The catalog with what production counted instead of what this fresh server did."""
    counters = {name: Counters(*numbers) for name, numbers in counted(production).items()}
    tables = (replace(table, counters=counters.get(table.qualified, Counters())) for table in catalog.tables)
    return Catalog(tuple(tables))
