"""The Docker engine seen from here: does it answer, can an image be had; labels, short helper containers."""

import logging
import os
import platform
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from docker.client import DockerClient
from docker.errors import DockerException, ImageNotFound, NotFound
from requests.exceptions import RequestException

from harness.model.errors import SandboxError
from harness.postgres.ports import Progress
from harness.sandbox.leftovers import Owner

RUN_LABEL = "io.rehearse.run"
HOST_LABEL = "io.rehearse.host"
HOME_LABEL = "io.rehearse.home"
# What the Docker client uses where DOCKER_HOST is not set.
_DEFAULT_HOST = "unix:///var/run/docker.sock"
IMAGE_VARIABLE = "REHEARSE_IMAGE"

# An engine on this machine answers in milliseconds; one behind a dead address must not hang a run.
_PING_TIMEOUT_S = 5
# A registry that says nothing for this long is taken for unreachable; a whole image may take longer.
_PULL_SILENCE_S = 20
_PULL_TOTAL_S = 600.0
# Copying a volume of hundreds of gigabytes takes as long as it takes; the engine sends nothing meanwhile.
_HELPER_TIMEOUT_S = 24 * 3600

CLIENT_ERRORS = (DockerException, RequestException)


@contextmanager
def docker_client(timeout_s: int = _HELPER_TIMEOUT_S) -> Iterator[DockerClient]:
    """A client of the engine that DOCKER_HOST or the default socket names. SandboxError where none answers."""
    client = None
    try:
        _knock()
        client = DockerClient.from_env(timeout=timeout_s)  # type: ignore[no-untyped-call] # docker ships no types
        client.ping()
    except (*CLIENT_ERRORS, OSError) as error:
        if client is not None:
            client.close()
        raise SandboxError(
            "no Docker engine answers" + (f" at {os.environ['DOCKER_HOST']}" if "DOCKER_HOST" in os.environ else ""),
            hint='start Docker, or set [postgres] engine = "embedded", which needs none',
        ) from error
    try:
        yield client
    finally:
        client.close()


def engine_answers() -> bool:
    """Whether a Docker engine answers within a few seconds."""
    try:
        with docker_client(_PING_TIMEOUT_S):
            return True
    except SandboxError:
        return False


def image_name(*, image: str, major: int, environment: Mapping[str, str]) -> str:
    """The scenario's image, else REHEARSE_IMAGE's, else the official one of `major`."""
    return image or environment.get(IMAGE_VARIABLE, "") or f"postgres:{major}"


def ensure_image(name: str, *, on_progress: Progress | None = None) -> None:
    """Have the image here, pulled if need be. SandboxError where it neither is here nor can be had in bounded time."""
    with docker_client(_PULL_SILENCE_S) as client:
        try:
            client.images.get(name)
        except ImageNotFound:
            _pull(client, name, on_progress)


def labels(home: Path) -> dict[str, str]:
    """The labels of everything that is started: who made it, on which machine, with which home."""
    return {RUN_LABEL: Owner.here().label, HOST_LABEL: platform.node(), HOME_LABEL: str(home)}


def is_orphan(labels_found: Mapping[str, str], *, ours: bool = False) -> bool:
    """Whether what carries these labels was made on this machine by a process that is gone; `ours`: or by this one."""
    same_host = labels_found.get(HOST_LABEL) == platform.node()
    return same_host and Owner.parse(labels_found.get(RUN_LABEL, "")).is_gone(ours=ours)


def run_helper(
    client: DockerClient, image: str, script: str, *, volumes: Mapping[str, tuple[str, str]], home: Path
) -> str:
    """Run a shell script as root in a container of `image` with `volumes` (name to path and mode); its output.

    SandboxError with the script's last words where it fails.
    """
    container: Any = client.containers.create(
        image,
        entrypoint=["sh", "-ec"],
        command=[script],
        user="0",
        network_mode="none",
        init=True,
        volumes={name: {"bind": path, "mode": mode} for name, (path, mode) in volumes.items()},
        labels=labels(home),
    )
    try:
        container.start()
        status = container.wait()["StatusCode"]
        output = container.logs(stdout=True, stderr=status != 0).decode(errors="replace").strip()
    except CLIENT_ERRORS as error:
        raise SandboxError(f"a helper container of {image} did not run: {_explain(error)}") from error
    finally:
        # With its anonymous volumes: the image declares one that nobody uses.
        container.remove(force=True, v=True)
    if status != 0:
        raise SandboxError(f"a helper container of {image} failed: {output.splitlines()[-1:]}")
    return str(output)


def remove_volume(client: DockerClient, name: str) -> None:
    """Remove a volume that may be gone already."""
    try:
        client.volumes.get(name).remove(force=True)
    except NotFound:
        return


def quiet_testcontainers() -> None:
    """Stop testcontainers from starting its reaper and from talking on standard error.

    The reaper is an image of its own, which cannot be had offline; labels and `collect` do its work.
    """
    from testcontainers.core.config import testcontainers_config

    testcontainers_config.ryuk_disabled = True
    for name in ("testcontainers.core.container", "testcontainers.core.docker_client"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _knock() -> None:
    """Connect to the engine's Unix socket once: the client library leaks its own when nobody answers."""
    path = os.environ.get("DOCKER_HOST", _DEFAULT_HOST)
    if path.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as door:
            door.settimeout(_PING_TIMEOUT_S)
            door.connect(path.removeprefix("unix://"))


def _pull(client: DockerClient, name: str, on_progress: Progress | None) -> None:
    deadline = time.monotonic() + _PULL_TOTAL_S
    layers: dict[str, tuple[int, int]] = {}
    try:
        repository, tag = _split(name)
        api: Any = client.api  # docker ships no types
        for line in api.pull(repository, tag=tag, stream=True, decode=True):
            if "error" in line:
                raise _no_image(name, str(line["error"]))
            if time.monotonic() > deadline:
                raise _no_image(name, f"it was not here after {_PULL_TOTAL_S:.0f} s")
            _note_layer(layers, line)
            if on_progress and layers:
                on_progress(f"pull {name}", sum(d for d, _ in layers.values()), sum(t for _, t in layers.values()))
    except CLIENT_ERRORS as error:
        raise _no_image(name, _explain(error)) from error


def _note_layer(layers: dict[str, tuple[int, int]], line: dict[str, Any]) -> None:
    detail = line.get("progressDetail") or {}
    if "total" in detail and line.get("status") == "Downloading":
        layers[str(line.get("id"))] = int(detail.get("current", 0)), int(detail["total"])


def _no_image(name: str, why: str) -> SandboxError:
    return SandboxError(
        f"the image {name} is not here and cannot be pulled: {why[:200]}",
        hint=f"load it with `docker load`, name another one in [postgres] image or {IMAGE_VARIABLE}, "
        "build one offline (fixtures/postgres-image/build.sh), or use the embedded engine",
    )


def _explain(error: Exception) -> str:
    return str(getattr(error, "explanation", None) or error).strip().splitlines()[-1][:200]


def _split(name: str) -> tuple[str, str]:
    if "@" in name:
        repository, digest = name.split("@", 1)
        return repository, digest
    repository, colon, tag = name.rpartition(":")
    return (repository, tag) if colon and "/" not in tag else (name, "latest")
