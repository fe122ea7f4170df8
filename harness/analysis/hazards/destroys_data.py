"""destroys_data: rows, a filled column or a filled table are gone after going up."""

from collections.abc import Iterator

from harness.analysis.facts import Facts, StatementFacts
from harness.analysis.findings import finding
from harness.analysis.judgement import Finding, Hazard, Level
from harness.analysis.remedy.repair import archive
from harness.model.words import Direction
from harness.spec.scenario import Scenario

HAZARD = Hazard(
    id="H209",
    name="destroys_data",
    title="Data is gone",
    condition="Rows, a filled column or a filled table that existed before are gone after going up; a column is gone "
    "too where an empty one has taken its name.",
    effect="No rollback brings them back; only a backup does.",
    workaround="Stop using it in one release, drop it in a later one, and keep a copy until nobody asks any more.",
    bad="ALTER TABLE orders DROP COLUMN note;",
    good="CREATE TABLE orders_note_archive AS SELECT id, note FROM orders WHERE note IS NOT NULL;\n"
    "ALTER TABLE orders DROP COLUMN note;  -- accepted: -- rehearse: accept destroys_data (archived)",
)


REMEDY = "-- archive it first, drop it a release after its last use, and accept the hazard with that reason"


def find(facts: Facts, scenario: Scenario) -> Iterator[Finding]:
    """An error a thing that is gone."""
    for item in facts.state.destroyed_by_up:
        statement, relation = _destroyer(facts, item)
        yield finding(
            HAZARD,
            Level.ERROR,
            title=f"going up destroys {item}",
            statement=statement,
            relation=relation,
            marker="data is gone from here on",
            evidence=(f"{item}: there before, gone after going up",),
            impact="no rollback brings it back",
            remedy=f"{archive(statement, facts)}\n{REMEDY}".lstrip(),
        )


def _destroyer(facts: Facts, item: str) -> tuple[StatementFacts | None, str]:
    """The statement that names what is gone, and the relation."""
    words = [word.strip(",.").replace('"', "") for word in item.split()]
    named = next((word for word in words if "." in word and not word[0].isdigit()), "")
    relation = ".".join(named.split(".")[:2])
    last = named.rpartition(".")[2]
    up = [s for s in facts.statements if s.direction is Direction.UP]
    removing = [s for s in up if s.tag.startswith(("DROP", "DELETE", "TRUNCATE", "ALTER TABLE"))]
    naming = [s for s in removing if last and last.lower() in s.sql.lower()]
    touching = [s for s in removing if any(work.relation == relation for work in s.relations)]
    return next(iter(naming or touching), None), relation
