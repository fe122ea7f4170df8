"""The trace pass against the measured truth of labelled migrations, where there is a folder of them."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from psycopg.conninfo import conninfo_to_dict

from harness.events.migration import LocksTaken, WorkDone
from harness.model.locks import LockMode
from harness.postgres.binaries import find_client
from harness.rehearsal.migration.relations import read_relations
from harness.rehearsal.migration.sources import build_plan
from harness.spec.scenario import MigrationSpec, Transaction
from tests.postgres.migration.conftest import Database, run_plan, scenario_of

_ENVIRONMENT = "REHEARSE_CASES"
_CASES = Path(os.environ.get(_ENVIRONMENT) or Path(__file__).resolve().parents[4] / "shared" / "cases")
_NAMES = sorted(path.parent.name for path in _CASES.glob("*/truth.json"))
_ROWS = 20_000
_TABLES = frozenset("rpm")

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(not _NAMES, reason=f"no labelled cases here; name their folder in {_ENVIRONMENT}"),
]


def _set_up(database: Database, folder: Path) -> None:
    settings = conninfo_to_dict(database.conninfo(application_name="setup"))
    environment = {f"PG{key.upper()}": str(value) for key, value in settings.items()}
    environment["PGDATABASE"] = environment.pop("PGDBNAME")
    environment["PGAPPNAME"] = environment.pop("PGAPPLICATION_NAME")
    psql = find_client("psql", database.version_num // 10000)
    command = [str(psql), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-v", f"rows={_ROWS}", "-f", str(folder / "setup.sql")]
    subprocess.run(command, check=True, env={**os.environ, **environment}, capture_output=True)


def _truth(folder: Path, *, major: int) -> dict[str, Any]:
    truth: dict[str, Any] = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    return {**truth, **truth.get("by_version", {}).get(str(major), {})}


def _plain(name: str) -> str:
    return name.removeprefix("public.").replace('"', "")


@pytest.mark.parametrize("name", _NAMES)
def test_strongest_locks_and_rewrites_are_those_measured(name: str, database: Database) -> None:
    folder = _CASES / name
    truth = _truth(folder, major=database.version_num // 10000)
    _set_up(database, folder)
    with database.connect() as connection:
        before = read_relations(connection)
    spec = MigrationSpec(transaction=Transaction.AS_WRITTEN)
    run = run_plan(build_plan(scenario_of(spec, down=False), folder=folder), spec=spec, server=database, trace=True)

    found: dict[str, LockMode] = {}
    for event in run.of(LocksTaken):
        for lock in event.locks:
            if lock.existed and lock.oid in before and lock.kind in _TABLES:
                relation = _plain(before[lock.oid].name)
                found[relation] = max(found.get(relation, LockMode.ACCESS_SHARE), LockMode.from_pg(lock.mode))
    wanted = {_plain(lock["relation"]): LockMode.from_pg(lock["mode"]) for lock in truth["locks"]}
    assert _telling(found) == _telling(wanted)

    rewritten = {_plain(e.relation) for e in run.of(WorkDone, rewritten=True) if e.kind in ("r", "m")}
    assert rewritten == {_plain(relation) for relation in truth["rewrites"]}
    assert (run.outcomes[next(iter(run.outcomes))].sqlstate or None) == truth["up_fails"]


def _telling(locks: dict[str, LockMode]) -> dict[str, str]:
    """Modes weaker than ROW EXCLUSIVE depend on what else a statement looks at; the truth calls them informative."""
    return {name: mode.pg_name for name, mode in locks.items() if mode >= LockMode.ROW_EXCLUSIVE}
