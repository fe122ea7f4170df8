"""What the probes of the queue and of deadlocks showed, as facts."""

from harness.analysis.facts.probes import (
    AppStatementFacts,
    DeadlockProbeFacts,
    ProbedDeadlockFacts,
    QueueProbeFacts,
)
from harness.events.history import History
from harness.events.probes import DeadlockProbed, DeadlockSeen, QueueProbed


def queue_probes_of(history: History) -> tuple[QueueProbeFacts, ...]:
    """Every experiment, in order of time."""
    return tuple(_queue(event) for event in history.of(QueueProbed))


def deadlock_probe_of(history: History) -> DeadlockProbeFacts | None:
    """The experiment, None where it was not made."""
    event = next(iter(history.of(DeadlockProbed)), None)
    if event is None:
        return None
    return DeadlockProbeFacts(
        loopers=event.loopers,
        rounds=event.rounds,
        transactions=event.transactions,
        executed=event.executed,
        blocked=event.blocked,
        deadlocks=tuple(_deadlock(one) for one in event.deadlocks),
        skipped=event.skipped,
    )


def _queue(event: QueueProbed) -> QueueProbeFacts:
    return QueueProbeFacts(
        statement=event.statement,
        relation=event.relation,
        mode=event.mode,
        antagonist=event.antagonist,
        outcome=event.outcome,
        concurrently=event.concurrently,
        sqlstate=event.sqlstate,
        waited_ns=event.waited_ns,
        error_ns=event.error_ns,
        waits=event.waits,
        waited_for=event.waited_for,
        statement_waited=event.statement_waited,
        reads_queued=event.reads_queued,
        reads_queued_ns=event.reads_queued_ns,
        writes_queued=event.writes_queued,
        writes_queued_ns=event.writes_queued_ns,
        left_behind=event.left_behind,
    )


def _deadlock(one: DeadlockSeen) -> ProbedDeadlockFacts:
    application = tuple(AppStatementFacts(operation=a.operation, sql=a.sql) for a in one.application)
    return ProbedDeadlockFacts(victim=one.victim, statement=one.statement, application=application)
