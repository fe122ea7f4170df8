"""Every hazard has a pair of scenarios, every pair differs in the migration or the application only, and each loads."""

from pathlib import Path

import pytest

from harness.analysis.hazards.registry import hazard_named, hazards
from harness.model.units import NS_PER_S, parse_duration
from harness.model.verdict import Verdict
from harness.rehearsal.migration.sources import build_plan
from harness.spec.load import find_scenarios, load_scenario

SCENARIOS = Path(__file__).parents[3] / "scenarios"
HAZARDS = SCENARIOS / "hazards"
INCIDENTS = SCENARIOS / "incidents"
KINDS = ("unsafe", "safe")
NAMES = [hazard.name for hazard in hazards()]
PAIRS = [*sorted(HAZARDS.iterdir()), *sorted(INCIDENTS.iterdir())]
FILES = [*find_scenarios(HAZARDS), *find_scenarios(INCIDENTS)]
# A bound above it does not help an application (the definition of the hazard missing_lock_timeout).
LONGEST_LOCK_TIMEOUT_NS = 10 * NS_PER_S


def _id(path: Path) -> str:
    return str((path.parent if path.is_file() else path).relative_to(SCENARIOS))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_hazard_has_both_scenarios(name: str, kind: str) -> None:
    assert (HAZARDS / name / kind / "scenario.toml").is_file()


def test_no_pair_is_for_a_hazard_that_does_not_exist() -> None:
    assert {path.name for path in HAZARDS.iterdir()} == set(NAMES)


@pytest.mark.parametrize("pair", PAIRS, ids=_id)
def test_a_pair_is_two_scenarios_on_the_same_data(pair: Path) -> None:
    assert {path.parent.name for path in find_scenarios(pair)} == set(KINDS)
    unsafe, safe = (load_scenario(pair / kind) for kind in KINDS)
    assert unsafe.scenario.snapshot == safe.scenario.snapshot
    assert [unsafe.resolve(name).resolve() for name in unsafe.scenario.snapshot.setup] == [
        safe.resolve(name).resolve() for name in safe.scenario.snapshot.setup
    ]
    assert unsafe.scenario.postgres == safe.scenario.postgres
    assert unsafe.scenario.invariant == safe.scenario.invariant or not unsafe.scenario.invariant


@pytest.mark.parametrize("path", FILES, ids=_id)
def test_a_scenario_loads_and_its_migration_has_both_ways(path: Path) -> None:
    loaded = load_scenario(path)
    plan = build_plan(loaded.scenario, folder=loaded.folder, file=str(path))
    assert plan.steps
    assert all(step.up.statements and step.down is not None for step in plan.steps)
    assert loaded.scenario.name == f"{path.parent.parent.name.replace('_', '-')}-{path.parent.name}"
    assert loaded.scenario.description


@pytest.mark.parametrize("path", FILES, ids=_id)
def test_what_a_scenario_expects_are_words_of_the_product(path: Path) -> None:
    expect = load_scenario(path).scenario.expect
    assert set(expect) == {"verdict", "hazards"}
    assert Verdict(expect["verdict"]) is not Verdict.INCONCLUSIVE
    assert [word for word in expect["hazards"] if hazard_named(word) is None] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_unsafe_one_expects_its_hazard(name: str) -> None:
    assert name in load_scenario(HAZARDS / name / "unsafe").scenario.expect["hazards"]


@pytest.mark.parametrize("pair", PAIRS, ids=_id)
def test_the_safe_one_expects_nothing(pair: Path) -> None:
    assert load_scenario(pair / "safe").scenario.expect == {"verdict": "pass", "hazards": []}


@pytest.mark.parametrize("pair", PAIRS, ids=_id)
def test_the_safe_one_accepts_nothing_bounds_its_locks_and_comes_back(pair: Path) -> None:
    scenario = load_scenario(pair / "safe").scenario
    assert scenario.accept == ()
    assert scenario.migration.retries > 0
    bound_ns = parse_duration(scenario.migration.lock_timeout)
    in_files = all("SET lock_timeout" in file.read_text() for file in (pair / "safe").rglob("*.sql"))
    assert 0 < bound_ns <= LONGEST_LOCK_TIMEOUT_NS or in_files
