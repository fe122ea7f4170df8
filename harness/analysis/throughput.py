"""The application as a whole: offered, completed, failed, latency by window, outages, the generator's own account."""

import numpy as np

from harness.analysis.facts import OperationFacts, TrafficFacts
from harness.analysis.latency import Ints, Responses, in_span, latency_of, noise_of
from harness.analysis.outage import gaps_of, longest
from harness.analysis.phases import Windows
from harness.events.history import History
from harness.events.operations import Outcome
from harness.events.traffic import TrafficEnded, TrafficLost, TrafficPlanned
from harness.model.spans import Span
from harness.model.units import NS_PER_S


def traffic_of(
    history: History, *, responses: Responses, operations: tuple[OperationFacts, ...], windows: Windows
) -> TrafficFacts | None:
    """The traffic's facts; None where none was planned."""
    planned = next(iter(history.of(TrafficPlanned)), None)
    if planned is None:
        return None
    ended = next(iter(reversed(history.of(TrafficEnded))), None)
    lost = next(iter(history.of(TrafficLost)), None)
    gaps = gaps_of(responses)
    up, down = longest(gaps, windows.widened), longest(gaps, windows.rollback_widened)
    quiet = longest(gaps, windows.baseline)

    def window(span: Span | None) -> Ints:
        return np.flatnonzero(in_span(responses.due, span))

    return TrafficFacts(
        rate=planned.rate,
        actors=planned.actors,
        offered=len(responses.due),
        completed=_count(responses, Outcome.OK),
        failed=sum(sum(operation.failed.values()) for operation in operations),
        pool_timeouts=_count(responses, Outcome.POOL_TIMEOUT),
        abandoned=_count(responses, Outcome.ABANDONED),
        baseline=latency_of(responses, window(windows.baseline)),
        migrate=latency_of(responses, window(windows.felt)),
        settle=latency_of(responses, window(windows.settle)),
        rollback=latency_of(responses, window(windows.rollback)),
        outage_ns=up.duration_ns if up else 0,
        outage=up,
        outage_rollback_ns=down.duration_ns if down else 0,
        outage_rollback=down,
        noise_p99=noise_of(responses, windows.baseline),
        lag_p99_ns=ended.lag_p99_ns if ended else None,
        lag_max_ns=ended.lag_max_ns if ended else None,
        cpu_ratio=ended.cpu_ratio if ended else None,
        migrate_and_settle=latency_of(responses, window(windows.widened)),
        outage_baseline_ns=quiet.duration_ns if quiet else 0,
        late=ended.late if ended else 0,
        offered_rate=_rate(responses.due),
        failed_in_baseline=sum(sum(o.failed_in_baseline.values()) for o in operations if not o.is_new),
        lost=lost.reason if lost else "",
    )


def _count(responses: Responses, outcome: Outcome) -> int:
    return int(np.count_nonzero(responses.outcome == outcome))


def _rate(due: Ints) -> float | None:
    """Operations due per second between the first and the last; None for fewer than two."""
    if len(due) < 2 or due.max() == due.min():
        return None
    return (len(due) - 1) * NS_PER_S / float(due.max() - due.min())
