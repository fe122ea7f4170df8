"""Clone time against size: ours beside `cp -a` of the same folder and CREATE DATABASE … TEMPLATE on the same server."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from harness.model.errors import SandboxError
from harness.model.words import Role
from harness.postgres.connect import connect
from harness.postgres.ports import Home
from harness.sandbox.clone import copy_data, tree_bytes
from harness.sandbox.embedded import EmbeddedEngine
from harness.sandbox.loop_store import make_store, plan_store, remove_store
from harness.spec.scenario import PostgresSpec

MEGABYTES = (50, 150, 450)
GIGABYTES = (1, 2, 4, 8)
# The largest source, and what XFS keeps for itself.
STORE_BYTES = 10 * 1024**3
# A table's file ends at 1 GB and the next begins (manual 18, 66.1).
SEGMENT_BYTES = 1024**3


@pytest.mark.parametrize("megabytes", MEGABYTES)
def test_clone_against_cp(
    benchmark: BenchmarkFixture, engine: EmbeddedEngine, home: Path, ratio: Callable[[str, str], None], megabytes: int
) -> None:
    digest = f"filled-{megabytes}"
    server = engine.provision()
    with connect(server.conninfo(application_name=Role.HARNESS.application_name)) as connection:
        # 8 kB of incompressible text a row, kept in line: the table's size is what was asked for.
        connection.execute("CREATE UNLOGGED TABLE filler (body text STORAGE EXTERNAL)")
        connection.execute(
            "INSERT INTO filler SELECT string_agg(md5(r::text || g::text), '') FROM generate_series(1, %s) AS g,"
            " generate_series(1, 250) AS r GROUP BY g",
            (megabytes * 125,),
        )
        connection.execute("ALTER TABLE filler SET LOGGED")
        began = time.perf_counter()
        connection.execute("CREATE DATABASE beside TEMPLATE template0")
        connection.execute("DROP DATABASE beside")
        template_floor = time.perf_counter() - began
    engine.freeze(server, digest)
    source = home / "snapshots" / digest / "data"
    size = tree_bytes(source)

    def ours() -> float:
        target = home / "ours"
        took = copy_data(source, target, size_bytes=size).duration_ns / 1e9
        shutil.rmtree(target)
        return took

    def cp() -> float:
        target = home / "theirs"
        began = time.perf_counter()
        subprocess.run(["cp", "-a", source, target], check=True)
        took = time.perf_counter() - began
        shutil.rmtree(target)
        return took

    pairs = [(ours(), cp()) for _ in range(3)]
    benchmark.pedantic(ours, rounds=1)
    middle = sorted(a / b for a, b in pairs)[1]
    benchmark.extra_info.update({"size_bytes": size, "ratio_to_cp": middle, "empty_template_s": template_floor})
    ratio(f"clone of {size / 2**20:,.0f} MB / cp -a of the same", f"{middle:.2f}  ({pairs[1][0]:.2f} s)")
    engine.forget(digest)
    assert middle > 0


@pytest.fixture
def store() -> Iterator[Path]:
    """A mounted reflink store with room for the largest source; skips, saying why, where there can be none."""
    if os.geteuid() != 0:
        pytest.skip("only root mounts a filesystem")
    folder = Path(tempfile.mkdtemp(prefix="rehearse-bench-store-"))
    folder.chmod(0o711)
    try:
        plan = plan_store(STORE_BYTES, home=folder / "home")
        make_store(plan)
    except SandboxError as error:
        shutil.rmtree(folder)
        pytest.skip(f"no reflink filesystem can be mounted here: {error.message}")
    yield plan.mounted_at
    remove_store(plan)
    shutil.rmtree(folder)


def test_reflink_takes_the_same_whatever_the_size(
    benchmark: BenchmarkFixture, store: Path, ratio: Callable[[str, str], None]
) -> None:
    engine = EmbeddedEngine(PostgresSpec(version="18"), home=Home(store))
    engine.freeze(engine.provision(), "grown")
    source = store / "snapshots" / "grown" / "data"
    taken: dict[int, tuple[float, float]] = {}
    for gigabytes in GIGABYTES:
        _grow(source, gigabytes)
        # The least of five: whatever else the machine does only adds to it, and least to the CPU time.
        wall_s, cpu_s = zip(*(_clone_s(source, store) for _ in range(5)), strict=True)
        taken[gigabytes] = min(wall_s), min(cpu_s)
        ratio(f"clone of {gigabytes} GB by reflink", f"{min(wall_s):.3f} s  (CPU {min(cpu_s):.3f} s)")
    flat = taken[GIGABYTES[-1]][1] / taken[GIGABYTES[0]][1]
    ratio(f"CPU time of a clone of {GIGABYTES[-1]} GB / of {GIGABYTES[0]} GB by reflink", f"{flat:.2f}")
    benchmark.extra_info.update({f"{gigabytes}_GB_s": took for gigabytes, took in taken.items()})
    benchmark.pedantic(_clone_s, args=(source, store), rounds=1)
    assert flat < 2


def _grow(data: Path, gigabytes: int) -> None:
    """Add segments of a table's size to a real cluster's files until they hold so much, all on disk."""
    block = os.urandom(8 * 1024 * 1024)
    for number in range(gigabytes):
        segment = data / "base" / "5" / f"99999.{number}"
        if segment.exists():
            continue
        with segment.open("wb") as file:
            for _ in range(SEGMENT_BYTES // len(block)):
                file.write(block)
            file.flush()
            os.fsync(file.fileno())


def _clone_s(source: Path, store: Path) -> tuple[float, float]:
    """Seconds on the wall, and of this process's CPU time in all its threads, the kernel's work for it included."""
    target = store / "clone"
    began = time.process_time()
    report = copy_data(source, target, size_bytes=0)
    cpu_s = time.process_time() - began
    shutil.rmtree(target)
    assert report.method == "reflink"
    return report.duration_ns / 1e9, cpu_s
