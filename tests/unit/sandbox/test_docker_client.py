"""Which image, and whose leftovers; no engine is asked."""

import platform
from pathlib import Path

import pytest

from harness.sandbox.docker_client import HOST_LABEL, RUN_LABEL, image_name, is_orphan, labels


@pytest.mark.parametrize(
    ("image", "environment", "name"),
    [
        ("", {}, "postgres:18"),
        ("", {"REHEARSE_IMAGE": "ours:1"}, "ours:1"),
        ("theirs:2", {"REHEARSE_IMAGE": "ours:1"}, "theirs:2"),
    ],
)
def test_the_scenario_goes_before_the_machine(image: str, environment: dict[str, str], name: str) -> None:
    assert image_name(image=image, major=18, environment=environment) == name


def test_only_what_a_dead_process_of_this_machine_made_is_an_orphan() -> None:
    mine = labels(Path("/home"))
    assert not is_orphan(mine)
    assert is_orphan({**mine, RUN_LABEL: "1:0"})
    assert not is_orphan({**mine, RUN_LABEL: "1:0", HOST_LABEL: f"not-{platform.node()}"})
    assert not is_orphan({})
