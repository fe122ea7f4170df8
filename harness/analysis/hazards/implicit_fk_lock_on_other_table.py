"""implicit_fk_lock_on_other_table: a foreign key locks a table that the statement names only after REFERENCES."""

from collections.abc import Iterator

from harness.analysis.facts import Facts
from harness.analysis.findings import finding
from harness.analysis.judgement import Finding, Hazard, Level
from harness.analysis.locking import mode_of
from harness.analysis.names import TABLE_KINDS, same_relation, short
from harness.analysis.remedy.safer import safer
from harness.analysis.remedy.tree import referenced_only
from harness.model.locks import LockMode
from harness.model.words import Direction
from harness.spec.scenario import Scenario

HAZARD = Hazard(
    id="H503",
    name="implicit_fk_lock_on_other_table",
    title="A foreign key locks the other table too",
    condition="SHARE ROW EXCLUSIVE or stronger is taken on a table that the migration names only after REFERENCES.",
    effect="Writes to the referenced table wait too: a hot one stands still for a change of a quiet one.",
    workaround="A short lock_timeout with retries; NOT VALID keeps the hold short.",
    bad="CREATE TABLE invoices (id bigint PRIMARY KEY, order_id bigint REFERENCES orders);",
    good="SET lock_timeout = '200ms';\n"
    "CREATE TABLE invoices (id bigint PRIMARY KEY, order_id bigint REFERENCES orders);",
)


def find(facts: Facts, scenario: Scenario) -> Iterator[Finding]:
    """A note a statement and table."""
    others = referenced_only([s.sql for s in facts.statements if s.direction is Direction.UP])
    for statement in facts.statements:
        for lock in statement.locks if statement.direction is Direction.UP else ():
            mode = mode_of(lock.mode)
            strong = mode is not None and mode >= LockMode.SHARE_ROW_EXCLUSIVE
            if not strong or not lock.existed or lock.kind not in TABLE_KINDS:
                continue
            if any(same_relation(lock.relation, name) for name in others):
                yield finding(
                    HAZARD,
                    Level.NOTE,
                    title=f"{statement.id} locks {short(lock.relation)}, which it only references",
                    statement=statement,
                    relation=lock.relation,
                    marker=f"{lock.mode} on {short(lock.relation)}",
                    evidence=(f"{lock.mode} on {lock.relation}",),
                    impact=f"writes to {short(lock.relation)} wait as long as the lock lasts",
                    remedy=safer(statement, facts),
                )
