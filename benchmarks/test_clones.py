"""Clone time against size: ours beside `cp -a` of the same folder and CREATE DATABASE … TEMPLATE on the same server."""

import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from harness.model.words import Role
from harness.postgres.connect import connect
from harness.sandbox.clone import copy_data, tree_bytes
from harness.sandbox.embedded import EmbeddedEngine

MEGABYTES = (50, 150, 450)


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
