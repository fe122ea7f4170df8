"""Every pair rehearsed for real: the unsafe one is found out, the safe one passes without a word."""

from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from harness.analysis.hazards.registry import hazard_named
from harness.cli.conclude import Conclusion, conclude
from harness.model.verdict import Verdict
from harness.rehearsal.conductor import rehearse
from harness.rehearsal.options import Options
from harness.report.view.model import FindingView
from harness.spec.load import LoadedScenario, find_scenarios, load_scenario

SCENARIOS = Path(__file__).parents[3] / "scenarios"
# Other processes may starve the generator or the observer; the run then says so instead of judging.
ATTEMPTS = 3
# Probes take as long as the rest: the pairs whose verdict they decide have them. Those of locks, of resources and of
# what is left behind do without the versions probe too.
PROBED = {
    "lock_queue",
    "missing_lock_timeout",
    "concurrently_timeout_leftover",
    "deadlock_risk",
    "opposite-lock-order",
    "set-not-null-behind-slow-reader",
}
FILES = [*find_scenarios(SCENARIOS / "hazards"), *find_scenarios(SCENARIOS / "incidents")]


def _id(path: Path) -> str:
    return str(path.parent.relative_to(SCENARIOS))


def _rehearsed(loaded: LoadedScenario, *, home: Path, folder: Path) -> Conclusion:
    """The first conclusion that is one, else the last."""
    name = loaded.scenario.name
    for attempt in range(1, ATTEMPTS + 1):
        options = Options(home=home, out=folder / f"run-{attempt}", run_id=name, command=())
        conclusion = conclude(rehearse(loaded, options).path, write=False)
        if conclusion.verdict is not Verdict.INCONCLUSIVE:
            break
    return conclusion


def _probed_where_it_matters(loaded: LoadedScenario, *, path: Path) -> LoadedScenario:
    pair = path.parent.parent
    hazard = hazard_named(pair.name)
    if pair.name in PROBED:
        return loaded
    of_application = hazard is None or not hazard.id.startswith(("H1", "H22", "H5"))
    probe = structs.replace(loaded.scenario.probe, versions=of_application, queue=False, deadlock=False)
    return replace(loaded, scenario=structs.replace(loaded.scenario, probe=probe))


def _said(conclusion: Conclusion) -> str:
    """What the run says, for whoever reads the failed test."""
    checks = [f"  check {row.id}: {row.found}, limit {row.limit}" for row in conclusion.view.budgets]
    findings = [f"  {one.level} {one.hazard}: {one.title}" for one in conclusion.view.findings]
    return "\n".join([f"{conclusion.verdict.value}", *checks, *findings])


def _weighs(finding: FindingView) -> bool:
    return finding.level != "note" and finding.accepted is None


@pytest.mark.postgres
@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=_id)
def test_a_rehearsal_says_what_its_scenario_expects(path: Path, home: Path, tmp_path: Path) -> None:
    loaded = _probed_where_it_matters(load_scenario(path), path=path)

    conclusion = _rehearsed(loaded, home=home, folder=tmp_path)

    expected, found = set(loaded.scenario.expect["hazards"]), conclusion.view.findings
    assert conclusion.verdict.value == loaded.scenario.expect["verdict"], _said(conclusion)
    assert expected <= {finding.hazard for finding in found}, _said(conclusion)
    if conclusion.verdict.value == "pass":
        assert [finding.title for finding in found if _weighs(finding)] == [], _said(conclusion)
    if path.parent.name == "safe":
        # Not even as a note: a hazard that only ever is a note has no other way to fire.
        assert path.parent.parent.name not in {finding.hazard for finding in found}, _said(conclusion)
