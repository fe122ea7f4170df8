"""What the probes of the queue and of deadlocks showed: their lines in the phase table, and the table of the queue."""

from dataclasses import dataclass

from harness.analysis.facts import Facts, QueueProbeFacts
from harness.analysis.names import short
from harness.model.units import plural
from harness.model.words import Pass, PhaseKind
from harness.report.view.model import PhaseRow
from harness.report.view.status import Status
from harness.report.words import duration, mode, seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    """One experiment of the queue probe, as text; an empty text is not measured."""

    statement: str
    relation: str
    antagonist: str
    mode: str
    ending: str
    waited: str
    reads: str
    writes: str
    status: Status


def probe_rows(facts: Facts) -> list[PhaseRow]:
    """A line for each of the two that ran."""
    return [*_queue(facts), *_deadlock(facts)]


def queue_rows(facts: Facts) -> tuple[QueueRow, ...]:
    """One row an experiment, as the migration came to the tables."""
    return tuple(
        QueueRow(
            statement=probe.waiter,
            relation=short(probe.relation),
            antagonist=probe.antagonist,
            mode="CONCURRENTLY" if probe.concurrently else mode(probe.mode),
            ending=_ending(probe),
            waited="" if probe.waited_ns is None else duration(probe.waited_ns),
            reads=_queued(probe.reads_queued, probe.reads_queued_ns),
            writes=_queued(probe.writes_queued, probe.writes_queued_ns),
            status=_status(probe),
        )
        for probe in facts.queue_probes
    )


def _queue(facts: Facts) -> list[PhaseRow]:
    if not facts.queue_probes:
        return []
    what = plural(len({probe.relation for probe in facts.queue_probes}), "table")
    endless = [probe for probe in facts.queue_probes if _is_endless(probe)]
    bounded = [probe for probe in facts.queue_probes if probe.outcome in ("cancelled", "retried", "given_up")]
    note = ""
    if endless:
        note = f"{endless[0].waiter} waits on {short(endless[0].relation)} without bound"
    elif bounded:
        longest = max(bounded, key=lambda probe: probe.waited_ns or 0)
        note = f"{longest.waiter} gives up after {duration(longest.waited_ns)}"
    return [_row(facts, PhaseKind.QUEUE, "queue", what, Status.FAIL if endless else Status.OK, note)]


def _deadlock(facts: Facts) -> list[PhaseRow]:
    probe = facts.deadlock_probe
    if probe is None or probe.skipped:
        return []
    what = f"{plural(len(probe.transactions), 'transaction')} against {plural(probe.loopers, 'looping session')}"
    note = plural(len(probe.deadlocks), "deadlock") if probe.deadlocks else "no deadlock"
    return [_row(facts, PhaseKind.DEADLOCK, "deadlock", what, Status.FAIL if probe.deadlocks else Status.OK, note)]


def _row(facts: Facts, kind: PhaseKind, name: str, what: str, status: Status, note: str) -> PhaseRow:
    spent = [p.span.duration_ns for p in facts.phases if p.pass_ is Pass.PROBE and p.phase is kind]
    return PhaseRow(name=name, what=what, status=status, duration=seconds(sum(spent) if spent else None), note=note)


def _is_endless(probe: QueueProbeFacts) -> bool:
    return probe.outcome == "waiting" and probe.queued


def _ending(probe: QueueProbeFacts) -> str:
    texts = {
        "waiting": "still waiting",
        "cancelled": f"cancelled ({probe.sqlstate})" if probe.sqlstate else "cancelled",
        "retried": f"tries again and again ({plural(probe.waits, 'wait')})",
        "given_up": "goes on without the lock",
        "passed": "does not wait",
        "not_reached": "not reached",
    }
    left = f", leaves {', '.join(probe.left_behind)}" if probe.left_behind else ""
    return texts.get(probe.outcome, probe.outcome) + left


def _queued(queued: bool | None, queued_ns: int | None) -> str:
    if queued is None:
        return ""
    return f"queued {duration(queued_ns)}" if queued else "passed"


def _status(probe: QueueProbeFacts) -> Status:
    if not probe.ran:
        return Status.UNKNOWN
    return Status.FAIL if _is_endless(probe) else Status.OK
