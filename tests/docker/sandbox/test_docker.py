"""What only the docker engine can get wrong: no engine, no image, addresses, settings, extensions, leftovers."""

from pathlib import Path

import pytest

from harness.model.errors import SandboxError
from harness.postgres.ports import Home
from harness.sandbox.choose import choose_engine
from harness.sandbox.docker import DockerEngine
from harness.sandbox.docker_client import docker_client
from harness.spec.scenario import EngineName, PostgresSpec

pytestmark = pytest.mark.docker
NO_SUCH_IMAGE = "localhost:1/nobody/nothing:0"


def test_no_engine_is_a_clear_error_and_auto_goes_on_embedded(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    with pytest.raises(SandboxError, match=r"(?s)no Docker engine answers at unix:///nowhere.*hint: start Docker"):
        choose_engine(PostgresSpec(engine=EngineName.DOCKER), home=home)
    chosen = choose_engine(PostgresSpec(), home=home)
    assert (chosen.name, chosen.reason) == ("embedded", "no Docker engine answers")
    with pytest.raises(SandboxError, match="no Docker engine answers, and no PostgreSQL 9"):
        choose_engine(PostgresSpec(version="9"), home=home)


def test_auto_takes_docker_with_an_image_and_embedded_without(home: Path, docker_engine: DockerEngine) -> None:
    chosen = choose_engine(PostgresSpec(), home=home, environment={"REHEARSE_IMAGE": docker_engine.image})
    assert (chosen.name, chosen.reason) == ("docker", "a Docker engine answers and has the image")
    fallen_back = choose_engine(PostgresSpec(), home=home, environment={"REHEARSE_IMAGE": NO_SUCH_IMAGE})
    assert fallen_back.name == "embedded"
    assert fallen_back.reason == f"the image {NO_SUCH_IMAGE} is not here and cannot be pulled"
    with pytest.raises(SandboxError, match=r"(?s)cannot be pulled.*hint: load it"):
        choose_engine(PostgresSpec(image=NO_SUCH_IMAGE), home=home)


def test_only_the_loopback_address_is_published(docker_engine: DockerEngine) -> None:
    server = docker_engine.clone("empty")
    try:
        port = server.environment(application_name="x")["PGPORT"]
        with docker_client() as client:
            bindings = [b for c in client.containers.list() for b in (c.ports.get("5432/tcp") or [])]
        assert [b["HostIp"] for b in bindings if b["HostPort"] == port] == ["127.0.0.1"]
    finally:
        server.discard()


def test_settings_and_extensions_the_image_lacks_are_named(home: Path, docker_engine: DockerEngine) -> None:
    environment = {"REHEARSE_IMAGE": docker_engine.image}
    mine = {"label": f"io.rehearse.home={home}"}
    with docker_client() as client:
        before = {volume.name for volume in client.volumes.list(filters=mine)}  # snapshots of other tests
    unknown = DockerEngine(PostgresSpec(settings={"wrk_mem": "4MB"}), home=Home(home), environment=environment)
    with pytest.raises(SandboxError, match="knows no setting 'wrk_mem'"):
        unknown.provision()
    lacking = DockerEngine(PostgresSpec(extensions=("timescaledb",)), home=Home(home), environment=environment)
    with pytest.raises(SandboxError, match="lacks the extension timescaledb"):
        lacking.provision()
    with docker_client() as client:
        assert client.containers.list(all=True, filters=mine) == []
        assert {volume.name for volume in client.volumes.list(filters=mine)} == before
