"""Clones on a real filesystem that shares extents: an XFS in a file, made as `rehearse doctor --make-store` does."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.model.errors import SandboxError
from harness.model.words import Role
from harness.postgres.connect import connect
from harness.postgres.ports import Home
from harness.sandbox.embedded import EmbeddedEngine
from harness.sandbox.external import ExternalEngine
from harness.sandbox.loop_store import make_store, plan_store, remove_store
from harness.sandbox.survey import probe_clone
from harness.spec.scenario import EngineName, PostgresSpec

pytestmark = pytest.mark.postgres
HARNESS = Role.HARNESS.application_name


@pytest.fixture(scope="module")
def store() -> Iterator[Path]:
    """A mounted store, for all tests of this module; skips where none can be mounted."""
    if os.geteuid() != 0:
        pytest.skip("only root mounts a filesystem")
    folder = Path(tempfile.mkdtemp(prefix="rehearse-store-"))
    folder.chmod(0o711)
    try:
        plan = plan_store(1024**3, home=folder / "home")
        make_store(plan)
    except SandboxError as error:
        shutil.rmtree(folder)
        pytest.skip(f"no reflink filesystem can be mounted here: {error.message}")
    yield plan.mounted_at
    remove_store(plan)
    shutil.rmtree(folder)


def test_a_clone_shares_the_snapshot_until_it_writes(store: Path) -> None:
    engine = EmbeddedEngine(PostgresSpec(version="18", settings={"fsync": "off"}), home=Home(store))
    server = engine.provision()
    with connect(server.conninfo(application_name=HARNESS)) as connection:
        connection.execute(
            "CREATE TABLE kept AS SELECT g AS id, repeat(md5(g::text), 20) FROM generate_series(1, 1e5) g"
        )
    engine.freeze(server, "shared")
    free_bytes = shutil.disk_usage(store).free
    one, two = engine.clone("shared"), engine.clone("shared")
    try:
        report = one.clone_report
        assert report is not None
        assert report.method == "reflink"
        # Each holds more than 70 MB; what they take is WAL and what starting them writes.
        assert report.size_bytes > 70_000_000
        assert free_bytes - shutil.disk_usage(store).free < report.size_bytes
        with (
            connect(one.conninfo(application_name=HARNESS)) as first,
            connect(two.conninfo(application_name=HARNESS)) as second,
        ):
            first.execute("DELETE FROM kept WHERE id > 10")
            assert first.execute("SELECT count(*) FROM kept").fetchone() == (10,)
            assert second.execute("SELECT count(*) FROM kept").fetchone() == (100_000,)
    finally:
        one.discard()
        two.discard()
        engine.forget("shared")


def test_a_template_is_cloned_by_the_server(store: Path) -> None:
    server = EmbeddedEngine(PostgresSpec(version="18", settings={"fsync": "off"}), home=Home(store)).provision()
    try:
        with connect(server.conninfo(application_name=HARNESS)) as connection:
            connection.execute("COMMENT ON DATABASE rehearsal IS 'rehearse: disposable'")
            connection.execute("CREATE TABLE kept AS SELECT g, repeat(md5(g::text), 20) FROM generate_series(1, 1e5) g")
            connection.execute("CHECKPOINT")
        spec = PostgresSpec(engine=EngineName.EXTERNAL, dsn_env="DSN")
        engine = ExternalEngine(spec, environment={"DSN": server.conninfo(application_name="somebody")})
        free_bytes = shutil.disk_usage(store).free
        clone = engine.provision()
        report = clone.clone_report
        assert report is not None
        assert (report.method, report.size_bytes > 70_000_000) == ("template clone", True)
        assert free_bytes - shutil.disk_usage(store).free < report.size_bytes // 2
        clone.discard()
    finally:
        server.discard()


def test_the_probe_finds_it_and_leaves_nothing(store: Path) -> None:
    before = sorted(store.iterdir())
    probe = probe_clone(store, size_bytes=32 * 1024 * 1024)
    assert (probe.report.method, probe.advice) == ("reflink", "")
    assert sorted(store.iterdir()) == before
