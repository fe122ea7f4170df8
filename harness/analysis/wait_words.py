"""Lock waits and the sessions in them, said for people."""

from collections.abc import Sequence

from harness.events.observation import DeadlockSide, LockWaited

MOST_NAMED = 3
"""Sessions that a sentence names before it counts the others."""


def wanted(wait: LockWaited | DeadlockSide) -> str:
    """The lock a wait is for, for people.

    Another session's row is waited for by its transaction's id, the queue for it by the tuple (manual, section 53.13).
    """
    how = f"{wait.mode} of a {wait.target}"
    if wait.target == "relation":
        return f"{wait.mode} on {wait.relation}"
    if wait.target == "advisory" and wait.relation:
        return f"{wait.relation} ({wait.mode})"
    if wait.target in ("transactionid", "tuple") and wait.relation:
        return f"a row of {wait.relation} ({how})"
    if wait.target == "virtualxid":
        return f"the end of an older transaction ({how})"
    return how + (f" on {wait.relation}" if wait.relation else "")


def told(labels: Sequence[str]) -> str:
    """Sessions for people, at most three by name.

    >>> told(("a", "b")), told(("a", "b", "c", "d", "e"))
    ('a and b', 'a, b, c and 2 others')
    """
    if len(labels) <= MOST_NAMED:
        return " and ".join((*((", ".join(labels[:-1]),) if len(labels) > 1 else ()), *labels[-1:]))
    more = len(labels) - MOST_NAMED
    return f"{', '.join(labels[:MOST_NAMED])} and {more} other{'s' if more > 1 else ''}"
