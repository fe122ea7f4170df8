"""invalid_index_left: an index that is maintained and never used."""

from collections.abc import Iterator

from harness.analysis.facts import Facts, StatementFacts
from harness.analysis.findings import finding, on_the_way
from harness.analysis.judgement import Finding, Hazard, Level
from harness.model.words import Direction
from harness.spec.scenario import Scenario

HAZARD = Hazard(
    id="H406",
    name="invalid_index_left",
    title="An invalid index stays",
    condition="An index with indisvalid = false exists after the migration and did not before.",
    effect="Every write maintains it, no query uses it, and IF NOT EXISTS takes it for the real one.",
    workaround="DROP INDEX CONCURRENTLY it, remove the cause (duplicates, a timeout), and create it again.",
    bad="CREATE UNIQUE INDEX CONCURRENTLY users_email_key ON users (email);  -- duplicates: fails, stays invalid",
    good="DROP INDEX CONCURRENTLY users_email_key;\n-- remove the duplicates, then create it again",
)


def find(facts: Facts, scenario: Scenario) -> Iterator[Finding]:
    """An error an index after going up, a warning after the way back."""
    for direction, names in (
        (Direction.UP, facts.state.invalid_indexes_after_up),
        (Direction.DOWN, facts.state.invalid_indexes_after_down),
    ):
        for name in names:
            yield finding(
                HAZARD,
                on_the_way(Level.ERROR, direction),
                title=f"index {name} is invalid",
                statement=_creator(facts, name, direction),
                relation=name,
                direction=direction,
                marker="leaves an invalid index",
                evidence=(f"{name} has indisvalid = false after going {direction.value}",),
                impact="writes pay for it, queries cannot use it",
                remedy=f"DROP INDEX CONCURRENTLY {name};\n-- remove the cause, then create it again",
            )


def _creator(facts: Facts, name: str, direction: Direction) -> StatementFacts | None:
    plain = name.rpartition(".")[2].replace('"', "").lower()
    mine = [s for s in facts.statements if s.direction is direction and plain in s.sql.lower()]
    return next((s for s in mine if "INDEX" in s.tag), next(iter(mine), None))
