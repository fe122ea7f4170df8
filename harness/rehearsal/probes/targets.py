"""Where a long transaction is to stand: the tables that the migration locks strongly, and before which statement."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from harness.events.migration import StatementStarted
from harness.model.locks import LockMode
from harness.rehearsal.traced import TracedStatement

_TABLES = frozenset({"r", "p", "m"})
_INDEXES = frozenset({"i", "I"})
_MODES = {mode.pg_name: mode for mode in LockMode}
# VOCAB of bounds, as the judge has it: more than ten seconds in the queue are an outage for anybody.
_LONGEST_BOUND_MS = 10_000
# A statement of these kinds may set timeouts of its own, and try again where they strike.
_PROGRAMS = frozenset({"DO", "CALL", "SELECT"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """How long one request of a statement may stand in the queue: None for ever; `certain` where nothing hides it."""

    longest_ms: int | None
    certain: bool

    @property
    def holds(self) -> bool:
        """Whether it is one that helps."""
        return self.longest_ms is not None and self.longest_ms <= _LONGEST_BOUND_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A long transaction on `relation` before the transaction with `statement`, which asks for `mode` on it."""

    statement: str
    relation: str
    mode: LockMode
    bound: Bound
    concurrently: bool = False
    schema: str = ""
    name: str = ""
    kind: str = ""

    @property
    def antagonist(self) -> str:
        """Who is in the way of such a request: a reader where it refuses readers, else a writer."""
        return "reader" if self.mode.blocks_reads else "writer"


@dataclass(frozen=True, slots=True)
class Table:
    """A table that is there before the migration."""

    relation: str
    kind: str
    schema: str
    name: str
    above: frozenset[str]
    """The partitioned tables that it is a partition of."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the statements ask of one table, in order: the mode of each, and what bounds it."""

    requests: list[tuple[StatementStarted, LockMode]] = field(default_factory=list)


def targets_of(
    traced: Sequence[TracedStatement], *, used: Collection[str] = (), named: Mapping[str, Sequence[str]] | None = None
) -> tuple[Target, ...]:
    """A table's first strong request, and the first that nothing bounds where that comes in a later transaction.

    Those on tables in `used` (qualified, unquoted) come first, then those of earlier statements. A CONCURRENTLY
    statement is a target too, though its lock is weak: it waits for everybody else's transactions. Its locks come and
    go; where they were not seen, the relations that it names (`named`, quoted, by statement) stand for them.
    """
    asked: dict[str, _Asked] = {}
    found: list[Target] = []
    for statement in traced:
        for relation, mode in _strong(statement):
            asked.setdefault(relation, _Asked()).requests.append((statement.started, mode))
        found += _concurrent(statement, (named or {}).get(statement.started.statement, ()))
    for relation, one in asked.items():
        found += _chosen(relation, one)
    place = {statement.started.statement: number for number, statement in enumerate(traced)}
    unique = {(t.statement, t.relation, t.concurrently): t for t in found}
    return tuple(
        sorted(unique.values(), key=lambda t: (t.relation.replace('"', "") not in used, place[t.statement], t.relation))
    )


def standing_in(targets: Sequence[Target], there: Mapping[str, Table]) -> tuple[Target, ...]:
    """The targets whose tables are in `there`, completed from it; a partition is left out beside its parent."""
    known = [(t, seen) for t in targets if (seen := there.get(t.relation)) is not None and seen.kind in _TABLES]
    parents = {(t.statement, seen.relation) for t, seen in known if not t.concurrently}
    return tuple(
        replace(t, relation=seen.relation, schema=seen.schema, name=seen.name, kind=seen.kind)
        for t, seen in known
        if not any((t.statement, parent) in parents for parent in seen.above)
    )


def bound_of(started: StatementStarted) -> Bound:
    """What bounds each request of a statement, as far as is known before it runs."""
    limits = [ms for ms in (started.lock_timeout_ms, started.statement_timeout_ms) if ms]
    certain = started.lock_timeout_ms is not None and started.tag.split(" ")[0] not in _PROGRAMS
    return Bound(longest_ms=min(limits, default=None), certain=certain)


def is_concurrent(started: StatementStarted) -> bool:
    """Whether a statement works in several transactions and waits for others' between them."""
    text = f"{started.tag} {started.sql}".upper()
    return started.autocommit and "CONCURRENTLY" in text and "REFRESH" not in text.split("CONCURRENTLY")[0]


def _chosen(relation: str, asked: _Asked) -> Iterator[Target]:
    first, mode = asked.requests[0]
    yield Target(statement=first.statement, relation=relation, mode=mode, bound=bound_of(first))
    if not bound_of(first).holds:
        return
    for started, later in asked.requests[1:]:
        bound = bound_of(started)
        if not bound.holds and started.transaction != first.transaction:
            yield Target(statement=started.statement, relation=relation, mode=later, bound=bound)
            return


def _strong(statement: TracedStatement) -> Iterator[tuple[str, LockMode]]:
    """Tables, and the strongest mode asked for on each; ACCESS EXCLUSIVE on its index keeps its readers off too."""
    modes: dict[str, LockMode] = {}
    # The index that DROP INDEX CONCURRENTLY removes is locked only when nobody uses it any more.
    by_index = () if is_concurrent(statement.started) else _INDEXES
    for lock in statement.locks:
        mode = _MODES.get(lock.mode)
        if mode is None or not mode.is_strong:
            continue
        if lock.kind in _TABLES:
            modes[lock.relation] = max(mode, modes.get(lock.relation, mode))
        elif lock.kind in by_index and lock.parent and mode is LockMode.ACCESS_EXCLUSIVE:
            modes[lock.parent] = mode
    yield from modes.items()


def _concurrent(statement: TracedStatement, named: Sequence[str]) -> Iterator[Target]:
    """What a CONCURRENTLY statement waits for: writers where it builds, anybody where it removes."""
    if not is_concurrent(statement.started):
        return
    words = f"{statement.started.tag} {statement.started.sql}".upper().split()
    removes = words[0] == "DROP" or "DETACH" in words
    mode = LockMode.ACCESS_EXCLUSIVE if removes else LockMode.SHARE
    weak = LockMode.SHARE_UPDATE_EXCLUSIVE.pg_name
    seen = [lock.relation for lock in statement.locks if lock.kind in _TABLES and lock.mode == weak]
    name, bound = statement.started.statement, bound_of(statement.started)
    for relation in seen or named[:1]:
        yield Target(statement=name, relation=relation, mode=mode, bound=bound, concurrently=True)
