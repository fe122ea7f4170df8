"""Whose work it was: a tool's run is measured as a whole, and this gives each part of it to one of its statements.

The measure says what happened to a relation between the beginning and the end of the run. A new file or a dropped
relation belongs to the statement under the strongest lock on it, changed rows to a data statement that names it, rows
that were only read to the statements of definition that may read them.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from harness.analysis.facts import WorkFacts
from harness.analysis.locking import LockBook, mode_of
from harness.analysis.runs import Run
from harness.analysis.work import is_data
from harness.events.observation import DdlLogged

_DROPS = re.compile(r"\bDROP\b", re.IGNORECASE)
_EMPTIES = re.compile(r"\bTRUNCATE\b", re.IGNORECASE)
_REWRITES = re.compile(
    r"\bTYPE\b|\bFULL\b|\bCLUSTER\b|\bREFRESH\b|\bREINDEX\b|\bLOGGED\b|\bUNLOGGED\b|\bTABLESPACE\b"
    r"|\bACCESS\s+METHOD\b|\bDEFAULT\b|\bSTORED\b|\bIDENTITY\b|\bSERIAL\b|\bBIGSERIAL\b",
    re.IGNORECASE,
)
"""What gives a relation a new file (manual, ALTER TABLE: Notes); decides only between equally strong locks."""
_READS = re.compile(
    r"\bINDEX\b|\bNOT\s+NULL\b|\bCHECK\b|\bVALIDATE\b|\bFOREIGN\b|\bREFERENCES\b|\bUNIQUE\b|\bPRIMARY\b|\bEXCLUDE\b"
    r"|\bATTACH\b",
    re.IGNORECASE,
)
"""What makes a statement of definition read a table that it leaves in its file."""


def run_of(event: DdlLogged, runs: Iterable[Run]) -> Run | None:
    """The statement that an event trigger told of: the one of its backend under way then.

    Between two that the log's milliseconds do not tell apart: the one of that command, else the nearest. A rewrite is
    told before it begins, everything else when it is done.
    """
    begins = event.trigger == "table_rewrite"
    able = [
        run for run in runs
        if run.started.pid == event.pid
        and run.span.start_ns - run.error_ns - event.error_ns <= event.at_ns <= run.span.end_ns + event.error_ns
    ]  # fmt: skip

    def distance(run: Run) -> tuple[bool, int]:
        edge_ns = run.span.start_ns if begins else run.span.end_ns
        return run.started.tag != event.command, abs(edge_ns - event.at_ns)

    return min(able, key=distance, default=None)


def _told(work: WorkFacts, runs: Sequence[Run], logged: Iterable[DdlLogged]) -> Run | None:
    """Who gave the relation a new file, or dropped it, by the server's own word."""
    kind = "sql_drop" if work.dropped else "table_rewrite" if work.rewritten else ""
    named = [event for event in logged if event.trigger == kind and work.relation in event.objects]
    return next((run for event in named if (run := run_of(event, runs)) is not None), None)


def share_out(
    work: WorkFacts, runs: Sequence[Run], *, book: LockBook, logged: Iterable[DdlLogged] = ()
) -> Iterator[tuple[Run, WorkFacts]]:
    """The parts of `work` with the runs they are given to; `runs` are those of its direction, of the trace pass.

    `logged` is what event triggers told of that pass; where they name the statement, nothing else decides.
    """
    done = [run for run in runs if run.succeeded]
    claims = [_claim(run, work.relation, book=book, among=done) for run in done]
    data = [claim for claim in claims if claim.data and (claim.named or claim.strength)]
    other = [claim for claim in claims if not claim.data]
    if work.rewritten or work.truncated or work.dropped:
        taker = _strongest(other, _sign_of(work)) or _longest(claims)
        if (told := _told(work, done, logged)) is not None:
            taker = next(claim for claim in claims if claim.run is told)
        changer = _strongest(data) if work.rows_changed else None
        if taker is not None:
            yield taker.run, _unchanged(work) if changer else work
        if changer is not None:
            yield changer.run, _same_file(work, scanned=0, changed=True)
        return
    yield from _rows(work, data=data, other=other, everybody=claims)


@dataclass(frozen=True, slots=True)
class _Claim:
    """What speaks for a run: the strongest lock in force on the relation (0: none seen), and whether it names it."""

    run: Run
    strength: int
    named: bool
    data: bool

    @property
    def rank(self) -> tuple[int, bool, int]:
        """Greater is likelier; of equals the longest."""
        return self.strength, self.named, self.run.span.duration_ns


def _claim(run: Run, relation: str, *, book: LockBook, among: Sequence[Run]) -> _Claim:
    bare = relation.rpartition(".")[2].strip('"')
    named = re.search(rf"\b{re.escape(bare)}\b", run.started.sql, re.IGNORECASE) is not None
    # A lock that the transaction has already is not taken again by the statement that works under it.
    earlier = [other for other in among if named and _same_transaction(run, other)]
    strength = max(_strength(other, relation, book) for other in (run, *earlier))
    return _Claim(run, strength, named, is_data(run.started.tag))


def _same_transaction(run: Run, other: Run) -> bool:
    same = run.started.transaction == other.started.transaction and run.started.pid == other.started.pid
    return same and other.span.start_ns < run.span.start_ns


def _strength(run: Run, relation: str, book: LockBook) -> int:
    locks = [lock for lock, _ in book.traced.get(run.key, ()) if lock.relation == relation]
    modes = [mode for lock in locks if (mode := mode_of(lock.mode)) is not None]
    return max(map(int, modes), default=0)


def _rows(
    work: WorkFacts, *, data: Sequence[_Claim], other: Sequence[_Claim], everybody: Sequence[_Claim]
) -> Iterator[tuple[Run, WorkFacts]]:
    """Rows changed, and rows read by changing them, go to a data statement; what was read besides to the others."""
    changer = _strongest(data)
    scanned, before = work.rows_scanned or 0, work.rows_before or 0
    by_data = min(scanned, before * len(data)) if changer else 0
    besides = scanned - by_data
    if changer is not None:
        yield changer.run, _same_file(work, scanned=by_data, changed=True)
    elif work.rows_changed and (taker := _strongest(other) or _longest(everybody)) is not None:
        yield taker.run, work
        return
    readers = sorted(
        (c for c in other if (c.named or c.strength) and _READS.search(c.run.started.sql)),
        key=lambda c: c.rank,
        reverse=True,
    )
    if not readers and besides and (only := _strongest(other) or (None if changer else _longest(everybody))):
        readers = [only]
    # Every reader read the table once: so many times its rows, so many readers.
    times = min(len(readers), max(1, round(besides / before) if before else 1)) if besides else 0
    for reader in readers[:times]:
        yield reader.run, _same_file(work, scanned=besides // times, changed=False)


def _sign_of(work: WorkFacts) -> re.Pattern[str]:
    if work.dropped:
        return _DROPS
    return _EMPTIES if work.truncated else _REWRITES


def _strongest(claims: Iterable[_Claim], sign: re.Pattern[str] | None = None) -> _Claim | None:
    """The claim with the strongest lock; of equals, the one whose text shows the sign, then the longest."""
    entitled = [claim for claim in claims if claim.strength or claim.named]
    return max(
        entitled,
        key=lambda c: (c.strength, bool(sign and sign.search(c.run.started.sql)), *c.rank[1:]),
        default=None,
    )


def _longest(claims: Iterable[_Claim]) -> _Claim | None:
    return max(claims, key=lambda claim: claim.run.span.duration_ns, default=None)


def _unchanged(work: WorkFacts) -> WorkFacts:
    return replace(work, rows_changed=0, rows_inserted=0)


def _same_file(work: WorkFacts, *, scanned: int, changed: bool) -> WorkFacts:
    """The part of the work that left the relation in its file."""
    part = replace(work, rewritten=False, truncated=False, dropped=False, rows_scanned=scanned)
    return part if changed else replace(_unchanged(part), rows_fetched_by_index=0)
