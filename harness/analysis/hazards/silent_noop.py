"""silent_noop: the migration reports success and has not done what it says."""

import re
from collections.abc import Iterator

from harness.analysis.facts import Facts, InvariantFacts, ShapeFacts, StatementFacts
from harness.analysis.findings import finding
from harness.analysis.invariants import unmet
from harness.analysis.judgement import Finding, Hazard, Level
from harness.model.units import plural
from harness.model.words import Direction
from harness.spec.scenario import Scenario

HAZARD = Hazard(
    id="H408",
    name="silent_noop",
    title="Success reported, nothing done",
    condition="Going up succeeds and changes no row of any catalog or table; or the script ends with its transaction "
    "still open; or IF NOT EXISTS passes over an object that is not what the statement says; or an invariant that did "
    "not hold before holds no better after it.",
    effect="The migration counts as applied; the application that needs it fails later.",
    workaround="Leave IF NOT EXISTS out where the object must be new, and end every BEGIN with COMMIT.",
    bad="ALTER TABLE orders ADD COLUMN IF NOT EXISTS delivery tstzrange;  -- exists already, as text",
    good="ALTER TABLE orders ADD COLUMN delivery tstzrange;",
)

_HANDLER = re.compile(r"\bexception\s+when\b", re.IGNORECASE)


def find(facts: Facts, scenario: Scenario) -> Iterator[Finding]:
    """An error an object of another shape, a transaction left open, or where nothing changed; else an invariant."""
    effect = facts.effect
    if effect is None or effect.changed is not False:
        yield from (_unmet(before, after) for before, after in unmet(facts))
    if effect is None:
        return
    for shape in effect.shapes:
        yield _other_shape(shape, _statement(facts, shape.statement))
    for step in effect.left_open:
        yield _left_open(step, facts)
    if effect.changed is False and not effect.shapes and not effect.left_open:
        yield finding(
            HAZARD,
            Level.ERROR,
            title="the migration succeeds and changes nothing",
            statement=_catching(facts),
            marker="catches an error and goes on",
            evidence=("every row of every catalog and table, and every sequence, is what it was before",),
            impact="it counts as applied, and the schema is the one before it",
            remedy=_what_stopped_it(_catching(facts)),
        )


def _catching(facts: Facts) -> StatementFacts | None:
    """The block going up that has an exception handler."""
    return next((s for s in facts.statements if s.direction is Direction.UP and _HANDLER.search(s.sql)), None)


def _what_stopped_it(catching: StatementFacts | None) -> str:
    if catching is None:
        return "-- is it applied already? Leave out IF EXISTS and IF NOT EXISTS, and it says so"
    return f"-- let the handler of {catching.id} RAISE again what it does not expect, and the server says why it failed"


def _other_shape(shape: ShapeFacts, statement: StatementFacts | None) -> Finding:
    return finding(
        HAZARD,
        Level.ERROR,
        title=f"{shape.identity} exists already, and is not what the statement says",
        statement=statement,
        relation=_table(shape.identity),
        marker="passes over what exists",
        evidence=(f"the statement says {shape.says}", f"there is {shape.found}"),
        impact="it counts as applied, and what it was to make is missing",
        remedy="-- leave out IF NOT EXISTS, so that it fails; then change what exists into what is needed",
    )


def _unmet(before: int, after: InvariantFacts) -> Finding:
    # A warning: the data may be known to be so, and none of this migration's business.
    return finding(
        HAZARD,
        Level.WARNING,
        title=f"{after.name} does not hold after the migration either",
        evidence=(f"{plural(before, 'violation')} before, {after.violations or 0:,} right after going up",),
        impact="what the invariant asks for is still missing",
        remedy="-- look for what was skipped without an error: a caught exception, a condition that never holds",
    )


def _left_open(step: str, facts: Facts) -> Finding:
    last = next((s for s in reversed(facts.statements) if s.step == step and s.direction is Direction.UP), None)
    return finding(
        HAZARD,
        Level.ERROR,
        title=f"{step} ends with its transaction open: it is rolled back",
        statement=last,
        marker="the last statement; COMMIT is missing after it",
        evidence=("the transaction was still open at the end of the script, as a client that disconnects leaves it",),
        impact="nothing since BEGIN stays",
        remedy="COMMIT;",
    )


def _statement(facts: Facts, name: str) -> StatementFacts | None:
    return next((s for s in facts.statements if s.id == name and s.direction is Direction.UP), None)


def _table(identity: str) -> str:
    name = identity.removeprefix("index ")
    return name if name != identity or "." not in name else name.rpartition(".")[0]
