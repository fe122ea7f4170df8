"""What the probes found: both versions against every state, the quiet moment after going up, plans, the session."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaState:
    """A state of the schema on its way; `statements` are those that made it of the one before, `name` may be ""."""

    number: int
    name: str
    statements: tuple[str, ...]

    @property
    def is_after_rollback(self) -> bool:
        """Whether it is what the way back left."""
        return self.name == "down"

    @property
    def label(self) -> str:
        """For people: "before", "S1–S3", "expand (S1)".

        >>> SchemaState(number=2, name="", statements=("S2", "S3")).label
        'S2–S3'
        """
        first, last = (*self.statements[:1], *self.statements[-1:]) or ("", "")
        made = first if first == last else f"{first}–{last}"
        return f"{self.name} ({made})" if self.name and made else self.name or made


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFacts:
    """One operation against one state; `failed` counts executions by SQLSTATE.

    `messages` are the first of each, `failed_at` the statements, from 0, that they came from.
    """

    state: int
    operation: str
    version: str
    executions: int
    failed: dict[str, int]
    messages: dict[str, str]
    failed_at: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedFacts:
    """A SELECT prepared before the migration that failed after it in the same session."""

    operation: str
    version: str
    statement: int
    sqlstate: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFacts:
    """A statement of the application whose plan became dearer; costs are the planner's."""

    operation: str
    version: str
    statement: int
    sql: str
    cost_before: float
    cost_after: float
    plan_before: tuple[str, ...]
    plan_after: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionsFacts:
    """The versions probe: states in order, what each operation came to in each, prepared statements, plans."""

    states: tuple[SchemaState, ...]
    calls: tuple[CallFacts, ...]
    prepared: tuple[PreparedFacts, ...]
    plans: tuple[PlanFacts, ...]
    duration_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFacts:
    """The migration's own session after going up: settings that stayed (name, before, after), the INSERT's error."""

    changed: tuple[tuple[str, str, str], ...]
    table: str
    sqlstate: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeFacts:
    """An object that IF NOT EXISTS passed over and that is not what `statement` says."""

    statement: str
    identity: str
    says: str
    found: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectFacts:
    """Whether going up did what it says; `changed` None where not measured.

    `left_open` are steps whose transaction was still open at the end of their script.
    """

    changed: bool | None
    left_open: tuple[str, ...]
    shapes: tuple[ShapeFacts, ...]
