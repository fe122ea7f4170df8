"""What the types cannot say: units, ranges, names that must be there or must differ, keys that exclude each other."""

from pathlib import Path

from harness.spec.checks.migration import check_migration
from harness.spec.checks.outcome import check_budgets, check_metrics, check_rollback_and_accept
from harness.spec.checks.phases import check_invariants, check_phases
from harness.spec.checks.postgres import check_postgres, check_snapshot
from harness.spec.checks.refuse import Refuse
from harness.spec.checks.traffic import check_traffic
from harness.spec.scenario import Scenario

_LARGEST_SEED = 2**63 - 1


def check_scenario(scenario: Scenario, *, path: Path) -> None:
    """SpecError for the first value of `scenario`, read from `path`, that is out of range or contradicts another."""
    refuse = Refuse(path)
    refuse.name(scenario.name, "name")
    in_range = 0 <= scenario.seed <= _LARGEST_SEED
    refuse.unless(in_range, "seed", "the seed is out of range", hint="write a whole number from 0 to 2^63-1")
    check_postgres(scenario, refuse)
    check_snapshot(scenario, refuse)
    check_migration(scenario, refuse)
    check_traffic(scenario, refuse)
    check_phases(scenario, refuse)
    check_invariants(scenario, refuse)
    check_rollback_and_accept(scenario, refuse)
    check_budgets(scenario, refuse)
    check_metrics(scenario, refuse)
