"""What the probes showed: experiments on clones of their own."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueProbeFacts:
    """A long transaction stood on `relation` when the migration came to `statement`; see events.probes.QueueProbed.

    `outcome` is waiting, cancelled, retried, given_up, passed or not_reached. `reads_queued` and `writes_queued` are
    None where nobody was sent; their times are how long the one sent queued behind the migration.
    """

    statement: str
    relation: str
    mode: str
    antagonist: str
    outcome: str
    concurrently: bool
    sqlstate: str
    waited_ns: int | None
    error_ns: int
    waits: int
    waited_for: str
    statement_waited: str
    reads_queued: bool | None
    reads_queued_ns: int | None
    writes_queued: bool | None
    writes_queued_ns: int | None
    left_behind: tuple[str, ...]

    @property
    def waiter(self) -> str:
        """The statement that waited."""
        return self.statement_waited or self.statement

    @property
    def ran(self) -> bool:
        """Whether the migration came to the table."""
        return self.outcome != "not_reached"

    @property
    def queued(self) -> bool:
        """Whether an ordinary read or write queued behind the migration."""
        return bool(self.reads_queued or self.writes_queued)

    @property
    def who_queued(self) -> str:
        """Reads, writes, or both, for people; "" for nobody."""
        named = (("reads", self.reads_queued), ("writes", self.writes_queued))
        return " and ".join(name for name, queued in named if queued)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppStatementFacts:
    """A statement of the application that had a part in a deadlock."""

    operation: str
    sql: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbedDeadlockFacts:
    """A deadlock that the probe brought about: who got 40P01 (a role), and what both sides were at."""

    victim: str
    statement: str
    application: tuple[AppStatementFacts, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlockProbeFacts:
    """The migration against the application in a loop; see events.probes.DeadlockProbed."""

    loopers: int
    rounds: int
    transactions: tuple[tuple[str, ...], ...]
    executed: int
    blocked: int
    deadlocks: tuple[ProbedDeadlockFacts, ...]
    skipped: str
