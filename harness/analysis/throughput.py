"""The application as a whole: offered, completed, failed, latency by window, outages, the generator's own account."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from harness.analysis.course import course_of
from harness.analysis.errors import absorbed_rows
from harness.analysis.facts import LatencyFacts, NoiseFacts, OperationFacts, PhaseFacts, TrafficFacts
from harness.analysis.latency import Ints, Responses, in_span, latency_of
from harness.analysis.noise import calibrated, noise_of
from harness.analysis.outage import Gaps, gaps_of, longest
from harness.analysis.phases import Windows
from harness.events.history import History
from harness.events.operations import Outcome
from harness.events.traffic import TrafficEnded, TrafficLost, TrafficPlanned
from harness.model.spans import Span
from harness.model.units import NS_PER_MS, NS_PER_S

SLOW_FLOOR_NS = 10 * NS_PER_MS
"""Nobody calls an operation slow that took less: the shortest wait for a lock that the server's log shows."""


def traffic_of(
    history: History,
    *,
    responses: Responses,
    operations: tuple[OperationFacts, ...],
    windows: Windows,
    phases: Sequence[PhaseFacts],
) -> TrafficFacts | None:
    """The traffic's facts; None where none was planned."""
    planned = next(iter(history.of(TrafficPlanned)), None)
    if planned is None:
        return None
    gaps = gaps_of(responses)
    up, down = longest(gaps, windows.widened), longest(gaps, windows.rollback_widened)
    quiet, alike = longest(gaps, windows.baseline), longest(gaps, windows.calibrate)

    def window(span: Span | None) -> LatencyFacts:
        return latency_of(responses, np.flatnonzero(in_span(responses.due, span)))

    baseline = window(windows.baseline)
    calibrate = window(windows.calibrate) if windows.calibrate else None
    slow_from = None if baseline.p99_ns is None else max(baseline.p99_ns, SLOW_FLOOR_NS)
    facts = TrafficFacts(
        rate=planned.rate,
        actors=planned.actors,
        offered=len(responses.due),
        completed=_count(responses, Outcome.OK),
        failed=sum(sum(operation.failed.values()) for operation in operations),
        pool_timeouts=_count(responses, Outcome.POOL_TIMEOUT),
        abandoned=_count(responses, Outcome.ABANDONED),
        baseline=baseline,
        migrate=window(windows.felt),
        settle=window(windows.settle),
        rollback=window(windows.rollback),
        outage_ns=_length(up),
        outage=up,
        outage_rollback_ns=_length(down),
        outage_rollback=down,
        noise=_noise(responses, gaps, windows=windows, quiet=baseline, calibrate=calibrate),
        migrate_and_settle=window(windows.widened),
        outage_baseline_ns=_length(quiet),
        outage_calibrate_ns=_length(alike),
        calibrate=calibrate,
        offered_rate=_rate(responses.due),
        failed_in_baseline=sum(sum(o.failed_in_baseline.values()) for o in operations if not o.is_new),
        course=course_of(history, planned=planned, responses=responses, phases=phases),
        slow=_slow(responses, windows.felt, slow_from),
        slow_from_ns=slow_from,
        backlog_in_baseline=_backlog(responses, windows.baseline),
        retried=len(responses.retried),
        absorbed=len(absorbed_rows(responses)),
        expected=int(np.count_nonzero(responses.expected)),
    )
    return _with_generator(facts, history)


def _with_generator(facts: TrafficFacts, history: History) -> TrafficFacts:
    """The generator's own account, which is not there where the run broke off."""
    lost = next(iter(history.of(TrafficLost)), None)
    ended = next(iter(reversed(history.of(TrafficEnded))), None)
    if lost is not None:
        facts = replace(facts, lost=lost.reason)
    if ended is None:
        return facts
    return replace(
        facts,
        lag_p50_ns=ended.lag_p50_ns,
        lag_p99_ns=ended.lag_p99_ns,
        lag_max_ns=ended.lag_max_ns,
        cpu_ratio=ended.cpu_ratio,
        processes=ended.processes or None,
        connect_failures=ended.connect_failures,
        late=ended.late,
    )


def _noise(
    responses: Responses, gaps: Gaps, *, windows: Windows, quiet: LatencyFacts, calibrate: LatencyFacts | None
) -> NoiseFacts | None:
    noise = noise_of(responses, gaps, baseline=windows.baseline, window=windows.felt, quiet=quiet)
    if calibrate is None or windows.calibrate is None:
        return noise
    outages = (_length(longest(gaps, windows.calibrate)), _length(longest(gaps, windows.baseline)))
    return calibrated(noise, calibrate=calibrate, calibrate_span=windows.calibrate, quiet=quiet, outages=outages)


def _length(span: Span | None) -> int:
    return span.duration_ns if span else 0


def _slow(responses: Responses, window: Span | None, slow_from_ns: int | None) -> int:
    if slow_from_ns is None:
        return 0
    rows = np.flatnonzero(in_span(responses.due, window))
    return int(np.count_nonzero(responses.end[rows] - responses.due[rows] > slow_from_ns))


def _backlog(responses: Responses, baseline: Span | None) -> int:
    """Operations that were due before the end of the baseline and not done then."""
    if baseline is None:
        return 0
    return int(np.count_nonzero((responses.due < baseline.end_ns) & (responses.end >= baseline.end_ns)))


def _count(responses: Responses, outcome: Outcome) -> int:
    return int(np.count_nonzero(responses.outcome == outcome))


def _rate(due: Ints) -> float | None:
    """Operations due per second between the first and the last; None for fewer than two."""
    if len(due) < 2 or due.max() == due.min():
        return None
    return (len(due) - 1) * NS_PER_S / float(due.max() - due.min())
