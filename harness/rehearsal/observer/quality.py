"""What limits the observer's own testimony, from its own measurements."""

from harness.events.run import QualityNoted
from harness.model.units import NS_PER_MS, format_duration
from harness.model.words import Pass
from harness.rehearsal.observer.lock_poll import PollMeasure

SUBJECT = "observer"
"""Subject of the observer's notes about itself."""

# A poll that comes later than this has missed locks that matter; ten intervals are 200 ms at the default.
_STARVED_INTERVALS = 10
_STARVED_NS = 250 * NS_PER_MS


def quality_notes(
    measure: PollMeasure,
    *,
    at_ns: int,
    pass_: Pass,
    interval_ns: int,
    holds_are_polled: bool,
    log_complete: bool,
    log_lost: str,
    undecodable: int,
) -> list[QualityNoted]:
    """The notes of a pass: starved polling while the migration ran, an incomplete log, a server that was away.

    Waits come from the log, which misses nothing. Holds of our own session are timed by its statements; only those of a
    tool's sessions are known from polling alone (`holds_are_polled`), and a gap leaves them open.
    """
    notes = []
    gap = measure.gap_migration_ns_max
    if gap > min(_STARVED_INTERVALS * interval_ns, _STARVED_NS):
        message = f"pg_locks was not polled for {format_duration(gap)} while the migration ran"
        notes.append((message, holds_are_polled, "give the machine more cores, or lower [traffic] rate"))
    if not log_complete:
        notes.append((f"the server's log was not read to its end{': ' if log_lost else ''}{log_lost}", True, ""))
    if undecodable:
        notes.append((f"{undecodable} entries of the server's log could not be read", True, ""))
    if measure.away_ns:
        message = f"the server did not answer for {format_duration(measure.away_ns)}"
        notes.append((message, pass_ is Pass.LOAD, ""))
    return [
        QualityNoted(at_ns=at_ns, subject=SUBJECT, message=message, inconclusive=inconclusive, remedy=remedy)
        for message, inconclusive, remedy in notes
    ]
