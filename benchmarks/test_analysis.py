"""Judging ten million operations: time and memory of a process of its own, from the run directory to the facts."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np

from harness.events.codec import SCHEMA_VERSION, Header, encode_line
from harness.events.operations import OPERATION_DTYPE
from harness.rehearsal.journal.layout import RunDirectory
from tests.unit.analysis.histories import ALTER, Builder, S, busy

OPERATIONS = 10_000_000
PARTS = 10
KINDS = 12
SECONDS = 18
MOST_SECONDS, MOST_MB = 20, 1_000

_JUDGE = """
import json, resource, sys, time
from pathlib import Path
from harness.analysis.analyse import analyse
from harness.rehearsal.journal.reader import read_history
start = time.process_time()
facts = analyse(read_history(Path(sys.argv[1])))
usage = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps([facts.traffic.offered, time.process_time() - start, usage.ru_maxrss / 1024]))
"""


def write_run(path: Path) -> None:
    """A run directory whose traffic has OPERATIONS records, a thousandth failed and a thousandth retried."""
    builder: Builder = busy().statement("S1", ALTER)
    for index in range(1, KINDS):
        builder.operation(index, f"operation {index}")
    history = builder.history()
    directory = RunDirectory(path)
    path.mkdir()
    directory.info.write_bytes(msgspec.json.encode(history.info))
    header = Header(schema_version=SCHEMA_VERSION, run_id="r1", tool="0.1.0")
    directory.events.write_bytes(b"".join(map(encode_line, (header, *history.events))))
    random, size = np.random.default_rng(1), OPERATIONS // PARTS
    with directory.operations.open("wb") as file:
        for part in range(PARTS):
            rows = np.zeros(size, dtype=OPERATION_DTYPE)
            span = SECONDS * S // PARTS
            rows["due_ns"] = np.sort(random.integers(part * span, (part + 1) * span, size))
            rows["checkout_ns"] = rows["due_ns"] + random.integers(1_000, 100_000, size)
            rows["start_ns"] = rows["checkout_ns"] + 5_000
            rows["end_ns"] = rows["start_ns"] + random.lognormal(13, 0.8, size).astype(np.int64)
            rows["operation"], rows["actor"] = random.integers(0, KINDS, size), random.integers(0, 64, size)
            rows["attempts"] = 1 + (random.random(size) < 0.001)
            rows["outcome"] = random.random(size) < 0.001
            rows["sqlstate"][(rows["attempts"] > 1) | (rows["outcome"] > 0)] = b"40001"
            file.write(rows.tobytes())


def test_ten_million_operations(tmp_path: Path, ratio: Callable[[str, str], None]) -> None:
    write_run(tmp_path / "run")
    done = subprocess.run(
        [sys.executable, "-c", _JUDGE, str(tmp_path / "run")], capture_output=True, text=True, check=True
    )
    offered, seconds, megabytes = json.loads(done.stdout)
    ratio("judging 10⁷ operations: CPU seconds and memory", f"{seconds:.1f} s, {megabytes:.0f} MB")
    assert offered == OPERATIONS
    assert seconds <= MOST_SECONDS
    assert megabytes <= MOST_MB
