"""fk_without_index: a foreign key whose referencing columns have no index."""

from collections.abc import Iterator

from harness.analysis.facts import Facts, StatementFacts
from harness.analysis.findings import finding
from harness.analysis.judgement import Finding, Hazard, Level
from harness.analysis.remedy.safer import referencing_index
from harness.analysis.remedy.tree import constraints
from harness.model.words import Direction
from harness.spec.scenario import Scenario

HAZARD = Hazard(
    id="H208",
    name="fk_without_index",
    title="A foreign key that nothing indexes",
    condition="A foreign key that the migration created has no valid index on its referencing columns.",
    effect="Every DELETE, and every UPDATE of the key, on the referenced table scans the referencing one.",
    workaround="CREATE INDEX CONCURRENTLY on the referencing columns first.",
    bad="ALTER TABLE items ADD FOREIGN KEY (order_id) REFERENCES orders (id);",
    good="CREATE INDEX CONCURRENTLY ON items (order_id);\n"
    "ALTER TABLE items ADD CONSTRAINT items_order_fk FOREIGN KEY (order_id) REFERENCES orders (id) NOT VALID;",
)


def find(facts: Facts, scenario: Scenario) -> Iterator[Finding]:
    """A warning a foreign key."""
    for described in facts.state.unindexed_foreign_keys_after_up:
        statement = _creator(facts, described)
        yield finding(
            HAZARD,
            Level.WARNING,
            title=f"nothing indexes the foreign key {described}",
            statement=statement,
            relation=_table(described),
            marker="no index on the referencing columns",
            evidence=(f"{described} has no valid index on its referencing columns after going up",),
            impact="deletes and key updates of the referenced table scan this one",
            remedy=referencing_index(statement, described),
        )


def _creator(facts: Facts, described: str) -> StatementFacts | None:
    """The statement that names the key, else the last one that creates a foreign key on its table."""
    up = [s for s in facts.statements if s.direction is Direction.UP and "REFERENCES" in s.sql.upper()]
    named = [s for s in up if any(c.conname and c.conname in described for _, c in constraints(s.sql))]
    table = _table(described).rpartition(".")[2]
    near = [s for s in up if table and any(t.rpartition(".")[2] == table for t, _ in constraints(s.sql))]
    return next(reversed(named or near or up), None)


def _table(described: str) -> str:
    """The table in "public.items.items_order_fk" or "items_order_fk on public.items (order_id)"."""
    words = described.replace('"', "").split()
    if "on" in words[:-1]:
        return words[words.index("on") + 1].split("(")[0]
    parts = words[0].split("(")[0].split(".") if words else []
    return ".".join(parts[:2]) if len(parts) >= 2 else ""
