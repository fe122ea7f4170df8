"""Runs of statements: every time a statement was sent, joined with its result and the end of its transaction."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from harness.events.history import History
from harness.events.migration import StatementEnded, StatementStarted, TransactionEnded
from harness.model.spans import Span
from harness.model.words import Direction, Pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One execution of a statement. `transaction_end_ns` is when its locks were gone, ± `error_ns`.

    `released` is the time within which the server gave them back.
    """

    started: StatementStarted
    ended: StatementEnded | None
    span: Span
    transaction_end_ns: int
    error_ns: int
    released: Span

    @property
    def key(self) -> tuple[Direction, str]:
        """The statement it is a run of."""
        return self.started.direction, self.started.statement

    @property
    def transaction_span(self) -> Span:
        """From the statement's start to the end of its transaction."""
        return Span(self.span.start_ns, max(self.span.end_ns, self.transaction_end_ns))

    @property
    def succeeded(self) -> bool:
        """Whether the server said so."""
        return self.ended is not None and not self.ended.sqlstate


def runs_of(history: History, *, pass_: Pass) -> tuple[Run, ...]:
    """The runs of one pass in order of time; one without a result lasts to the last event."""
    last = max((event.at_ns for event in history.events), default=0)
    open_: dict[tuple[Direction, str, int], int] = {}
    pairs: list[tuple[StatementStarted, StatementEnded | None]] = []
    for event in history.events:
        if isinstance(event, StatementStarted) and event.pass_ is pass_:
            open_[event.direction, event.statement, event.attempt] = len(pairs)
            pairs.append((event, None))
        elif isinstance(event, StatementEnded) and event.pass_ is pass_:
            at = open_.pop((event.direction, event.statement, event.attempt), None)
            if at is not None:
                pairs[at] = (pairs[at][0], event)
    ends = _transaction_ends(history, pass_=pass_)
    last_in = _last_statement_ends(pairs, last)
    return tuple(_run(start, end, ends=ends, last_in=last_in, last=last) for start, end in pairs)


def first_runs(runs: Iterable[Run]) -> dict[tuple[Direction, str], Run]:
    """The first run of each statement: in the trace pass the one that counts, on the untouched clone."""
    found: dict[tuple[Direction, str], Run] = {}
    for run in runs:
        found.setdefault(run.key, run)
    return found


def runs_by_statement(runs: Iterable[Run]) -> dict[tuple[Direction, str], list[Run]]:
    """All runs of each statement, in order of time."""
    found: defaultdict[tuple[Direction, str], list[Run]] = defaultdict(list)
    for run in runs:
        found[run.key].append(run)
    return dict(found)


Ends = dict[tuple[Direction, int], list[TransactionEnded]]


def _transaction_ends(history: History, *, pass_: Pass) -> Ends:
    found: defaultdict[tuple[Direction, int], list[TransactionEnded]] = defaultdict(list)
    for event in history.of(TransactionEnded):
        if event.pass_ is pass_:
            found[event.direction, event.transaction].append(event)
    return dict(found)


def _last_statement_ends(
    pairs: list[tuple[StatementStarted, StatementEnded | None]], last: int
) -> dict[tuple[Direction, int, int], int]:
    found: dict[tuple[Direction, int, int], int] = {}
    for start, end in pairs:
        key = (start.direction, start.transaction, start.pid)
        found[key] = max(found.get(key, 0), end.at_ns if end else last)
    return found


def _run(
    start: StatementStarted,
    end: StatementEnded | None,
    *,
    ends: Ends,
    last_in: dict[tuple[Direction, int, int], int],
    last: int,
) -> Run:
    span = Span(start.at_ns, max(start.at_ns, end.at_ns if end else last))
    over = next((e for e in ends.get((start.direction, start.transaction), ()) if e.at_ns >= span.start_ns), None)
    if start.autocommit:
        until, error = span.end_ns, start.error_ns
    elif over is not None:
        until, error = over.at_ns, max(start.error_ns, over.error_ns)
    else:
        until, error = last_in[start.direction, start.transaction, start.pid], start.error_ns
    until = max(until, span.start_ns)
    released = Span(max(until - error, span.start_ns), until + error)
    if over is not None and over.sent_ns is not None and not start.autocommit:
        # The answer's time bounds the release from above, so the statements' own clock error does not add to it.
        released, error = Span(min(over.sent_ns, until), until), start.error_ns
    return Run(started=start, ended=end, span=span, transaction_end_ns=until, error_ns=error, released=released)
