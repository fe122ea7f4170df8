"""The facts of a run as a whole."""

from dataclasses import dataclass, field

from harness.analysis.facts.aftermath import InvariantFacts, RollbackFacts, StateFacts
from harness.analysis.facts.application import AntagonistFacts, ErrorFacts, OperationFacts, Timeline, TrafficFacts
from harness.analysis.facts.chains import ChainFacts
from harness.analysis.facts.change import DeadlockFacts, StatementFacts
from harness.analysis.facts.left import LeftFacts
from harness.analysis.facts.probes import DeadlockProbeFacts, QueueProbeFacts
from harness.analysis.facts.versions import EffectFacts, SessionFacts, VersionsFacts
from harness.events.opinion import OpinionGiven
from harness.events.tables import TableSeen
from harness.events.traffic import WorkloadDerived
from harness.model.spans import Span
from harness.model.words import Pass, PhaseKind


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseFacts:
    """One phase as it ran; `name` is the scenario's."""

    pass_: Pass
    phase: PhaseKind
    name: str
    span: Span
    ok: bool
    paused_ns: int = 0
    """How long the harness let the migration wait meanwhile, until an antagonist aimed at it was in place."""

    @property
    def worked_ns(self) -> int:
        """Its length without the harness's own pauses."""
        return self.span.duration_ns - self.paused_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityNote:
    """A limit of what this run proves."""

    subject: str
    message: str
    inconclusive: bool
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentFacts:
    """Where it ran and on what."""

    engine: str
    engine_reason: str
    description: str
    server_version: str
    snapshot_source: str
    snapshot_digest: str
    snapshot_bytes: int
    snapshot_rows: int
    snapshot_cached: bool
    restore_ns: int | None
    clone_method: str
    clone_ns: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that is known about a run."""

    environment: EnvironmentFacts | None
    phases: tuple[PhaseFacts, ...]
    statements: tuple[StatementFacts, ...]
    operations: tuple[OperationFacts, ...]
    traffic: TrafficFacts | None
    timeline: Timeline | None
    antagonists: tuple[AntagonistFacts, ...]
    rollback: RollbackFacts
    invariants: tuple[InvariantFacts, ...]
    state: StateFacts
    quality: tuple[QualityNote, ...]
    migrate_span: Span | None
    rollback_span: Span | None
    settle_span: Span | None
    baseline_span: Span | None
    wal_bytes: int | None
    disk_growth_bytes: int | None
    observer_cost_ratio: float | None
    """Time spent polling over the time observed."""
    deadlock_timeout_ns: int
    complete: bool
    interrupted: str
    deadlocks: tuple[DeadlockFacts, ...] = ()
    database_bytes_before: int | None = None
    up_failed_tool: str = ""
    """A tool's last output where its process failed going up, "" when it succeeded or none ran."""
    rollback_ran: bool = False
    errors: tuple[ErrorFacts, ...] = ()
    """Errors of operations, what users saw first."""
    workload: tuple[WorkloadDerived, ...] = ()
    """Where operations came from that the scenario does not write out."""
    queue_probes: tuple[QueueProbeFacts, ...] = ()
    """Long transactions that stood before the migration's strong locks, one a table."""
    deadlock_probe: DeadlockProbeFacts | None = None
    """None where it was not made."""
    versions: VersionsFacts | None = None
    """The versions probe, None where it did not run."""
    session: SessionFacts | None = None
    effect: EffectFacts | None = None
    left: LeftFacts = field(default_factory=LeftFacts)
    """What the change left behind, where the trace pass measured it."""
    chains: tuple[ChainFacts, ...] = ()
    """The lock queue around each statement that waited or made others wait, at its worst moment."""
    small_tables: frozenset[str] = frozenset()
    """Tables known to have few rows in production too: work over all of them is done at once."""
    tables: tuple[TableSeen, ...] = ()
    """The tables that the migration names, as they were before it."""
    opinion: OpinionGiven | None = None
    """What a linter says of the files, None where none was asked."""

    def moment(self, at_ns: int) -> str:
        """An instant as the reports tell it: seconds since the load pass's traffic began, the timeline's zero."""
        return f"{(at_ns - (self.timeline.start_ns if self.timeline else 0)) / 1e9:.2f} s"
