"""Transactions that change most of a table."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from harness.analysis.facts import Facts, StatementFacts, WorkFacts
from harness.analysis.held import transaction_of
from harness.analysis.names import TABLE_KINDS
from harness.analysis.work import is_big


@dataclass(frozen=True, slots=True)
class Backfill:
    """Rows of a relation that one transaction changed, at least; `statement` is the one that passed the half."""

    statement: StatementFacts
    relation: str
    changed: int
    before: int
    big: bool


def backfills(facts: Facts) -> Iterator[Backfill]:
    """Each transaction and table once."""
    done: set[tuple[str, str]] = set()
    for statement in facts.statements:
        mates = transaction_of(facts, statement)
        changed_by_relation: Counter[str] = Counter()
        for mate in mates:
            for work in mate.relations:
                changed_by_relation[work.relation] += _changed(work)
        for work in statement.relations:
            changed = _in_one(facts, statement, work, changed=changed_by_relation[work.relation])
            key = mates[0].id, work.relation
            if key in done or work.kind not in TABLE_KINDS or not work.rows_before or not _changed(work):
                continue
            if changed * 2 >= work.rows_before:
                done.add(key)
                yield Backfill(statement, work.relation, changed, work.rows_before, is_big(work))


def _in_one(facts: Facts, statement: StatementFacts, work: WorkFacts, *, changed: int) -> int:
    """How many rows one transaction changed for certain: among n of them, one changed an n-th of the rows or more."""
    if not commits_inside(facts, statement):
        return changed
    return _changed(work) // work.transactions if work.transactions else 0


def commits_inside(facts: Facts, statement: StatementFacts) -> bool:
    """Whether the statement may commit on the way: CALL or DO outside a transaction, unless its body shows no COMMIT.

    The body of a procedure is known where the migration itself creates it.
    """
    if not statement.autocommit or statement.tag not in ("CALL", "DO"):
        return False
    if statement.tag == "DO":
        return "COMMIT" in statement.sql.upper()
    name = statement.sql.split("(")[0].split()[-1].rpartition(".")[2].lower()
    bodies = [s.sql.upper() for s in facts.statements if s.tag == "CREATE PROCEDURE" and name in s.sql.lower()]
    return not bodies or any("COMMIT" in body for body in bodies)


def _changed(work: WorkFacts) -> int:
    return (work.rows_changed or 0) - (work.rows_inserted or 0)
