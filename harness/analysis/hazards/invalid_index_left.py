"""invalid_index_left: an index that is maintained and never used."""

import re
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
    condition="An index with indisvalid = false exists after the migration and did not before, or was "
    "to be made by it.",
    effect="Every write maintains it, no query uses it, and IF NOT EXISTS takes it for the real one.",
    workaround="DROP INDEX CONCURRENTLY it, remove the cause (duplicates, a timeout), and create it again.",
    bad="CREATE UNIQUE INDEX CONCURRENTLY users_email_key ON users (email);  -- duplicates: fails, stays invalid",
    good="DROP INDEX CONCURRENTLY users_email_key;\n-- remove the duplicates, then create it again",
)

_WORD = re.compile(r"\w+")
_CREATES = ("CREATE INDEX", "REINDEX")


def find(facts: Facts, scenario: Scenario) -> Iterator[Finding]:
    """An error an index after going up, a warning after the way back."""
    for direction, names in (
        (Direction.UP, facts.state.invalid_indexes_after_up),
        (Direction.DOWN, facts.state.invalid_indexes_after_down),
    ):
        for name in names:
            yield _finding(name, _namer(facts, name, direction), direction)
    for name in facts.state.invalid_indexes_before_and_after_up:
        creator = _namer(facts, name, Direction.UP)
        if creator is not None and creator.tag.startswith(_CREATES):
            # An earlier attempt left it, and IF NOT EXISTS passed over it; or it was made anew and failed again.
            yield _finding(name, creator, Direction.UP)


def _finding(name: str, statement: StatementFacts | None, direction: Direction) -> Finding:
    return finding(
        HAZARD,
        on_the_way(Level.ERROR, direction),
        title=f"index {name} is invalid",
        statement=statement,
        relation=name,
        direction=direction,
        marker="leaves an invalid index",
        evidence=(f"{name} has indisvalid = false after going {direction.value}",),
        impact="writes pay for it, queries cannot use it",
        remedy=f"DROP INDEX CONCURRENTLY {name};\n-- remove the cause, then create it again",
    )


def _namer(facts: Facts, name: str, direction: Direction) -> StatementFacts | None:
    """The statement that names the index, rather one that creates it than one that drops it."""
    plain = name.rpartition(".")[2].replace('"', "").lower()
    ours = [s for s in facts.statements if s.direction is direction]
    mine = [s for s in ours if plain in _WORD.findall(s.sql.lower()) or f'"{plain}"' in s.sql.lower()]
    created = [s for s in mine if s.tag.startswith(_CREATES)]
    return next(iter(created or [s for s in mine if "INDEX" in s.tag] or mine), None)
