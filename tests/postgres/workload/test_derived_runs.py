"""Rehearsals whose traffic is derived: journaled, run in both passes, refused before anything where nothing can be."""

import shutil
from pathlib import Path

import pytest

from harness.events.codec import decode_events
from harness.events.traffic import OperationDeclared, OperationFailed, TrafficEnded, WorkloadDerived
from harness.model.errors import SpecError
from harness.rehearsal.conductor import rehearse
from harness.rehearsal.options import Options
from harness.spec.load import load_scenario
from tests.postgres.rehearsal.rehearsals import write_files
from tests.postgres.workload.conftest import SHOP

pytestmark = pytest.mark.postgres

HEAD = """
    name = "derived"
    [probe]
    versions = false
    queue = false
    deadlock = false
    [postgres]
    engine = "embedded"
    version = "18"
    settings = { fsync = "off" }
    [migration]
    up = "up.sql"
    down = "down.sql"
    [traffic]
    rate = 100
    actors = 4
    baseline = "1s"
    settle = "500ms"
"""
MIGRATION = {
    "up.sql": "ALTER TABLE orders ADD COLUMN source text;",
    "down.sql": "ALTER TABLE orders DROP COLUMN source;",
}


def run(folder: Path, home: Path, text: str, files: dict[str, str]) -> tuple[object, ...]:
    """The events of a rehearsal."""
    write_files(folder, {**MIGRATION, **files})
    (folder / "scenario.toml").write_text("\n".join(line.strip() for line in (HEAD + text).splitlines()))
    options = Options(home=home, out=folder / "out", run_id="derived", command=())
    directory = rehearse(load_scenario(folder / "scenario.toml"), options)
    lines = directory.events.read_bytes().splitlines(keepends=True)[1:]
    return tuple(decode_events(lines, path="events"))


def the_workload(events: tuple[object, ...]) -> WorkloadDerived:
    """What was derived, once."""
    (derived,) = (event for event in events if isinstance(event, WorkloadDerived))
    return derived


def assert_nothing_failed(events: tuple[object, ...]) -> None:
    """Traffic ran, and no operation failed."""
    (ended,) = (event for event in events if isinstance(event, TrafficEnded))
    assert (ended.failed, [event for event in events if isinstance(event, OperationFailed)]) == (0, [])
    assert ended.completed > 100


@pytest.mark.slow
def test_operations_from_statements_beside_one_by_hand(home: Path, tmp_path: Path) -> None:
    shutil.copy(Path(__file__).parent / "shop_statements.csv", tmp_path / "statements.csv")
    shutil.copy(SHOP, tmp_path / "shop.dump")
    text = """
        from_statements = "statements.csv"
        [[traffic.operation]]
        name = "read orders"
        sql = "SELECT 1"
        [snapshot]
        source = "shop.dump"
    """
    events = run(tmp_path, home, text, {})
    derived = the_workload(events)
    assert (derived.source, derived.name, derived.operations) == ("from_statements", "statements.csv", 16)
    assert 0.8 < derived.covered_calls / derived.calls < 0.95
    assert "BEGIN" in {one.statement for one in derived.uncovered}
    assert {one.operation for one in derived.realism if one.ok} >= {"read orders", "update orders"}
    names = [event.name for event in events if isinstance(event, OperationDeclared)]
    assert len(names) == 17
    assert names[0] == "read orders"
    assert "read orders (2)" in names


@pytest.mark.slow
def test_operations_from_a_log(home: Path, tmp_path: Path) -> None:
    shutil.copy(Path(__file__).parent / "shop_log.json", tmp_path / "server.json")
    shutil.copy(SHOP, tmp_path / "shop.dump")
    events = run(tmp_path, home, 'from_log = "server.json"\n[snapshot]\nsource = "shop.dump"', {})
    derived = the_workload(events)
    assert (derived.source, derived.name, derived.operations) == ("from_log", "server.json", 6)
    assert (derived.calls, derived.covered_calls) == (193, 190)
    (left_out,) = derived.uncovered
    assert (left_out.calls, left_out.reason) == (3, "there is no table carts")
    assert {one.error for one in derived.realism} == {""}
    weights = {event.name: event.weight for event in events if isinstance(event, OperationDeclared)}
    assert (weights["select orders"], weights["update orders, select orders"]) == (50, 19)
    assert_nothing_failed(events)


@pytest.mark.slow
def test_operations_from_the_catalog(home: Path, tmp_path: Path) -> None:
    shutil.copy(SHOP, tmp_path / "shop.dump")
    events = run(tmp_path, home, 'auto = true\n[snapshot]\nsource = "shop.dump"', {})
    derived = the_workload(events)
    assert (derived.source, derived.rate, derived.uncovered) == ("auto", None, ())
    names = {event.name for event in events if isinstance(event, OperationDeclared)}
    assert names >= {"read orders", "insert items", "update payments"}
    assert len(names) == derived.operations == derived.covered_calls
    assert_nothing_failed(events)


def test_a_snapshot_without_tables_has_nothing_to_derive_from(home: Path, tmp_path: Path) -> None:
    files = {"up.sql": "CREATE TABLE t ();", "down.sql": "DROP TABLE t;"}
    with pytest.raises(SpecError, match="no operation could be derived: the snapshot has no tables") as raised:
        run(tmp_path, home, "auto = true", files)
    assert raised.value.key == "traffic.auto"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("key", "message"), [("from_statements", "is no export of pg_stat_statements"), ("from_log", "is no server log")]
)
def test_a_file_that_is_none(home: Path, tmp_path: Path, key: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        run(tmp_path, home, f'{key} = "people.csv"', {"people.csv": "name,age\nanna,7\n"})
    assert not (tmp_path / "out").exists()
