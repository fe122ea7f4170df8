"""lock_timeout by measurement, on a real server with a reader in the way half of the time."""

from functools import partial
from pathlib import Path

import pytest

from harness.analysis.lock_timeouts import lock_timeouts_of, recommended
from harness.rehearsal.conductor import rehearse
from harness.rehearsal.journal.reader import read_history
from harness.rehearsal.options import Options
from harness.rehearsal.timeouts import try_timeouts
from harness.spec.load import load_scenario
from tests.postgres.probes.probing import HEAD
from tests.postgres.rehearsal.rehearsals import write_files

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

_SCENARIO = """
    [migration]
    up = "up.sql"
    transaction = "as-written"
    [rollback]
    run = false
    restore = "none"
    reason = "a test"
    [traffic]
    rate = 40
    actors = 2
    baseline = "500ms"
    [[traffic.operation]]
    name = "look"
    sql = "SELECT * FROM orders WHERE id = :id"
    params = { id = "sample(orders.id)" }
    [[traffic.antagonist]]
    kind = "long_reader"
    table = "orders"
    every = "600ms"
    hold = "400ms"
    """
_FILES = {
    "setup.sql": "CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders SELECT generate_series(1, 100);",
    "up.sql": "SET lock_timeout = '5s'; ALTER TABLE orders ADD COLUMN note text; DROP INDEX CONCURRENTLY IF EXISTS x;",
}


def test_a_longer_timeout_gets_through_more_often_and_stalls_longer(home: Path, tmp_path: Path) -> None:
    write_files(tmp_path / "s", {**_FILES, "scenario.toml": HEAD + _SCENARIO})
    loaded = load_scenario(tmp_path / "s" / "scenario.toml")
    options = Options(home=home, out=tmp_path / "run", run_id="timeouts", command=())
    rehearse(loaded, options, passes=partial(try_timeouts, values_ms=(10, 2_000), attempts=8))

    short, long = lock_timeouts_of(read_history(tmp_path / "run"))
    assert (short.statements, short.lock_timeout_ms, long.lock_timeout_ms) == (("S2",), 10, 2_000)
    assert (short.attempts, long.attempts, long.successes) == (8, 8, 8)
    assert 0 < short.successes + short.failed.get("55P03", 0) == 8
    assert short.successes < 8
    assert short.stall_ns is not None
    assert long.stall_ns is not None
    assert recommended((long,), allowed=1) is long
