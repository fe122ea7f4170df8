"""The noise floor: how far two windows of one run differ though nothing migrates in either."""

from typing import Any

import numpy as np
import numpy.typing as npt

from harness.analysis.facts import LatencyFacts, NoiseFacts
from harness.analysis.latency import Responses, in_span
from harness.analysis.outage import SEVERAL, Gaps
from harness.model.spans import Span
from harness.model.units import NS_PER_MS

FEWEST_OPERATIONS = 100
"""Operations of the baseline that a p99 needs so that it is not the maximum (as ENOUGH_OPERATIONS)."""
BLOCK_NS = 250 * NS_PER_MS
"""Length of a block, where the baseline has room for enough of them.

Response times of neighbours depend on each other as long as a queue drains or a flush lasts; blocks must be longer than
that, or resampling them tears such a stretch apart and the floor comes out too low (H. R. Künsch, The jackknife and
the bootstrap for general stationary observations, Annals of Statistics 17, 1989). A pool's queue drains, and a flush
ends, in tens of milliseconds.
"""
FEWEST_BLOCKS, MOST_BLOCKS = 8, 200
"""Fewer blocks can hardly be combined in different ways; more bring nothing, and cost memory."""
DRAWS = 400
"""Pairs of windows drawn: four of them lie above the quantile that is taken."""
QUANTILE = 0.99
"""Of a hundred runs in which the migration does nothing, one may exceed its limit by more than this."""
_SEED = 1337
"""The same run is judged the same every time."""
_STEPS_PER_OCTAVE = 32
"""Width of a histogram's bins: 2.2 %, far below what two windows differ by."""
_BINS = 40 * _STEPS_PER_OCTAVE
"""From 1 ns to 2⁴⁰ ns, 18 minutes."""

Floats = npt.NDArray[np.float64]


def noise_of(
    responses: Responses, gaps: Gaps, *, baseline: Span | None, window: Span | None, quiet: LatencyFacts
) -> NoiseFacts | None:
    """The floor for a window as long as `window` against the baseline; None where that holds too little to tell.

    The baseline is cut into blocks; windows of the wanted length, and baselines, are put together from blocks drawn at
    random, and compared as the migration's window is compared with the baseline.
    """
    if baseline is None or window is None or quiet.count < FEWEST_OPERATIONS:
        return None
    count = int(np.clip(baseline.duration_ns // BLOCK_NS, FEWEST_BLOCKS, MOST_BLOCKS))
    length = max(1, baseline.duration_ns // count)
    needed = max(1, round(window.duration_ns / length))
    histograms = _histograms(responses, baseline, length=length, count=count)
    random = np.random.default_rng(_SEED)
    windows = _drawn(random, count=count, size=needed)
    baselines = _drawn(random, count=count, size=count)
    p50, p99 = (
        _difference(_quantiles(windows @ histograms, q), _quantiles(baselines @ histograms, q)) for q in (0.50, 0.99)
    )
    silences = _silences(gaps, baseline, length=length, count=count)
    return NoiseFacts(
        window_ns=window.duration_ns,
        blocks=count,
        p50_ns=p50,
        p99_ns=p99,
        outage_ns=_difference(
            _longest(windows, silences), _longest(_drawn(random, count=count, size=needed), silences)
        ),
    )


def _histograms(responses: Responses, baseline: Span, *, length: int, count: int) -> Floats:
    """Response times of each block, counted in bins of equal ratio."""
    rows = np.flatnonzero(in_span(responses.due, baseline))
    block = np.minimum((responses.due[rows] - baseline.start_ns) // length, count - 1)
    response = np.maximum(responses.end[rows] - responses.due[rows], 1).astype(np.float32)
    bins = np.minimum(np.log2(response) * _STEPS_PER_OCTAVE, _BINS - 1).astype(np.int64)
    return np.bincount(block * _BINS + bins, minlength=count * _BINS).reshape(count, _BINS).astype(np.float64)


def _drawn(random: np.random.Generator, *, count: int, size: int) -> Floats:
    """How often each block occurs in each of DRAWS windows of `size` blocks, drawn with replacement."""
    return random.multinomial(size, np.full(count, 1 / count), size=DRAWS).astype(np.float64)


def _quantiles(histograms: Floats, quantile: float) -> Floats:
    """The quantile of each histogram, ns; 0 for an empty one."""
    running = np.cumsum(histograms, axis=1)
    total = running[:, -1:]
    at = np.argmax(running >= np.maximum(quantile * total, 0.5), axis=1)
    values: Floats = np.where(total[:, 0] > 0, np.exp2((at + 0.5) / _STEPS_PER_OCTAVE), 0.0)
    return values


def _silences(gaps: Gaps, baseline: Span, *, length: int, count: int) -> Floats:
    """The longest time without an answer that begins in each block."""
    found = np.zeros(count, dtype=np.float64)
    chosen = (gaps.waiting >= SEVERAL) & (gaps.start >= baseline.start_ns) & (gaps.start < baseline.end_ns)
    block = np.minimum((gaps.start[chosen] - baseline.start_ns) // length, count - 1)
    ends = np.minimum(gaps.end[chosen], baseline.end_ns)
    np.maximum.at(found, block, (ends - gaps.start[chosen]).astype(np.float64))
    return found


def _longest(windows: Floats, silences: Floats) -> Floats:
    longest: Floats = np.where(windows > 0, silences, 0.0).max(axis=1)
    return longest


def _difference(one: Floats, other: Floats) -> int:
    return int(np.quantile(np.abs(one - other), QUANTILE))


def calibrated(
    noise: NoiseFacts | None,
    *,
    calibrate: LatencyFacts,
    calibrate_span: Span,
    quiet: LatencyFacts,
    outages: tuple[int, int],
) -> NoiseFacts | None:
    """The floor, raised to what an A/A window really differed by; `outages` are its longest and the baseline's."""
    if min(calibrate.count, quiet.count) < FEWEST_OPERATIONS:
        return noise
    measured: dict[str, Any] = {
        "p50_ns": abs((calibrate.p50_ns or 0) - (quiet.p50_ns or 0)),
        "p99_ns": abs((calibrate.p99_ns or 0) - (quiet.p99_ns or 0)),
        "outage_ns": abs(outages[0] - outages[1]),
    }
    if noise is None:
        return NoiseFacts(window_ns=calibrate_span.duration_ns, blocks=0, calibrated=True, **measured)
    return NoiseFacts(
        window_ns=noise.window_ns,
        blocks=noise.blocks,
        calibrated=True,
        p50_ns=max(noise.p50_ns, measured["p50_ns"]),
        p99_ns=max(noise.p99_ns, measured["p99_ns"]),
        outage_ns=max(noise.outage_ns, measured["outage_ns"]),
    )
