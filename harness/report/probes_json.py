"""What the probes showed, as the part `probes` of rehearsal.json."""

import msgspec

from harness.analysis.facts import DeadlockProbeFacts, Facts, QueueProbeFacts
from harness.report.words import milliseconds


class QueueProbe(msgspec.Struct, frozen=True, kw_only=True):
    """A long transaction (`antagonist`: reader or writer) stood on `relation` when the migration came to `statement`.

    `outcome` is waiting, cancelled, retried, given_up, passed or not_reached; `waited_ms` the longest single wait.
    `reads_queued`, `writes_queued`: whether an ordinary one queued behind the migration; null where none was sent.
    """

    statement: str
    relation: str
    mode: str
    antagonist: str
    outcome: str
    concurrently: bool
    sqlstate: str | None
    waited_ms: float | None
    waited_error_ms: float | None
    waits: int
    reads_queued: bool | None
    reads_queued_ms: float | None
    writes_queued: bool | None
    writes_queued_ms: float | None
    left_behind: tuple[str, ...]


class AppStatement(msgspec.Struct, frozen=True, kw_only=True):
    """A statement of the application that had a part in a deadlock."""

    operation: str
    sql: str


class ProbedDeadlock(msgspec.Struct, frozen=True, kw_only=True):
    """A deadlock that was brought about; `victim` is migration or traffic."""

    victim: str
    statement: str | None
    application: tuple[AppStatement, ...]


class DeadlockProbe(msgspec.Struct, frozen=True, kw_only=True):
    """The migration against the application in a loop; `skipped` says why nothing was run, else null.

    `transactions` are those that take several locks, by their statements; `blocked` counts sessions seen waiting.
    """

    loopers: int
    rounds: int
    transactions: tuple[tuple[str, ...], ...]
    executed: int
    blocked: int
    deadlocks: tuple[ProbedDeadlock, ...]
    skipped: str | None


class Probes(msgspec.Struct, frozen=True, kw_only=True):
    """Experiments on clones of their own; `deadlock` null where it was not made."""

    queue: tuple[QueueProbe, ...]
    deadlock: DeadlockProbe | None


def probes(facts: Facts) -> Probes:
    """The experiments of a run."""
    deadlock = facts.deadlock_probe
    return Probes(
        queue=tuple(_queue(probe) for probe in facts.queue_probes),
        deadlock=None if deadlock is None else _deadlock(deadlock),
    )


def _queue(probe: QueueProbeFacts) -> QueueProbe:
    return QueueProbe(
        statement=probe.waiter,
        relation=probe.relation,
        mode=probe.mode,
        antagonist=probe.antagonist,
        outcome=probe.outcome,
        concurrently=probe.concurrently,
        sqlstate=probe.sqlstate or None,
        waited_ms=milliseconds(probe.waited_ns),
        waited_error_ms=None if probe.waited_ns is None else milliseconds(probe.error_ns),
        waits=probe.waits,
        reads_queued=probe.reads_queued,
        reads_queued_ms=milliseconds(probe.reads_queued_ns),
        writes_queued=probe.writes_queued,
        writes_queued_ms=milliseconds(probe.writes_queued_ns),
        left_behind=probe.left_behind,
    )


def _deadlock(probe: DeadlockProbeFacts) -> DeadlockProbe:
    return DeadlockProbe(
        loopers=probe.loopers,
        rounds=probe.rounds,
        transactions=probe.transactions,
        executed=probe.executed,
        blocked=probe.blocked,
        deadlocks=tuple(
            ProbedDeadlock(
                victim=one.victim,
                statement=one.statement or None,
                application=tuple(AppStatement(operation=at.operation, sql=at.sql) for at in one.application),
            )
            for one in probe.deadlocks
        ),
        skipped=probe.skipped or None,
    )
