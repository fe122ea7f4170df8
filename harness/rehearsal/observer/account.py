"""What the observer tells at the end of a pass: what the log left open, the tool's locks, and how well it saw."""

from collections.abc import Iterator, Sequence

from harness.events.codec import AnyEvent
from harness.events.observation import ObserverMeasured
from harness.model.words import Pass
from harness.rehearsal.observer.lock_poll import LockPoller
from harness.rehearsal.observer.log_tail import LogTail
from harness.rehearsal.observer.log_witness import LogWitness
from harness.rehearsal.observer.quality import quality_notes
from harness.rehearsal.observer.relations import Relations
from harness.rehearsal.observer.tool_locks import locks_of_tool
from harness.rehearsal.observer.tool_statements import ToolSpan


def account_of_pass(
    *,
    pass_: Pass,
    at_ns: int,
    interval_ns: int,
    complete: bool,
    witness: LogWitness,
    poller: LockPoller,
    tail: LogTail,
    spans: Sequence[ToolSpan],
    relations: Relations,
    holds_are_polled: bool,
) -> Iterator[AnyEvent]:
    """The last events of a pass, at `at_ns`. `complete`: the log was read to its end and nothing of ours failed."""
    yield from witness.finish(at_ns=at_ns)
    yield from locks_of_tool(
        spans, pass_=pass_, holds=poller.migration_holds, waits=witness.migration_waits, relations=relations
    )
    measure = poller.measure
    yield ObserverMeasured(
        at_ns=at_ns,
        pass_=pass_,
        polls=measure.polls,
        poll_ns_total=measure.total_ns,
        poll_ns_max=measure.max_ns,
        interval_ns=interval_ns,
        gap_ns_max=measure.gap_ns_max,
        log_lines=tail.lines,
        log_complete=complete,
    )
    yield from quality_notes(
        measure,
        at_ns=at_ns,
        pass_=pass_,
        interval_ns=interval_ns,
        holds_are_polled=holds_are_polled,
        log_complete=complete,
        log_lost=tail.lost,
        undecodable=tail.undecodable,
    )
