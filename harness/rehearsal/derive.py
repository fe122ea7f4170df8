"""Operations derived for a run: once, on a clone of the snapshot that only this is done on, before the passes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec

from harness.events.traffic import StatementCompared, StatementNotCovered, WorkloadDerived
from harness.model.errors import SpecError
from harness.postgres.connect import Connection
from harness.postgres.ports import Progress
from harness.rehearsal.production import production_of, with_production_counters
from harness.rehearsal.scratch import clone_session
from harness.rehearsal.stage import Stage
from harness.rehearsal.tryout import Tryout
from harness.sandbox.choose import choose_engine
from harness.sandbox.collect import collect_everything
from harness.snapshot.prepare import prepare_snapshot
from harness.spec.load import LoadedScenario
from harness.spec.scenario import TrafficSpec
from harness.spec.workload import extend_workload
from harness.workload import auto, statements
from harness.workload.auto import derive_auto
from harness.workload.derived import Derived
from harness.workload.from_log import derive_from_log
from harness.workload.prove import prove
from harness.workload.read_catalog import read_catalog
from harness.workload.realism import check_realism
from harness.workload.statements import Database, derive_from_statements
from harness.workload.statements_file import read_statements

_SHOWN: Final = 50
"""Statements without an operation, and statements compared, that the journal keeps: those that weigh most."""


def derives(traffic: TrafficSpec) -> bool:
    """Whether [traffic] asks for derived operations."""
    return bool(traffic.auto or traffic.from_log or traffic.from_statements)


def derive_workload(stage: Stage) -> Stage:
    """The stage with the workload that its passes run: operations written by hand, then the derived ones.

    SpecError where nothing can be derived, or where the source is none.
    """
    traffic = stage.scenario.traffic
    if not derives(traffic):
        return stage
    stage.options.on_progress("derive operations", 0, None)
    with clone_session(stage.engine, stage.digest) as connection:
        tryout = Tryout(connection, seed=stage.scenario.seed, path=stage.loaded.path)
        source, name, derived = _derive(stage, tryout)
        realism = check_realism(derived, tryout)
    _refuse_nothing(stage, source, derived)
    derived = _of_the_old_version(derived, traffic)
    stage.emit(told(derived, source=source, name=name, realism=realism, at_ns=stage.clock.now_ns()))
    workload = extend_workload(traffic, derived.operations, path=stage.loaded.path, phases=stage.scenario.phase)
    return replace(stage, workload=workload)


def _of_the_old_version(derived: Derived, traffic: TrafficSpec) -> Derived:
    """What was before the migration is what the old version sends, where the scenario says what the new one does."""
    if not any(operation.version == "new" for operation in traffic.operation):
        return derived
    old = tuple(msgspec.structs.replace(operation, version="old") for operation in derived.operations)
    return replace(derived, operations=old)


def told(
    derived: Derived, *, source: str, name: str, realism: tuple[StatementCompared, ...], at_ns: int
) -> WorkloadDerived:
    """What was derived, as an event: the uncovered and the compared statements that weigh most."""
    coverage = derived.coverage
    uncovered = sorted(coverage.uncovered, key=lambda one: (-one.time_ns, -one.calls, one.statement))
    return WorkloadDerived(
        at_ns=at_ns,
        source=source,
        name=name,
        operations=len(derived.operations),
        rate=derived.rate,
        calls=coverage.calls,
        covered_calls=coverage.covered_calls,
        time_ns=coverage.time_ns,
        covered_time_ns=coverage.covered_time_ns,
        uncovered=tuple(
            StatementNotCovered(statement=one.statement, calls=one.calls, time_ns=one.time_ns, reason=one.reason)
            for one in uncovered[:_SHOWN]
        ),
        realism=realism[:_SHOWN],
        notes=derived.notes,
    )


def _derive(stage: Stage, tryout: Tryout) -> tuple[str, str, Derived]:
    """The source, the name of its file, and what it gives."""
    traffic, connection = stage.scenario.traffic, tryout.connection
    catalog = read_catalog(connection)
    if traffic.auto:
        production = production_of(stage.loaded)
        counted = with_production_counters(catalog, production) if production else catalog
        return auto.SOURCE, "", derive_auto(counted, tryout, counted_by="production's" if production else "")
    if traffic.from_log:
        paths = [stage.loaded.resolve(path) for path in traffic.logs]
        logs = [log for path in paths for log in _logs(path)]
        return "from_log", ", ".join(path.name for path in paths), prove(derive_from_log(logs, catalog), tryout)
    path = stage.loaded.resolve(traffic.from_statements)
    database = Database(catalog, connection, tryout)
    return statements.SOURCE, path.name, derive_from_statements(read_statements(path), database, name=path.name)


def _logs(path: Path) -> list[Path]:
    """The log, or those of a folder in the order of their names, which the server makes of the time."""
    return sorted(file for file in path.iterdir() if file.is_file()) if path.is_dir() else [path]


def _refuse_nothing(stage: Stage, source: str, derived: Derived) -> None:
    if derived.operations or stage.scenario.traffic.operation:
        return
    reasons = sorted({one.reason for one in derived.coverage.uncovered})
    said = f": {'; '.join(reasons[:3])}" if reasons else ": the snapshot has no tables" if source == auto.SOURCE else ""
    raise SpecError(
        f"no operation could be derived{said}",
        path=stage.loaded.path,
        key=f"traffic.{source}",
        hint="write at least one [[traffic.operation]], or load rows into the snapshot",
    )


@contextmanager
def scratch_clone(
    loaded: LoadedScenario, *, home: Path, owned: bool, on_progress: Progress | None = None
) -> Iterator[Connection]:
    """A session on a clone of the scenario's snapshot, for whoever wants to try something without a rehearsal."""
    engine = choose_engine(loaded.scenario.postgres, home=home, owned=owned, on_progress=on_progress)
    collect_everything(home)
    if engine.name == "external":
        engine.collect()
    digest = prepare_snapshot(engine, loaded, home=home, on_progress=on_progress).digest
    try:
        with clone_session(engine, digest) as connection:
            yield connection
    finally:
        if engine.name == "external":
            engine.forget(digest)
