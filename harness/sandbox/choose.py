"""Which engine serves a scenario."""

import os
from collections.abc import Mapping
from pathlib import Path

from harness.model.errors import SandboxError
from harness.postgres.ports import Engine, Home, Progress
from harness.sandbox.docker import DockerEngine
from harness.sandbox.docker_client import engine_answers
from harness.sandbox.embedded import EmbeddedEngine
from harness.sandbox.external import ExternalEngine
from harness.spec.scenario import EngineName, PostgresSpec


def choose_engine(
    spec: PostgresSpec,
    *,
    home: Path,
    on_progress: Progress | None = None,
    owned: bool = False,
    environment: Mapping[str, str] = os.environ,
) -> Engine:
    """The engine the scenario asks for; for `auto`, docker where its engine answers and has or can get the image,
    else embedded.

    `owned` is --i-own-this-database, for external ones. `environment` may name the image (REHEARSE_IMAGE) and holds the
    DSN. SandboxError says why none can serve.
    """
    place = Home(home)
    match spec.engine:
        case EngineName.DOCKER:
            return DockerEngine(spec, home=place, environment=environment, on_progress=on_progress)
        case EngineName.EMBEDDED:
            return EmbeddedEngine(spec, home=place)
        case EngineName.EXTERNAL:
            return ExternalEngine(spec, owned=owned, environment=environment)
        case EngineName.AUTO:
            return _automatic(spec, home=place, on_progress=on_progress, environment=environment)


def _automatic(
    spec: PostgresSpec, *, home: Home, on_progress: Progress | None, environment: Mapping[str, str]
) -> Engine:
    if not engine_answers():
        return _embedded(spec, home=home, because="no Docker engine answers")
    try:
        return DockerEngine(
            spec,
            home=home,
            reason="a Docker engine answers and has the image",
            environment=environment,
            on_progress=on_progress,
        )
    except SandboxError as no_image:
        if spec.image:
            raise  # an image asked for by name is not replaced by something else
        return _embedded(spec, home=home, because=no_image.message.split(": ", 1)[0])


def _embedded(spec: PostgresSpec, *, home: Home, because: str) -> Engine:
    try:
        return EmbeddedEngine(spec, home=home, reason=because)
    except SandboxError as error:
        raise SandboxError(f"{because}, and {error.message}", hint=error.hint) from error
