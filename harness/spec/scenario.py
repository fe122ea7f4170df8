"""The scenario as typed values; the keys are those of the file (docs/scenario.md), and every one has a default.

Durations, sizes and ratios stay the text the author wrote until they are used (`parse_duration` and friends); `load.py`
has already proven that each of them parses, that each name is known and that each named file exists.
"""

from enum import Enum
from typing import Any

import msgspec


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the scenario file."""


class EngineName(Enum):
    """Where the disposable server comes from."""

    AUTO = "auto"
    DOCKER = "docker"
    EMBEDDED = "embedded"
    EXTERNAL = "external"


class Provider(_Section, frozen=True, kw_only=True):
    """Commands that make and remove an external server; `create` prints `{"dsn": "..."}`."""

    create: str
    destroy: str = ""


class PostgresSpec(_Section, frozen=True, kw_only=True):
    """[postgres]: engine, major version, production settings."""

    engine: EngineName = EngineName.AUTO
    version: str = "18"
    image: str = ""
    dsn_env: str = ""
    provider: Provider | None = None
    settings: dict[str, str | int | float | bool] = {}
    extensions: tuple[str, ...] = ()
    deadlock_timeout: str = "10ms"
    """Every lock wait longer than this is in the server log with its exact length; shorter ones are not seen."""


class SnapshotSpec(_Section, frozen=True, kw_only=True):
    """[snapshot]: the data."""

    source: str = ""
    setup: tuple[str, ...] = ()
    variables: dict[str, str | int | float] = {}
    policy: str = ""
    scale: int = 1
    statistics: str = ""


class Transaction(Enum):
    """How statements are put into transactions."""

    STEP = "step"
    AS_WRITTEN = "as-written"


class ToolCommand(_Section, frozen=True, kw_only=True):
    """Shell commands of any migration tool; run with DATABASE_URL and PG* set."""

    up: str
    down: str = ""
    cwd: str = "."


class MigrationSpec(_Section, frozen=True, kw_only=True):
    """[migration]: the change."""

    tool: str = "auto"
    path: str = ""
    up: str = ""
    down: str = ""
    steps: str | tuple[str, ...] = "pending"
    transaction: Transaction = Transaction.STEP
    lock_timeout: str = "0"
    retries: int = 0
    retry_delay: str = "500ms"
    command: ToolCommand | None = None


class Arrival(Enum):
    """The arrival process; `trace` repeats the recorded arrivals of the file `traffic.trace`."""

    POISSON = "poisson"
    UNIFORM = "uniform"
    TRACE = "trace"


class BurstSpec(_Section, frozen=True, kw_only=True):
    """[[traffic.burst]]: from `start` after traffic began, every `every` for `for`, arrivals come at `rate`."""

    rate: float
    every: str = "10s"
    duration: str = msgspec.field(default="1s", name="for")
    start: str = "0s"


class RampSpec(_Section, frozen=True, kw_only=True):
    """[[traffic.ramp]]: a point of the rate's course, `at` after traffic began; straight lines between points."""

    at: str
    rate: float


class Pooling(Enum):
    """What a connection of the application holds on the server: a session of its own, or one per transaction."""

    SESSION = "session"
    TRANSACTION = "transaction"


class RetrySpec(_Section, frozen=True, kw_only=True):
    """`retry = { … }`: what the application does about an SQLSTATE in `on`; the first due time is kept.

    `attempts` counts all, the first one too; the pause before a retry starts at `backoff` and doubles.
    """

    on: tuple[str, ...] = ("40001", "40P01")
    attempts: int = 3
    backoff: str = "10ms"


class StatementSpec(_Section, frozen=True, kw_only=True):
    """One statement of an operation with more to say than its SQL.

    `into` names the variables that take the columns of its one row; `when` is a pgbench expression, false skips the
    statement; `think` is a pause before it, inside the transaction.
    """

    sql: str = ""
    into: str | tuple[str, ...] = ()
    when: str = ""
    think: str = ""


class OperationSpec(_Section, frozen=True, kw_only=True):
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


class AntagonistSpec(_Section, frozen=True, kw_only=True):
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


class TrafficSpec(_Section, frozen=True, kw_only=True):
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


class PhaseSpec(_Section, frozen=True, kw_only=True):
    """[[phase]]: one stage of a rolling deploy: steps to apply, the app versions running from then on, for how long."""

    name: str
    steps: tuple[str, ...] = ()
    traffic: dict[str, float] = {}
    rate: float | None = None
    """Operations per second from here on; absent: as before."""
    duration: str = msgspec.field(default="0s", name="for")


class InvariantSpec(_Section, frozen=True, kw_only=True):
    """[[invariant]]: a query that must answer 0; `when` is always, after:<phase>, end or rollback."""

    name: str
    sql: str = ""
    file: str = ""
    when: str = "always"


class Restore(Enum):
    """What must be as before after the rollback."""

    SCHEMA_AND_DATA = "schema+data"
    SCHEMA = "schema"
    NONE = "none"


class RollbackSpec(_Section, frozen=True, kw_only=True):
    """[rollback]: the way back."""

    run: bool = True
    restore: Restore = Restore.SCHEMA_AND_DATA
    reason: str = ""


class ProbeSpec(_Section, frozen=True, kw_only=True):
    """[probe]: experiments that show what traffic alone would not, each on a clone of its own."""

    versions: bool = True
    """Both versions of the application against every state of the schema."""
    queue: bool = True
    """A long reader and a long writer on each table before the first strong lock on it."""
    deadlock: bool = True
    """The application in a loop against each transaction of the migration."""


class Preset(Enum):
    """Named sets of limits."""

    STRICT = "strict"
    WEB = "web"
    BATCH = "batch"


class BudgetsSpec(_Section, frozen=True, kw_only=True):
    """[budgets]: the limits; None where nothing is asked. Defaults are the contract's."""

    blocked: str = "500ms"
    outage: str = "250ms"
    p99: str = "10x"
    failed: int | str = 0
    held: str = "1s"
    rollback_time: str = "60s"
    duration: str | None = None
    wal: str | None = None
    disk: str | None = None
    preset: Preset | None = None
    """Where the limits come from that are not written out; `presets.py` has the numbers."""


class BudgetSpec(_Section, frozen=True, kw_only=True):
    """[[budget]]: a limit on any recorded number; `metrics.py` lists them.

    `statement` (S3) and `operation` narrow it to one, `sqlstate` to a code or the beginning of one; absent: the worst.
    """

    metric: str
    limit: str | int
    statement: str = ""
    operation: str = ""
    sqlstate: str = ""
    during: str = "migrate"


class AcceptSpec(_Section, frozen=True, kw_only=True):
    """[[accept]]: a hazard somebody has looked at."""

    hazard: str
    reason: str
    relation: str = ""


class Scenario(_Section, frozen=True, kw_only=True):
    """One scenario file."""

    name: str
    description: str = ""
    seed: int = 1337
    postgres: PostgresSpec = PostgresSpec()
    snapshot: SnapshotSpec = SnapshotSpec()
    migration: MigrationSpec = MigrationSpec()
    traffic: TrafficSpec = TrafficSpec()
    phase: tuple[PhaseSpec, ...] = ()
    invariant: tuple[InvariantSpec, ...] = ()
    rollback: RollbackSpec = RollbackSpec()
    probe: ProbeSpec = ProbeSpec()
    budgets: BudgetsSpec = BudgetsSpec()
    budget: tuple[BudgetSpec, ...] = ()
    accept: tuple[AcceptSpec, ...] = ()
    expect: dict[str, Any] = {}
    """For the project's own scenarios: the verdict and hazards a test demands; never read by the judge."""
