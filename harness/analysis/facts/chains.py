"""Blocking chains: who held and who queued behind at a statement's worst moment; and what cost whom how much."""

from dataclasses import dataclass

from harness.model.words import Direction


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainNode:
    """One session at the moment of a chain, with those that wait for it, in the order of the queue.

    `who` names it for people; `statement` is the migration's (S1), `operation` an actor's, "" otherwise. `sql` is what
    it ran, without literals, "" where not known. `wants` is the lock it waits for ("AccessExclusiveLock on orders"), ""
    for one that does not wait; `behind` is then "held" or "queue", and `waited_ns` how long it had waited by that
    moment. `holds` is what it held that stood in the way, `since_ns` from when, None where not known.
    """

    pid: int
    who: str
    role: str
    statement: str = ""
    operation: str = ""
    sql: str = ""
    wants: str = ""
    behind: str = ""
    waited_ns: int | None = None
    error_ns: int = 0
    holds: str = ""
    since_ns: int | None = None
    waiting: tuple["ChainNode", ...] = ()

    @property
    def size(self) -> int:
        """Sessions that wait for it, directly or through others."""
        return sum(1 + node.size for node in self.waiting)


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockedShare:
    """Waits of one operation that one lock of a statement caused: statement → lock → operation.

    `lock` is the migration's, "AccessExclusiveLock on orders"; `behind` says whether it was held or only asked for
    ("queue"). `total_ns` adds the waits of different sessions, which overlap.
    """

    lock: str
    behind: str
    operation: str
    waits: int
    actors: int
    total_ns: int
    max_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainFacts:
    """The lock queue around a statement at `at_ns`, when most sessions waited because of it.

    `roots` are the sessions at the far end: they hold and do not wait. The statement is below the last of them, or a
    root itself. `blocked` counts the actors' waits at that moment, `shares` all of them, greatest total first.
    """

    statement: str
    direction: Direction
    at_ns: int
    roots: tuple[ChainNode, ...]
    blocked: int
    shares: tuple[BlockedShare, ...]
