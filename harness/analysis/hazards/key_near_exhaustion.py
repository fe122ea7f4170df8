"""key_near_exhaustion: an integer key that runs out, or is narrower than what it refers to."""

from collections.abc import Iterator
from typing import Final

from harness.analysis.facts import Facts
from harness.analysis.findings import finding
from harness.analysis.judgement import Finding, Hazard, Level
from harness.analysis.names import short
from harness.analysis.state_findings import statement_naming
from harness.events.state import KeySeen
from harness.spec.scenario import Scenario

HAZARD = Hazard(
    id="H227",
    name="key_near_exhaustion",
    title="An integer key has little room left",
    condition="After going up a primary or foreign key column of type smallint or integer, or a sequence, has used at "
    "least half of its range, or a foreign key column is of a narrower type than the column it refers to; and before, "
    "it was not.",
    effect="At the end of the range every insert fails (22003, 2200H); widening the column then rewrites the table "
    "under load.",
    workaround="bigint from the beginning: it costs four bytes a row, and mostly none by alignment.",
    bad="ALTER TABLE items ADD COLUMN order_id integer REFERENCES orders (id);  -- orders.id is bigint",
    good="ALTER TABLE items ADD COLUMN order_id bigint REFERENCES orders (id);",
)

SOON: Final = 0.8
"""From here on it is said to be soon."""


def find(facts: Facts, scenario: Scenario) -> Iterator[Finding]:
    """A note a column or sequence."""
    for key in facts.left.keys_up:
        what = f"{short(key.relation)}.{key.column}" if key.column else short(key.relation)
        used = key.used_ratio
        yield finding(
            HAZARD,
            Level.NOTE,
            title=f"{what} is {key.type}, and what it refers to is {key.narrower_than}"
            if key.narrower_than
            else f"{what} ({key.type}) has used {used or 0:.0%} of its range",
            statement=statement_naming(facts, f"{key.relation}.{key.column}" if key.column else key.relation),
            relation=key.relation,
            marker="a key with little room",
            evidence=(
                f"{what} is of type {key.type}" if key.column else "",
                f"{used:.1%} of the range is used after going up" if used is not None else "",
                f"the column it refers to is {key.narrower_than}" if key.narrower_than else "",
            ),
            impact="inserts fail soon, when the range is used up"
            if used is not None and used >= SOON
            else "inserts fail when the range is used up",
            remedy=_remedy(key),
        )


def _remedy(key: KeySeen) -> str:
    if not key.column:
        return f"ALTER SEQUENCE {key.relation} AS bigint;  -- and its column"
    return f"-- make {key.relation}.{key.column} bigint before it has rows: afterwards it is a rewrite"
