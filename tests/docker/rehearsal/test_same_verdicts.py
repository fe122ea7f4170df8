"""The project's own scenarios on the container engine: the same verdicts and hazards as on the embedded one."""

from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from harness.cli.conclude import conclude
from harness.rehearsal.conductor import rehearse
from harness.rehearsal.options import Options
from harness.sandbox.docker import DockerEngine
from harness.spec.load import LoadedScenario, load_scenario
from harness.spec.scenario import EngineName
from tests.postgres.rehearsal.rehearsals import said

_SHOP = Path(__file__).parents[3] / "scenarios" / "shop"
# A queue and a rewrite: the hazards that most depend on what the server itself does and logs.
_PAIRS = ("behind-long-reader", "widen-total")


@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize("name", [f"{pair}/{which}" for pair in _PAIRS for which in ("unsafe", "safe")])
def test_a_scenario_says_the_same_in_a_container(
    name: str, docker_engine: DockerEngine, home: Path, tmp_path: Path
) -> None:
    loaded = in_container(load_scenario(_SHOP / name / "scenario.toml"), image=docker_engine.image)
    directory = rehearse(loaded, Options(home=home, out=tmp_path / "run", run_id=loaded.scenario.name, command=()))

    done = conclude(directory.path, write=False)

    assert done.view.facts.environment is not None
    assert done.view.facts.environment.engine == "docker"
    assert done.verdict.value == loaded.scenario.expect["verdict"], said(done)
    weighty = {f.hazard.name for f in done.view.judgement.findings if f.level.value != "note" and f.accepted is None}
    assert weighty >= set(loaded.scenario.expect["hazards"]), said(done)
    if done.verdict.value == "pass":
        assert weighty == set(), said(done)


def in_container(loaded: LoadedScenario, *, image: str) -> LoadedScenario:
    """The scenario with nothing changed but the engine, its image, and no queue probe: clones are dear here."""
    scenario = loaded.scenario
    postgres = structs.replace(scenario.postgres, engine=EngineName.DOCKER, image=image)
    probe = structs.replace(scenario.probe, queue=False)
    return replace(loaded, scenario=structs.replace(scenario, postgres=postgres, probe=probe))
