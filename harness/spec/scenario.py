"""The scenario as typed values; the keys are those of the file (docs/scenario.md), and every one has a default.

Durations, sizes and ratios stay the text the author wrote until they are used (`parse_duration` and friends); `load.py`
has already proven that each of them parses, that each name is known and that each named file exists.
"""

from enum import Enum
from typing import Any

import msgspec

from harness.spec.section import Section
from harness.spec.traffic import (
    AntagonistSpec,
    Arrival,
    BurstSpec,
    OperationSpec,
    Placement,
    Pooling,
    Protocol,
    RampSpec,
    RetrySpec,
    StatementSpec,
    TrafficSpec,
)

__all__ = [
    "AcceptSpec",
    "AntagonistSpec",
    "Arrival",
    "BudgetSpec",
    "BudgetsSpec",
    "BurstSpec",
    "EngineName",
    "InvariantSpec",
    "MigrationSpec",
    "OperationSpec",
    "PhaseSpec",
    "Placement",
    "Pooling",
    "PostgresSpec",
    "Preset",
    "ProbeSpec",
    "Protocol",
    "Provider",
    "RampSpec",
    "Restore",
    "RetrySpec",
    "RollbackSpec",
    "Scenario",
    "SnapshotSpec",
    "StatementSpec",
    "ToolCommand",
    "TrafficSpec",
    "Transaction",
]


class EngineName(Enum):
    """Where the disposable server comes from."""

    AUTO = "auto"
    DOCKER = "docker"
    EMBEDDED = "embedded"
    EXTERNAL = "external"


class Provider(Section, frozen=True, kw_only=True):
    """Commands that make and remove an external server; `create` prints `{"dsn": "..."}`."""

    create: str
    destroy: str = ""


class PostgresSpec(Section, frozen=True, kw_only=True):
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


class SnapshotSpec(Section, frozen=True, kw_only=True):
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


class ToolCommand(Section, frozen=True, kw_only=True):
    """Shell commands of any migration tool; run with DATABASE_URL and PG* set."""

    up: str
    down: str = ""
    cwd: str = "."


class MigrationSpec(Section, frozen=True, kw_only=True):
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


class PhaseSpec(Section, frozen=True, kw_only=True):
    """[[phase]]: one stage of a rolling deploy: steps to apply, the app versions running from then on, for how long."""

    name: str
    steps: tuple[str, ...] = ()
    traffic: dict[str, float] = {}
    rate: float | None = None
    """Operations per second from here on; absent: as before."""
    duration: str = msgspec.field(default="0s", name="for")


class InvariantSpec(Section, frozen=True, kw_only=True):
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


class RollbackSpec(Section, frozen=True, kw_only=True):
    """[rollback]: the way back."""

    run: bool = True
    restore: Restore = Restore.SCHEMA_AND_DATA
    reason: str = ""


class ProbeSpec(Section, frozen=True, kw_only=True):
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


class BudgetsSpec(Section, frozen=True, kw_only=True):
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


class BudgetSpec(Section, frozen=True, kw_only=True):
    """[[budget]]: a limit on any recorded number; `metrics.py` lists them.

    `statement` (S3) and `operation` narrow it to one, `sqlstate` to a code or the beginning of one; absent: the worst.
    """

    metric: str
    limit: str | int
    statement: str = ""
    operation: str = ""
    sqlstate: str = ""
    during: str = "migrate"


class AcceptSpec(Section, frozen=True, kw_only=True):
    """[[accept]]: a hazard somebody has looked at."""

    hazard: str
    reason: str
    relation: str = ""


class Scenario(Section, frozen=True, kw_only=True):
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
