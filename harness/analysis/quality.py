"""The quality of the run itself: what the witness and the generator say about themselves."""

from harness.analysis.facts import QualityNote
from harness.events.history import History
from harness.events.observation import ObserverMeasured
from harness.events.run import QualityNoted
from harness.model.units import NS_PER_MS, NS_PER_S, format_duration
from harness.model.words import Pass

STARVED_GAP_NS = NS_PER_S
"""A witness that did not look for a second misses a hold of the default budget's length (`held`, 1 s)."""
STARVED_INTERVALS = 20
"""A gap of so many polling intervals is not the scheduler's jitter any more."""


def quality_of(history: History) -> tuple[QualityNote, ...]:
    """Notes of the run, then those drawn from the witness's own account of the load pass."""
    noted = [
        QualityNote(subject=e.subject, message=e.message, inconclusive=e.inconclusive, remedy=e.remedy)
        for e in history.of(QualityNoted)
    ]
    for measured in history.of(ObserverMeasured):
        noted.extend(_witness(measured))
    return tuple(dict.fromkeys(noted))


def observer_cost(history: History) -> float | None:
    """Time spent polling over the time observed in the load pass; None where nothing was polled."""
    spent = [m for m in history.of(ObserverMeasured) if m.pass_ is Pass.LOAD and m.polls]
    observed = sum(max(m.poll_ns_total, m.polls * m.interval_ns) for m in spent)
    return sum(m.poll_ns_total for m in spent) / observed if observed else None


def _witness(measured: ObserverMeasured) -> list[QualityNote]:
    notes = []
    if measured.pass_ is Pass.LOAD and measured.gap_ns_max > max(
        STARVED_GAP_NS, STARVED_INTERVALS * measured.interval_ns
    ):
        notes.append(
            QualityNote(
                subject="observer",
                message=f"the observer did not look for {format_duration(measured.gap_ns_max)}: "
                f"locks held shorter than that can be missing (it polls every {measured.interval_ns // NS_PER_MS} ms)",
                inconclusive=True,
                remedy="lower traffic.rate, or give the machine more cores",
            )
        )
    if not measured.log_complete:
        notes.append(
            QualityNote(
                subject="observer",
                message=f"the server log of the {measured.pass_.value} pass is not whole: waits can be missing",
                inconclusive=True,
                remedy="run again; look for a full disk or a server that was stopped",
            )
        )
    return notes
