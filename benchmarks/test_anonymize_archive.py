"""Anonymizing an archive against restoring it, and against tools that mask a live database: the same table, one run."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.anonymize_memory import grow, peak_bytes
from harness.model.words import Role
from harness.postgres.binaries import find_client
from harness.postgres.ports import Server
from harness.sandbox.embedded import EmbeddedEngine

# About 120 bytes of COPY text a row. REHEARSE_BENCH_ROWS=200000 is for a quick look.
ROWS = int(os.environ.get("REHEARSE_BENCH_ROWS", "850000"))
LARGE_TIMES = 20
LARGE_VARIABLE = "REHEARSE_BENCH_LARGE"
JOBS = 2
HERE = Path(__file__).parent
# pganonymize needs minutes for 5 columns of 850,000 rows.
PEER_TIMEOUT_S = 1200

PGANONYMIZE = """
tables:
  - customers:
      primary_key: id
      fields:
        - email: {provider: {name: md5}, append: "@localhost"}
        - login: {provider: {name: md5}}
        - first_name: {provider: {name: fake.first_name}}
        - last_name: {provider: {name: fake.last_name}}
        - phone: {provider: {name: fake.phone_number}}
"""
PYNONYMIZER = """
tables:
  customers:
    columns:
      email: unique_email
      login: unique_login
      first_name: first_name
      last_name: last_name
      phone: phone_number
"""


@dataclass(frozen=True, slots=True)
class Table:
    """The table in a server, and dumped: with pg_dump's compression and without any."""

    server: Server
    packed: Path
    plain: Path

    @property
    def text_bytes(self) -> int:
        """Bytes of the COPY text."""
        return sum(path.stat().st_size for path in self.plain.glob("*.dat"))


@pytest.fixture(scope="module")
def work(home: Path) -> Iterator[Path]:
    folder = home / "archives"
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def table(engine: EmbeddedEngine, work: Path) -> Iterator[Table]:
    server = engine.provision()
    yield _fill(server, work, rows=ROWS)
    server.discard()


def test_against_restoring_and_per_core(
    benchmark: BenchmarkFixture, engine: EmbeddedEngine, table: Table, work: Path, ratio: Callable[[str, str], None]
) -> None:
    anonymized = _anonymized(table.packed, work, jobs=JOBS)
    restored_s = sorted(_restore_s(engine, table.packed) for _ in range(3))[1]
    megabytes = table.text_bytes / 1e6
    alone = benchmark.pedantic(_anonymize, args=(table.plain, work), kwargs={"jobs": 1}, rounds=1)
    unchecked = _anonymize(table.plain, work, jobs=1, check=False)
    ratio(
        f"anonymize {megabytes:,.0f} MB, -Fd gzip, -j{JOBS} / pg_restore -j{JOBS} of it, 6 indexes",
        f"{anonymized['wall_s'] / restored_s:.2f}  ({anonymized['wall_s']:.1f} s / {restored_s:.1f} s)",
    )
    ratio("MB/s per core, 5 masked columns, leak check on", f"{megabytes / alone['cpu_s']:.0f}")
    ratio("MB/s per core, 5 masked columns, leak check off", f"{megabytes / unchecked['cpu_s']:.0f}")
    benchmark.extra_info.update({"anonymize": anonymized, "restore_s": restored_s, "alone": alone})
    assert (anonymized["rows"], anonymized["masked"]) == (ROWS, 5)


@pytest.mark.skipif(not os.environ.get(LARGE_VARIABLE), reason=f"2 GB: set {LARGE_VARIABLE}")
def test_memory_does_not_grow(
    benchmark: BenchmarkFixture, table: Table, work: Path, ratio: Callable[[str, str], None]
) -> None:
    grow(table.plain, work / "large", times=LARGE_TIMES)
    small, _ = peak_bytes(table.plain, work / "small-out")
    large, run = benchmark.pedantic(peak_bytes, args=(work / "large", work / "large-out"), rounds=1)
    ratio(
        f"peak memory, {LARGE_TIMES} times as much data / once, all processes, -j{JOBS}",
        f"{large / small:.2f}  ({large / 1e6:.0f} MB / {small / 1e6:.0f} MB)",
    )
    size = table.text_bytes * LARGE_TIMES
    ratio(f"MB/s per core, {size / 1e6:,.0f} MB, leak check on", f"{size / 1e6 / run['cpu_s']:.0f}")
    assert large < 1.5 * small


@pytest.mark.parametrize("peer", ["pynonymizer", "pganonymize"])
def test_against_masking_a_live_database(
    benchmark: BenchmarkFixture,
    engine: EmbeddedEngine,
    table: Table,
    work: Path,
    ratio: Callable[[str, str], None],
    peer: str,
) -> None:
    program = _install(peer, work)
    ours_s = _anonymized(table.packed, work, jobs=1)["wall_s"]
    server = engine.provision()  # restored for each: both change the table that they mask
    began = time.perf_counter()
    try:
        _restore(server, table.packed)
        restore_s = time.perf_counter() - began
        command = (_pynonymizer if peer == "pynonymizer" else _pganonymize)(program, server, work)
        theirs_s = benchmark.pedantic(_run_peer, args=(command, server), rounds=1)
        began = time.perf_counter()
        _client(server, "pg_dump", "-Fd", f"-j{JOBS}", "-f", str(work / f"masked-{peer}"))
        around_s = restore_s + time.perf_counter() - began
    finally:
        server.discard()
    ratio(
        f"{peer}, masking in the database / anonymize the archive, -j1",
        f"{theirs_s / ours_s:.1f}  ({theirs_s:.1f} s / {ours_s:.1f} s)",
    )
    # What it takes from a dump to a masked dump, which is what the other side of the ratio does.
    ratio(
        f"{peer} with pg_restore -j{JOBS} before and pg_dump -j{JOBS} after / the same",
        f"{(theirs_s + around_s) / ours_s:.1f}  ({theirs_s + around_s:.1f} s / {ours_s:.1f} s)",
    )
    assert theirs_s > 0


def _fill(server: Server, work: Path, *, rows: int) -> Table:
    work.mkdir(exist_ok=True)
    _client(server, "psql", "-q", "-v", "ON_ERROR_STOP=1", "-v", f"rows={rows}", "-f", str(HERE / "customers.sql"))
    packed, plain = work / "packed", work / "plain"
    if rows == ROWS:
        _client(server, "pg_dump", "-Fd", f"-j{JOBS}", "-f", str(packed))
    _client(server, "pg_dump", "-Fd", "-Z0", "-f", str(plain))
    return Table(server=server, packed=packed, plain=plain)


def _anonymized(source: Path, work: Path, *, jobs: int) -> dict[str, float]:
    """The run of three whose time is the one in the middle."""
    return sorted((_anonymize(source, work, jobs=jobs) for _ in range(3)), key=lambda one: one["wall_s"])[1]


def _anonymize(source: Path, work: Path, *, jobs: int, check: bool = True) -> dict[str, float]:
    target = work / "anonymized"
    program = [sys.executable, "-m", "benchmarks.anonymize_once"]
    command = [*program, str(source), str(target), str(jobs), "check" if check else "no"]
    done = subprocess.run(command, cwd=HERE.parent, stdout=subprocess.PIPE, check=True)
    shutil.rmtree(target)
    told: dict[str, float] = json.loads(done.stdout)
    return told


def _restore_s(engine: EmbeddedEngine, archive: Path) -> float:
    server = engine.provision()
    try:
        began = time.perf_counter()
        _restore(server, archive)
        return time.perf_counter() - began
    finally:
        server.discard()


def _restore(server: Server, archive: Path) -> None:
    dbname = server.environment(application_name=Role.OTHER.application_name)["PGDATABASE"]
    _client(server, "pg_restore", f"-j{JOBS}", "--no-owner", "-d", dbname, str(archive))


def _client(server: Server, program: str, *arguments: str) -> None:
    found = find_client(program, server.version_num // 10_000)
    environment = {**os.environ, **server.environment(application_name=Role.OTHER.application_name)}
    subprocess.run([found, *arguments], env=environment, check=True)


def _install(peer: str, work: Path) -> Path:
    """The program in a virtual environment that is thrown away; skips where it cannot be had."""
    folder = work / f"venv-{peer}"
    try:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True, capture_output=True)
        subprocess.run([folder / "bin" / "pip", "install", "-q", peer], check=True, capture_output=True, timeout=300)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"{peer} cannot be installed here: {error}")
    return folder / "bin" / peer


def _pganonymize(program: Path, server: Server, work: Path) -> list[str]:
    (work / "pganonymize.yml").write_text(PGANONYMIZE, encoding="utf-8")
    at = server.environment(application_name=Role.OTHER.application_name)
    return [
        str(program), "--schema", str(work / "pganonymize.yml"), "--dbname", at["PGDATABASE"], "--user", at["PGUSER"],
        "--password", at["PGPASSWORD"], "--host", at["PGHOST"], "--port", at["PGPORT"],
    ]  # fmt: skip


def _pynonymizer(program: Path, server: Server, work: Path) -> list[str]:
    (work / "pynonymizer.yml").write_text(PYNONYMIZER, encoding="utf-8")
    at = server.environment(application_name=Role.OTHER.application_name)
    return [
        str(program), "--strategy", str(work / "pynonymizer.yml"), "--db-type", "postgres", "--only-step",
        "ANONYMIZE_DB", "--db-name", at["PGDATABASE"], "--db-user", at["PGUSER"], "--db-password", at["PGPASSWORD"],
        "--db-host", at["PGHOST"], "--db-port", at["PGPORT"],
    ]  # fmt: skip


def _run_peer(command: list[str], server: Server) -> float:
    """Seconds. The password is a throw-away server's."""
    clients = str(Path(find_client("psql", server.version_num // 10_000)).parent)
    environment = {**os.environ, "PATH": f"{clients}:{os.environ['PATH']}"}
    began = time.perf_counter()
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=PEER_TIMEOUT_S)
    return time.perf_counter() - began
