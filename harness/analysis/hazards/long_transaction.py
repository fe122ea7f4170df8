"""long_transaction: a transaction that lasts as long as work over a whole table."""

from collections.abc import Iterator

from harness.analysis.backfills import backfills, commits_inside
from harness.analysis.facts import Facts, StatementFacts
from harness.analysis.findings import finding, on_the_way, some_of
from harness.analysis.held import growing_work, same_transaction, weight
from harness.analysis.judgement import Finding, Hazard, Level
from harness.analysis.work import work_text
from harness.model.words import Direction
from harness.spec.scenario import Scenario

HAZARD = Hazard(
    id="H110",
    name="long_transaction",
    title="A long transaction",
    condition="A transaction of several statements of which one works through half of a table or more, or one that "
    "changes that many rows.",
    effect="All its locks last to its end, vacuum cannot remove rows that died since its start, and all is lost "
    "when the last statement fails.",
    workaround="One statement a transaction; data changes in batches.",
    bad="BEGIN; ALTER TABLE users ADD COLUMN full_name text; UPDATE users SET full_name = …; COMMIT;",
    good="ALTER TABLE users ADD COLUMN full_name text;\nUPDATE users SET full_name = … WHERE id BETWEEN 1 AND 5000;",
)

_SETTINGS = frozenset({"SET", "RESET", "SHOW"})


def find(facts: Facts, scenario: Scenario) -> Iterator[Finding]:
    """One warning a transaction, at its first statement that works; a note where it works on small tables only."""
    heavy = {backfill.statement.id: backfill.relation for backfill in backfills(facts)}
    found: dict[tuple[Direction, str], Finding] = {}
    for statement in facts.statements:
        mates = [s for s in facts.statements if same_transaction(s, statement) and s.tag not in _SETTINGS]
        if not (statement.id in heavy or _works_among(facts, statement, mates)):
            continue
        key = statement.direction, mates[0].id if mates else statement.id
        works = growing_work(statement)
        small = weight(facts, works) is Level.NOTE if works else heavy[statement.id] in facts.small_tables
        level = Level.NOTE if small else on_the_way(Level.WARNING, statement.direction)
        if key not in found or (found[key].level is Level.NOTE and level is Level.WARNING):
            found[key] = _finding(statement, level, mates=len(mates))
    yield from found.values()


def _finding(statement: StatementFacts, level: Level, *, mates: int) -> Finding:
    works = growing_work(statement)
    return finding(
        HAZARD,
        level,
        title=f"the transaction of {statement.id} lasts as long as its work over the table",
        statement=statement,
        relation=next((work.relation for work in works), ""),
        marker=f"1 of {mates} statements in one transaction" if mates > 1 else "one long transaction",
        evidence=some_of([f"{statement.id} {work_text(work)}" for work in works]),
        impact="locks and dead rows last to the end of the transaction",
        remedy="-- give each statement a transaction of its own, and change data in batches",
    )


def _works_among(facts: Facts, statement: StatementFacts, mates: list[StatementFacts]) -> bool:
    return len(mates) > 1 and bool(growing_work(statement)) and not commits_inside(facts, statement)
