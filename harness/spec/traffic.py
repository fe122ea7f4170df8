"""The [traffic] sections of the scenario as typed values: the application, and what makes life hard for it."""

from enum import Enum

import msgspec

from harness.spec.section import Section


class Arrival(Enum):
    """The arrival process; `trace` repeats the recorded arrivals of the file `traffic.trace`."""

    POISSON = "poisson"
    UNIFORM = "uniform"
    TRACE = "trace"


class BurstSpec(Section, frozen=True, kw_only=True):
    """[[traffic.burst]]: from `start` after traffic began, every `every` for `for`, arrivals come at `rate`."""

    rate: float
    every: str = "10s"
    duration: str = msgspec.field(default="1s", name="for")
    start: str = "0s"


class RampSpec(Section, frozen=True, kw_only=True):
    """[[traffic.ramp]]: a point of the rate's course, `at` after traffic began; straight lines between points."""

    at: str
    rate: float


class Pooling(Enum):
    """What a connection of the application holds on the server: a session of its own, or one per transaction."""

    SESSION = "session"
    TRANSACTION = "transaction"


class RetrySpec(Section, frozen=True, kw_only=True):
    """`retry = { … }`: what the application does about an SQLSTATE in `on`; the first due time is kept.

    `attempts` counts all, the first one too; the pause before a retry starts at `backoff` and doubles.
    """

    on: tuple[str, ...] = ("40001", "40P01")
    attempts: int = 3
    backoff: str = "10ms"


class StatementSpec(Section, frozen=True, kw_only=True):
    """One statement of an operation with more to say than its SQL.

    `into` names the variables that take the columns of its one row; `when` is a pgbench expression, false skips the
    statement; `think` is a pause before it, inside the transaction.
    """

    sql: str = ""
    into: str | tuple[str, ...] = ()
    when: str = ""
    think: str = ""


class OperationSpec(Section, frozen=True, kw_only=True):
    """[[traffic.operation]]: one unit of app work, one transaction, from `sql` or from a pgbench script (file name)."""

    name: str
    weight: float = 1.0
    version: str = ""
    sql: str | tuple[str | StatementSpec, ...] = ()
    pgbench: str = ""
    params: dict[str, str | int | float] = {}
    pipeline: bool = False
    """Its statements are sent without waiting for one another's results."""
    retry: RetrySpec | None = None
    """Absent: as [traffic] says."""
    expected: tuple[str, ...] = ()
    """SQLSTATEs that the application expects and handles."""


class Placement(Enum):
    """When an antagonist acts: by the clock, or at random instants of the same mean distance."""

    CLOCK = "clock"
    RANDOM = "random"


class AntagonistSpec(Section, frozen=True, kw_only=True):
    """[[traffic.antagonist]]: a session that makes life hard."""

    kind: str
    table: str = ""
    sql: str = ""
    every: str = "10s"
    hold: str = "2s"
    start: str = "0s"
    """Delay of the first one after the baseline begins.

    `before_migration` places one across the start of the migration.
    """
    before_migration: str = ""
    placement: Placement = Placement.CLOCK
    before: str = ""
    """Aimed: acts once, `lead` before each statement that is named so (S3, a step, or the beginning of its text)."""
    lead: str = "200ms"
    rows: int = 100
    """Rows of one batch (batch, bulk_writer)."""


class Protocol(Enum):
    """How operations are sent."""

    PREPARED = "prepared"
    EXTENDED = "extended"
    SIMPLE = "simple"


class TrafficSpec(Section, frozen=True, kw_only=True):
    """[traffic]: the application."""

    rate: float = 200.0
    actors: int = 16
    arrival: Arrival = Arrival.POISSON
    protocol: Protocol = Protocol.PREPARED
    pool_timeout: str = "5s"
    statement_timeout: str = "0"
    baseline: str = "10s"
    settle: str = "3s"
    calibration: str = "0s"
    """Length of an A/A window before the baseline: the noise floor is then measured, not only estimated."""
    trace: str = ""
    burst: tuple[BurstSpec, ...] = ()
    ramp: tuple[RampSpec, ...] = ()
    pooling: Pooling = Pooling.SESSION
    server_connections: int = 0
    """With pooling = "transaction": server connections of the pooler; 0: as many as actors."""
    max_waiters: int = 0
    """Operations that may wait for a connection; one more fails at once. 0: any number."""
    connect_cost: str = "0s"
    """What a new connection costs beyond this machine's: network, TLS, authentication."""
    settings: dict[str, str | int | float | bool] = {}
    """Settings of the application's role (lock_timeout, idle_in_transaction_session_timeout, …)."""
    retry: RetrySpec | None = None
    processes: int = 0
    """Traffic processes; 0: as the rate asks."""
    auto: bool = False
    from_log: str | tuple[str, ...] = ""
    """A server log or a folder of them, or several in the order of their time."""
    from_statements: str = ""
    operation: tuple[OperationSpec, ...] = ()
    antagonist: tuple[AntagonistSpec, ...] = ()

    @property
    def logs(self) -> tuple[str, ...]:
        """The paths of `from_log`, in the order of their time."""
        given = (self.from_log,) if isinstance(self.from_log, str) else self.from_log
        return tuple(path for path in given if path)

    @property
    def is_derived(self) -> bool:
        """Whether operations come from the catalog, a log or pg_stat_statements, beside those that are written out."""
        return self.auto or bool(self.from_log or self.from_statements)

    @property
    def is_asked_for(self) -> bool:
        """Whether an application is to run at all."""
        return self.is_derived or bool(self.operation)
