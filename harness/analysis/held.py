"""What a transaction holds when a statement of it is done: its own locks and those of the statements before it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from harness.analysis.facts import Facts, LockFacts, StatementFacts, WorkFacts
from harness.analysis.judgement import Level
from harness.analysis.locking import is_strong, mode_of
from harness.analysis.names import TABLE_KINDS
from harness.analysis.work import BIG_ROWS, grows, is_big
from harness.model.locks import LockMode

INDEX_KINDS = frozenset({"i", "I"})


@dataclass(frozen=True, slots=True)
class Holding:
    """A strong lock and the statement that took it. `relation` is the table, also for a lock on its index."""

    relation: str
    mode: LockMode
    lock: LockFacts
    taken_by: StatementFacts


def transaction_of(facts: Facts, statement: StatementFacts) -> tuple[StatementFacts, ...]:
    """The statements of its transaction up to and including it; itself alone outside of one."""
    if statement.autocommit:
        return (statement,)
    mates = [s for s in facts.statements if same_transaction(s, statement)]
    return tuple(mates[: mates.index(statement) + 1])


def same_transaction(one: StatementFacts, other: StatementFacts) -> bool:
    """Whether two statements share a transaction; the pass they are shown from must be the same for the numbers to."""
    key = (one.direction, one.transaction, one.duration_ns is None)
    return not one.autocommit and not other.autocommit and key == (
        other.direction, other.transaction, other.duration_ns is None,
    )  # fmt: skip


def holdings(facts: Facts, statement: StatementFacts) -> tuple[Holding, ...]:
    """The strong locks in force while `statement` works, strongest first, one a table.

    An ACCESS EXCLUSIVE lock on an index keeps readers off its table too: planning opens every index. A statement that
    commits by itself on the way (CONCURRENTLY, VACUUM) drops its strong locks before it works.
    """
    if releases_before_work(statement):
        return ()
    found: dict[str, Holding] = {}
    for taker in transaction_of(facts, statement):
        for holding in _strong(taker):
            old = found.get(holding.relation)
            if old is None or old.mode < holding.mode:
                found[holding.relation] = holding
    return tuple(sorted(found.values(), key=lambda h: (-h.mode, h.relation)))


def releases_before_work(statement: StatementFacts) -> bool:
    """Whether the statement's strong locks are short moments at its edges: CONCURRENTLY forms and plain VACUUM."""
    sql = statement.sql.upper()
    return statement.autocommit and ("CONCURRENTLY" in statement.tag + sql or statement.tag in ("VACUUM", "ANALYZE"))


def growing_work(statement: StatementFacts) -> tuple[WorkFacts, ...]:
    """The relations over which the statement's work grows with the table, biggest first."""
    found = [work for work in statement.relations if grows(work)]
    return tuple(sorted(found, key=lambda work: -(work.rows_before or 0)))


def weight(facts: Facts, works: Iterable[WorkFacts]) -> Level:
    """An error where any of the tables is big, a note where all are small for certain, together too, else a warning.

    In a snapshot that is small as a whole a table is judged by its class of work: nobody knows how it grows.
    """
    done = tuple(works)
    if any(is_big(work) for work in done):
        return Level.ERROR
    # Many small partitions are as much work as one large table.
    small = sum(work.rows_before or 0 for work in done) < BIG_ROWS
    return Level.NOTE if small and all(work.relation in facts.small_tables for work in done) else Level.WARNING


def is_used(facts: Facts, relation: str) -> bool:
    """Whether traffic uses the relation; without operations that name relations, every relation counts as used."""
    if not any(operation.reads or operation.writes for operation in facts.operations):
        return True
    from_locks = (lock for s in facts.statements for lock in s.locks if relation in (lock.relation, lock.table))
    return any(lock.used_by_traffic for lock in from_locks)


def _strong(statement: StatementFacts) -> Iterator[Holding]:
    for lock in statement.locks:
        mode = mode_of(lock.mode)
        if mode is None or not is_strong(lock):
            continue
        if lock.kind in TABLE_KINDS:
            yield Holding(lock.relation, mode, lock, statement)
        elif lock.kind in INDEX_KINDS and lock.table and mode is LockMode.ACCESS_EXCLUSIVE:
            yield Holding(lock.table, mode, lock, statement)
