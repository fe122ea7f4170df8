"""A run that was killed: its servers, containers, volumes and databases are found and removed; a live one's are not."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest

from harness.postgres.ports import Engine
from harness.sandbox.docker import DockerEngine
from harness.sandbox.embedded import EmbeddedEngine
from harness.sandbox.external import ExternalEngine
from harness.sandbox.leftovers import Owner, postmaster_pid

pytestmark = pytest.mark.postgres

# Another run: makes a server with the engine that its arguments name, says so, and waits to be killed.
RUN = """
import json, os, sys, time
from pathlib import Path
from harness.sandbox.choose import choose_engine
from harness.spec.scenario import EngineName, PostgresSpec
about = json.loads(sys.argv[1])
spec = PostgresSpec(engine=EngineName(about["engine"]), dsn_env="DSN")
engine = choose_engine(spec, home=Path(about["home"]), environment=about["environment"])
server = engine.provision() if about["engine"] == "external" else engine.clone("empty")
print("ready", flush=True)
time.sleep(600)
"""


@contextmanager
def another_run(engine: str, *, home: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A process that holds a clone of its own; killed without mercy at the end."""
    about = json.dumps({"engine": engine, "home": str(home), "environment": environment})
    with subprocess.Popen([sys.executable, "-c", RUN, about], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("kind", ["embedded", pytest.param("docker", marks=pytest.mark.docker), "external"])
def test_killed_runs_are_collected_and_live_ones_left_alone(
    kind: str, home: Path, request: pytest.FixtureRequest
) -> None:
    environment: dict[str, str] = {}
    engine = cast("Engine", request.getfixturevalue("external" if kind == "external" else f"{kind}_engine"))
    if isinstance(engine, DockerEngine):
        environment["REHEARSE_IMAGE"] = engine.image
    if isinstance(engine, ExternalEngine):
        environment["DSN"] = request.getfixturevalue("provided").conninfo(application_name="rehearse/harness")
    with another_run(kind, home=home, environment=environment) as process:
        assert engine.collect() == []
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        removed = engine.collect()
    assert len(removed) == (2 if kind == "docker" else 1)
    assert engine.collect() == []
    assert kind == "external" or engine.has("empty")


def test_the_killed_runs_server_process_is_gone(home: Path, embedded_engine: EmbeddedEngine) -> None:
    before = set((home / "clones").iterdir())
    with another_run("embedded", home=home, environment={}) as process:
        (folder,) = set((home / "clones").iterdir()) - before
        pid = postmaster_pid(folder / "data")
        assert Owner.of(pid).alive
        process.kill()
        process.wait()
        assert Owner.of(pid).alive
        (line,) = embedded_engine.collect()
    assert f"its server (pid {pid})" in line
    assert not Owner.of(pid).alive
    assert not folder.exists()


def test_a_folder_whose_owner_file_was_cut_short_is_collected(home: Path, embedded_engine: EmbeddedEngine) -> None:
    folder = home / "clones" / "damaged"
    folder.mkdir()
    (folder / "owner.json").write_text('{"pid": 1', encoding="utf-8")
    assert embedded_engine.collect() == [f"folder {folder}"]


def test_a_folder_being_made_is_not_collected(home: Path, embedded_engine: EmbeddedEngine) -> None:
    folder = home / "clones" / ".being-made"
    folder.mkdir()
    assert embedded_engine.collect() == []
    os.utime(folder, (0, 0))
    assert embedded_engine.collect() == [f"folder {folder}"]
