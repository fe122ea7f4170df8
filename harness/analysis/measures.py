"""Each metric of a [[budget]] taken from the facts of a run."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from harness.analysis.facts import ErrorFacts, Facts, LatencyFacts, OperationFacts, StatementFacts, TimesFacts
from harness.analysis.locking import is_strong
from harness.model.words import Direction
from harness.spec.scenario import BudgetSpec


@dataclass(frozen=True, slots=True)
class Measured:
    """A number: ns, bytes or a count; None where it was not measured, `note` says why. `blame` is whose it is."""

    value: int | None
    blame: str = ""
    note: str = ""
    baseline: int | None = None
    """The same number of the baseline, for a limit that is a multiple of it."""


Measure = Callable[[Facts, BudgetSpec], Measured]


def measured(facts: Facts, budget: BudgetSpec) -> Measured:
    """The number that `budget` limits."""
    return MEASURES[budget.metric](facts, budget)


def _worst(number: Callable[[StatementFacts], int | None], *, of: Direction = Direction.UP) -> Measure:
    """The largest number of a statement, or that of the one named."""

    def measure(facts: Facts, budget: BudgetSpec) -> Measured:
        mine = [s for s in facts.statements if (s.id == budget.statement if budget.statement else s.direction is of)]
        if not mine:
            what = f"statement {budget.statement}" if budget.statement else f"statement going {of.value}"
            return Measured(None, note=f"no {what} ran")
        found = [(value, s.id) for s in mine if (value := number(s)) is not None]
        value, blame = max(found, key=lambda pair: pair[0], default=(None, ""))
        return Measured(value, blame, "" if found else "it was not measured in this run")

    return measure


def _held(statement: StatementFacts) -> int | None:
    """None where every lock that refuses writes is known from the quiet pass alone; 0 where there is none."""
    strong = [lock for lock in statement.locks if is_strong(lock)]
    seen = [lock.held_ns for lock in strong if lock.held_ns is not None]
    return max(seen) if seen else None if strong else 0


def _under_load(number: Callable[[StatementFacts], int]) -> Callable[[StatementFacts], int | None]:
    return lambda statement: number(statement) if statement.duration_ns is not None else None


def _rows_changed(statement: StatementFacts) -> int | None:
    counts = [work.rows_changed for work in statement.relations if work.rows_changed is not None]
    return sum(counts) if counts or not statement.relations else None


def _dead_rows(facts: Facts, _: BudgetSpec) -> Measured:
    works = [w for s in facts.statements if s.direction is Direction.UP for w in s.relations if not w.rewritten]
    return Measured(sum((work.rows_changed or 0) - (work.rows_inserted or 0) for work in works))


def _transaction_locks(facts: Facts, _: BudgetSpec) -> Measured:
    """Relations locked by one transaction, whatever the mode: what it takes of the shared lock table."""
    held: dict[tuple[Direction, int], set[str]] = {}
    for s in facts.statements:
        if s.direction is Direction.UP:
            held.setdefault((s.direction, s.transaction), set()).update(lock.relation for lock in s.locks)
    return Measured(max((len(names) for names in held.values()), default=0))


def _whole(number: Callable[[Facts], int | None], why: str) -> Measure:
    def measure(facts: Facts, _: BudgetSpec) -> Measured:
        value = number(facts)
        return Measured(value, note="" if value is not None else why)

    return measure


def _latency(number: Callable[[LatencyFacts], int | None]) -> Measure:
    """Of all operations, or the worst version of the one named."""

    def measure(facts: Facts, budget: BudgetSpec) -> Measured:
        if facts.traffic is None:
            return Measured(None, note="no traffic was recorded")
        if not budget.operation:
            window = getattr(facts.traffic, budget.during)
            return _windowed(window, facts.traffic.baseline, number, blame="")
        mine = _operations(facts, budget.operation)
        if not mine:
            return _unknown(budget.operation)
        every = [_windowed(getattr(o, budget.during), o.baseline, number, blame=o.name) for o in mine]
        return max(every, key=lambda one: one.value if one.value is not None else -1)

    return measure


def _windowed(
    window: LatencyFacts | None, baseline: LatencyFacts, number: Callable[[LatencyFacts], int | None], *, blame: str
) -> Measured:
    value = number(window) if window is not None else None
    note = "" if value is not None else "no operation fell due in this window"
    return Measured(value, blame, note, baseline=number(baseline))


def _operations(facts: Facts, name: str) -> list[OperationFacts]:
    return [operation for operation in facts.operations if operation.name == name]


def _unknown(name: str) -> Measured:
    return Measured(None, note=f"there is no operation {name!r}")


def _times(part: Callable[[LatencyFacts], TimesFacts | None]) -> Callable[[LatencyFacts], int | None]:
    def number(latency: LatencyFacts) -> int | None:
        times = part(latency)
        return times.p99_ns if times is not None else None

    return number


def _outage(facts: Facts, budget: BudgetSpec) -> Measured:
    traffic = facts.traffic
    if traffic is None:
        return Measured(None, note="no traffic was recorded")
    found = {
        "baseline": traffic.outage_baseline_ns,
        "migrate": traffic.outage_ns,
        "rollback": traffic.outage_rollback_ns,
    }
    return Measured(found.get(budget.during), note="" if budget.during in found else "told of migrate, not of settle")


def _counted(number: Callable[[OperationFacts], int]) -> Measure:
    def measure(facts: Facts, budget: BudgetSpec) -> Measured:
        if facts.traffic is None:
            return Measured(None, note="no traffic was recorded")
        mine = _operations(facts, budget.operation) if budget.operation else list(facts.operations)
        if budget.operation and not mine:
            return _unknown(budget.operation)
        worst = max(mine, key=number, default=None)
        return Measured(sum(map(number, mine)), worst.name if worst is not None and number(worst) else "")

    return measure


def _errors(number: Callable[[ErrorFacts], int]) -> Measure:
    def measure(facts: Facts, budget: BudgetSpec) -> Measured:
        if facts.traffic is None:
            return Measured(None, note="no traffic was recorded")
        if budget.operation and not _operations(facts, budget.operation):
            return _unknown(budget.operation)
        mine = list(_chosen(facts.errors, budget))
        worst = max(mine, key=number, default=None)
        blame = f"{worst.operation} {worst.sqlstate}" if worst is not None and number(worst) else ""
        return Measured(sum(map(number, mine)), blame)

    return measure


def _chosen(errors: Iterable[ErrorFacts], budget: BudgetSpec) -> Iterator[ErrorFacts]:
    for error in errors:
        if error.sqlstate.startswith(budget.sqlstate) and budget.operation in ("", error.operation):
            yield error


def _traffic(name: str) -> Measure:
    return _whole(lambda facts: getattr(facts.traffic, name) if facts.traffic else None, "no traffic was recorded")


MEASURES: dict[str, Measure] = {
    "statement.duration": _worst(lambda s: s.duration_ns),
    "statement.held": _worst(_held),
    "statement.waited": _worst(_under_load(lambda s: s.waited_ns)),
    "statement.blocked": _worst(_under_load(lambda s: s.blocked_max_ns)),
    "statement.blocked_total": _worst(_under_load(lambda s: s.blocked_total_ns)),
    "statement.blocked_actors": _worst(_under_load(lambda s: s.blocked_actors)),
    "statement.attempts": _worst(_under_load(lambda s: s.attempts)),
    "statement.locks": _worst(lambda s: len(s.locks)),
    "statement.rows_changed": _worst(_rows_changed),
    "statement.wal": _worst(lambda s: s.wal_bytes),
    "migration.duration": _whole(
        lambda f: f.migrate_span.duration_ns if f.migrate_span else None, "it did not run under load"
    ),
    "migration.wal": _whole(lambda f: f.wal_bytes, "the server was not sampled"),
    "migration.disk": _whole(lambda f: f.disk_growth_bytes, "the server was not sampled"),
    "migration.dead_rows": _dead_rows,
    "migration.locks": _transaction_locks,
    "migration.deadlocks": _whole(lambda f: len(f.deadlocks), ""),
    "rollback.duration": _whole(lambda f: f.rollback.duration_ns, "the way back was not run"),
    "rollback.blocked": _worst(_under_load(lambda s: s.blocked_max_ns), of=Direction.DOWN),
    "rollback.held": _worst(_held, of=Direction.DOWN),
    "latency.p50": _latency(lambda w: w.p50_ns),
    "latency.p95": _latency(lambda w: w.p95_ns),
    "latency.p99": _latency(lambda w: w.p99_ns),
    "latency.max": _latency(lambda w: w.max_ns),
    "pool_wait.p99": _latency(_times(lambda w: w.pool_wait)),
    "service.p99": _latency(_times(lambda w: w.service)),
    "outage": _outage,
    "operations.failed": _counted(lambda o: sum(o.failed.values())),
    "operations.retried": _counted(lambda o: o.retried),
    "operations.slow": _traffic("slow"),
    "errors": _errors(lambda e: e.seen),
    "errors.absorbed": _errors(lambda e: e.absorbed),
    "pool.timeouts": _traffic("pool_timeouts"),
    "pool.refused": _traffic("connect_failures"),
}
"""One for each of spec/metrics.py; a test compares the two."""
