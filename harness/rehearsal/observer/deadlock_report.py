"""What the server's log says about a deadlock: both sides, what each waited for, behind whom, and what it ran."""

import re
from dataclasses import dataclass

from harness.rehearsal.observer.lock_messages import LockTarget, parse_target

DEADLOCK = "40P01"
"""SQLSTATE deadlock_detected (manual, appendix A)."""


@dataclass(frozen=True, slots=True)
class ReportedSide:
    """One process of a report; `query` is as the server logged it, with its data."""

    pid: int
    mode: str
    target: LockTarget
    blocked_by: int
    query: str


# The texts of DeadLockReport (deadlock.c), with lc_messages C: first who waits for whom, then what each of them ran.
_WAITS = re.compile(
    r"^Process (?P<pid>\d+) waits for (?P<mode>\w+) on (?P<target>.+?); blocked by process (?P<by>\d+)\.$", re.MULTILINE
)
_RUNS = re.compile(r"^Process (?P<pid>\d+): ", re.MULTILINE)


def parse_deadlock(detail: str) -> tuple[ReportedSide, ...]:
    """The sides of a report, the victim first, each waiting for the next; empty where the detail is none.

    >>> [side.blocked_by for side in parse_deadlock(
    ...     "Process 7 waits for ShareLock on transaction 755; blocked by process 8.\\n"
    ...     "Process 8 waits for AccessShareLock on relation 1 of database 5; blocked by process 7.\\n"
    ...     "Process 7: UPDATE a SET b = 1\\nProcess 8: SELECT 1")]
    [8, 7]
    """
    waits = list(_WAITS.finditer(detail))
    if not waits:
        return ()
    queries = _queries(detail[waits[-1].end() :], {int(found["pid"]) for found in waits})
    return tuple(
        ReportedSide(
            pid=int(found["pid"]),
            mode=found["mode"],
            target=parse_target(found["target"]),
            blocked_by=int(found["by"]),
            query=queries.get(int(found["pid"]), ""),
        )
        for found in waits
    )


def _queries(text: str, pids: set[int]) -> dict[int, str]:
    """A query may hold line breaks: each lasts to the next line that begins with a process of the report."""
    heads = [head for head in _RUNS.finditer(text) if int(head["pid"]) in pids]
    ends = [head.start() for head in heads[1:]] + [len(text)]
    return {int(head["pid"]): text[head.end() : end].strip() for head, end in zip(heads, ends, strict=True)}
