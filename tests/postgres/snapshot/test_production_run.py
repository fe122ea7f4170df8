"""A rehearsal on an amplified shop, with derived traffic weighted by production's counters, and notes on sizes."""

import shutil
from pathlib import Path

import pytest

from harness.events.codec import decode_events
from harness.events.run import QualityNoted, SnapshotReady
from harness.events.traffic import OperationFailed, TrafficEnded, WorkloadDerived
from harness.model.errors import SpecError
from harness.rehearsal.conductor import rehearse
from harness.rehearsal.options import Options
from harness.snapshot.statistics import SCHEMA_VERSION, ProductionStatistics, TableNumbers, statistics_json
from harness.spec.load import load_scenario

pytestmark = pytest.mark.postgres

SHOP = Path(__file__).resolve().parents[3] / "fixtures" / "shop" / "shop.dump"
SCENARIO = """
[probe]
versions = false
queue = false
deadlock = false
[postgres]
engine = "embedded"
settings = { fsync = "off" }
[snapshot]
source = "shop.dump"
scale = 2
statistics = "prod.json"
[migration]
up = "up.sql"
down = "down.sql"
[traffic]
auto = true
rate = 100
actors = 4
baseline = "1s"
settle = "500ms"
"""


def orders(rows: int) -> ProductionStatistics:
    """A production with one table, orders, that is read and updated."""
    table = TableNumbers(
        schema="public", name="orders", partitioned=False, partition_of="", rows=rows, pages=1, all_visible_pages=0,
        heap_bytes=rows * 100, toast_bytes=0, index_bytes=0, sequential_scans=0, index_scans=1_000_000, inserted=10,
        updated=500_000, hot_updated=0, deleted=0, live=rows, dead=0,
    )  # fmt: skip
    return ProductionStatistics(
        schema_version=SCHEMA_VERSION, server_version_num=180004, exported_at="", window_s=None, database_bytes=0,
        settings={}, tables=(table,),
    )  # fmt: skip


@pytest.mark.slow
def test_an_amplified_shop_under_derived_traffic(home: Path, tmp_path: Path) -> None:
    shutil.copy(SHOP, tmp_path / "shop.dump")
    (tmp_path / "up.sql").write_text("ALTER TABLE orders ADD COLUMN source text;\n")
    (tmp_path / "down.sql").write_text("ALTER TABLE orders DROP COLUMN source;\n")
    (tmp_path / "prod.json").write_bytes(statistics_json(orders(3_000_000)))
    (tmp_path / "scenario.toml").write_text(SCENARIO)
    options = Options(home=home, out=tmp_path / "out", run_id="amplified", command=())
    directory = rehearse(load_scenario(tmp_path / "scenario.toml"), options)
    events = tuple(decode_events(directory.events.read_bytes().splitlines(keepends=True)[1:], path="events"))
    (ready,) = (event for event in events if isinstance(event, SnapshotReady))
    assert ready.rows == 2 * 84_149
    (ended,) = (event for event in events if isinstance(event, TrafficEnded))
    assert (ended.failed, [event for event in events if isinstance(event, OperationFailed)]) == (0, [])
    assert ended.completed > 50
    notes = {(event.subject, event.message) for event in events if isinstance(event, QualityNoted)}
    assert ("the snapshot", "copies of public.events.order_id follow public.orders.id, by name and values") in notes
    (size,) = (message for subject, message in notes if subject == "production's size")
    assert size.startswith("public.orders has 3,000,000 rows (286 MB) in production, 30,000 (")
    assert size.endswith("are about 100 times as long there")
    (derived,) = (event for event in events if isinstance(event, WorkloadDerived))
    assert "Weights are from production's pg_stat_user_tables." in derived.notes


def test_a_file_that_holds_no_statistics_is_refused_before_anything(home: Path, tmp_path: Path) -> None:
    shutil.copy(SHOP, tmp_path / "shop.dump")
    (tmp_path / "up.sql").write_text("SELECT 1;\n")
    (tmp_path / "down.sql").write_text("SELECT 1;\n")
    (tmp_path / "prod.json").write_text("{}")
    (tmp_path / "scenario.toml").write_text(SCENARIO)
    options = Options(home=home, out=tmp_path / "out", run_id="refused", command=())
    with pytest.raises(SpecError, match="no statistics of a database"):
        rehearse(load_scenario(tmp_path / "scenario.toml"), options)
    assert not (tmp_path / "out").exists()
