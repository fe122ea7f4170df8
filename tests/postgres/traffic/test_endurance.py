"""Long traffic: memory is flat, the file is as long as documented, what is sent does not drift from what is due.

10 seconds by default; REHEARSE_ENDURANCE_SECONDS=3600 makes it the hour.
"""

import os
import time
from pathlib import Path

import numpy as np
import pytest

from harness.events.operations import OPERATION_DTYPE, Outcome
from harness.model.units import NS_PER_MS, NS_PER_S
from harness.rehearsal.traffic.process import TrafficProcess
from harness.spec.scenario import Arrival, OperationSpec
from tests.postgres.traffic.conftest import ROWS, Rig

SECONDS = int(os.environ.get("REHEARSE_ENDURANCE_SECONDS", "10"))
RATE = 500
WARM_UP = 5.0  # seconds: every statement prepared on every connection, buffers at their size
GROWTH_MIB = 8.0  # after the warm-up: shows leaks of 3.4 kB an operation in 10 s, of 5 B in an hour
DRIFT_MS = 25.0  # over the whole run; another process that takes the processor for a moment is no drift
SCRIPT = """\\set id random(1, :rows)
BEGIN;
SELECT n AS before FROM orders WHERE id = :id \\gset
UPDATE orders SET n = :before + 1 WHERE id = :id;
END;
"""

pytestmark = [pytest.mark.postgres, pytest.mark.alone]


def resident_mib(pid: int) -> float:
    (line,) = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1024


def watch(traffic: TrafficProcess) -> list[float]:
    """Resident memory of all traffic processes, in MiB, at a hundred moments."""
    found: list[float] = []
    ends = time.monotonic() + SECONDS
    while time.monotonic() < ends:
        time.sleep(min(SECONDS / 100, max(0.0, ends - time.monotonic())))
        found.append(sum(map(resident_mib, traffic.pids)))
    return found


def test_long_traffic_neither_grows_nor_drifts(rig: Rig, view: OperationSpec, tmp_path: Path) -> None:
    (tmp_path / "count.sql").write_text(SCRIPT)
    count = OperationSpec(name="count", pgbench="count.sql", params={"rows": ROWS}, weight=0.5)
    touch = OperationSpec(
        name="touch", sql="UPDATE orders SET status = :s WHERE id = :id", params={"s": "text(4)", "id": "int(1, 2000)"}
    )
    add = OperationSpec(name="add", sql="INSERT INTO orders (status) VALUES (:s)", params={"s": "text(4)"}, weight=0.5)
    traffic = rig.start(view, touch, count, add, rate=RATE, actors=8, arrival=Arrival.UNIFORM, path=tmp_path / "s.toml")
    began = traffic.begin()
    memory = watch(traffic)
    summary = traffic.stop(drain_ns=5 * NS_PER_S, at_ns=max(began + SECONDS * NS_PER_S, rig_now(rig)))
    records = rig.records()

    assert summary.offered == len(records) == pytest.approx(RATE * (summary.stopped_at_ns - began) / NS_PER_S, abs=1)
    assert set(records["outcome"]) == {Outcome.OK}
    assert rig.plan is not None
    assert rig.plan.records_path(0).stat().st_size == OPERATION_DTYPE.itemsize * len(records) == 48 * len(records)

    (entry,) = summary.ledger
    assert len(entry.inserted) == sum(records["operation"] == 3)

    warm = memory[int(len(memory) * min(0.5, WARM_UP / SECONDS)) :]
    drift = drift_ms(records["due_ns"], records["start_ns"])
    print(f"{len(records)} operations, {warm[0]:.1f} to {max(warm):.1f} MiB, drift {drift:.3f} ms")  # noqa: T201 - pytest -s
    assert max(warm) - warm[0] <= GROWTH_MIB, memory
    assert abs(drift) <= DRIFT_MS


def rig_now(rig: Rig) -> int:
    assert rig.plan is not None
    return rig.plan.clock.now_ns() + 20 * NS_PER_MS


def drift_ms(due_ns: np.ndarray, start_ns: np.ndarray) -> float:
    """How much later than due the last operation starts than the first, on the line through twenty medians."""
    seconds = (due_ns - due_ns[0]) / NS_PER_S
    late_ms = (start_ns - due_ns) / NS_PER_MS
    parts = np.array_split(np.arange(len(seconds)), 20)
    middles = [float(np.median(seconds[part])) for part in parts]
    slope, _ = np.polyfit(middles, [float(np.median(late_ms[part])) for part in parts], 1)
    return float(slope) * float(seconds[-1])
