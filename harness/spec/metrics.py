"""The numbers a run records that a [[budget]] can limit: what each is, how its limit is written, what narrows it."""

from dataclasses import dataclass
from typing import Final

DURATION, SIZE, COUNT = "duration", "size", "count"
WINDOWS: Final = ("baseline", "migrate", "settle", "rollback")
"""What `during` may be."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A number; `limit` says how it is written, `by` which of statement, operation, sqlstate, during narrow it.

    `ratio`: a limit may also be a multiple of the baseline ("3x").
    """

    text: str
    limit: str
    by: tuple[str, ...] = ()
    ratio: bool = False


_STATEMENT = ("statement",)
_APPLICATION = ("operation", "during")

METRICS: Final[dict[str, Metric]] = {
    "statement.duration": Metric("longest statement", DURATION, _STATEMENT),
    "statement.held": Metric("longest hold of a lock that refuses writes", DURATION, _STATEMENT),
    "statement.waited": Metric("longest wait of a statement for its locks", DURATION, _STATEMENT),
    "statement.blocked": Metric("longest time a statement blocked an actor", DURATION, _STATEMENT),
    "statement.blocked_total": Metric("time a statement blocked actors, all together", DURATION, _STATEMENT),
    "statement.blocked_actors": Metric("actors a statement blocked", COUNT, _STATEMENT),
    "statement.attempts": Metric("attempts a statement needed", COUNT, _STATEMENT),
    "statement.locks": Metric("relation locks of one statement", COUNT, _STATEMENT),
    "statement.rows_changed": Metric("rows a statement inserted, updated or deleted", COUNT, _STATEMENT),
    "statement.wal": Metric("WAL of one statement", SIZE, _STATEMENT),
    "migration.duration": Metric("time the migration takes", DURATION),
    "migration.wal": Metric("WAL written going up", SIZE),
    "migration.disk": Metric("growth of the database", SIZE),
    "migration.dead_rows": Metric("dead rows going up leaves", COUNT),
    "migration.locks": Metric("relation locks of one transaction of the migration", COUNT),
    "migration.deadlocks": Metric("deadlocks", COUNT),
    "rollback.duration": Metric("time the way back takes", DURATION),
    "rollback.blocked": Metric("longest time the way back blocked an actor", DURATION),
    "rollback.held": Metric("longest hold of a lock that refuses writes, on the way back", DURATION),
    "latency.p50": Metric("p50", DURATION, _APPLICATION, ratio=True),
    "latency.p95": Metric("p95", DURATION, _APPLICATION, ratio=True),
    "latency.p99": Metric("p99", DURATION, _APPLICATION, ratio=True),
    "latency.max": Metric("slowest response", DURATION, _APPLICATION, ratio=True),
    "pool_wait.p99": Metric("p99 of the wait for a connection", DURATION, _APPLICATION, ratio=True),
    "service.p99": Metric("p99 of the service time", DURATION, _APPLICATION, ratio=True),
    "outage": Metric("longest time without an answer", DURATION, ("during",)),
    "operations.failed": Metric("failed operations", COUNT, ("operation",)),
    "operations.retried": Metric("operations that were tried again", COUNT, ("operation",)),
    "operations.slow": Metric("operations slower than 99 of 100 of the baseline", COUNT),
    "errors": Metric("errors that users saw", COUNT, ("operation", "sqlstate")),
    "errors.absorbed": Metric("errors that a retry made good", COUNT, ("operation", "sqlstate")),
    "pool.timeouts": Metric("operations that got no connection in time", COUNT),
    "pool.refused": Metric("connections the server refused", COUNT),
}
"""Every metric by its name."""

NOT_MEASURED: Final[dict[str, str]] = {
    "replica_lag": "rehearsals have no standby in this version; limit the WAL instead: migration.wal",
}
"""Names people look for, and why they are not there."""
