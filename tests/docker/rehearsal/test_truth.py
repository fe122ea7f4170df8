"""What whole rehearsals report against what truly happened, on the container engine."""

from pathlib import Path

import pytest

from harness.sandbox.docker import DockerEngine
from tests.postgres.rehearsal.rehearsals import Rehearsals
from tests.postgres.rehearsal.truth_cases import TruthCases


@pytest.fixture
def rehearsals(home: Path, tmp_path: Path, docker_engine: DockerEngine) -> Rehearsals:
    """Rehearses in containers of the image that the container tests use."""
    postgres = f'engine = "docker"\nimage = "{docker_engine.image}"\n'
    return Rehearsals(home=home, folder=tmp_path, postgres=postgres)


@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.alone
class TestDocker(TruthCases):
    """The cases on the container engine."""
