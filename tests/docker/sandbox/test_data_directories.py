"""A server's files in a container: copied into a volume, taken over, frozen and cloned, bloat and all."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.model.errors import SandboxError, SnapshotError
from harness.postgres.connect import connect
from harness.postgres.ports import Home, Server
from harness.sandbox.docker import DockerEngine
from harness.sandbox.docker_client import docker_client
from harness.sandbox.embedded import EmbeddedEngine
from harness.snapshot.intake_data import take_data_directory
from harness.snapshot.prepare import TakesDataDirectories
from harness.spec.scenario import PostgresSpec

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def data(home: Path, docker_engine: DockerEngine) -> Iterator[Path]:
    """What `snapshot create --data-directory` keeps of a stopped server of the image's version; bloated."""
    major = docker_engine.image.rpartition(":")[2]
    try:
        engine = EmbeddedEngine(PostgresSpec(version=major), home=Home(home))
    except SandboxError as error:
        pytest.skip(f"no server to take the files of: {error.message}")
    server = engine.provision()
    with connect(server.conninfo(application_name="test")) as connection:
        connection.execute("CREATE TABLE kept (id int PRIMARY KEY, body text) WITH (autovacuum_enabled = off)")
        connection.execute("INSERT INTO kept SELECT g, repeat('x', 100) FROM generate_series(1, 2000) AS g")
        connection.execute("DELETE FROM kept WHERE id > 100")
    engine.freeze(server, "foreign")
    partial = Path(tempfile.mkdtemp(dir=home))
    take_data_directory(home / "snapshots" / "foreign" / "data", partial, database="rehearse")
    yield partial / "data"
    shutil.rmtree(partial)
    engine.forget("foreign")


def seen(server: Server) -> tuple[int, int]:
    with connect(server.conninfo(application_name="test")) as connection:
        row = connection.execute("SELECT count(*), pg_relation_size('kept') FROM kept").fetchone()
    assert row is not None
    return row


def test_it_runs_with_its_bloat_and_is_cloned(data: Path, docker_engine: DockerEngine) -> None:
    assert isinstance(docker_engine, TakesDataDirectories)
    told: list[tuple[int, int | None]] = []
    server = docker_engine.adopt(data, database="", on_progress=lambda _, done, total: told.append((done, total)))
    try:
        before = seen(server)
        assert before[0] == 100
        assert before[1] > 250_000
        assert told[-1][0] == told[-1][1]
        docker_engine.freeze(server, "foreign")
        clone = docker_engine.clone("foreign")
        try:
            assert seen(clone) == before
            with connect(clone.conninfo(application_name="test")) as connection:
                assert connection.execute("SHOW fsync").fetchone() == ("on",)
        finally:
            clone.discard()
    finally:
        server.discard()
        docker_engine.forget("foreign")


def test_another_version_or_damaged_files_leave_nothing(
    data: Path, home: Path, docker_engine: DockerEngine, tmp_path: Path
) -> None:
    mine = {"label": f"io.rehearse.home={home}"}
    with docker_client() as client:
        before = {volume.name for volume in client.volumes.list(filters=mine)}
    damaged = tmp_path / "damaged"
    shutil.copytree(data, damaged)
    (damaged / "global" / "pg_control").write_bytes(bytes(8192))
    with pytest.raises(SnapshotError, match="the stored data directory cannot be started"):
        docker_engine.adopt(damaged, database="")
    (damaged / "PG_VERSION").write_text("9\n")
    with pytest.raises(SnapshotError, match="is of PostgreSQL 9"):
        docker_engine.adopt(damaged, database="")
    with pytest.raises(SnapshotError, match="has no database 'crm'"):
        docker_engine.adopt(data, database="crm")
    with docker_client() as client:
        assert client.containers.list(all=True, filters=mine) == []
        assert {volume.name for volume in client.volumes.list(filters=mine)} == before
