"""The types of the view model; texts are ready to show and unescaped, numbers carry their unit in the name."""

from dataclasses import dataclass
from enum import Enum

from harness.analysis.facts import Facts
from harness.analysis.judgement import Judgement
from harness.events.history import RunInfo
from harness.model.verdict import Verdict
from harness.report.view.timeline import TimelineView


class Status(Enum):
    """How a row stands: a character and a word, so that colour is never alone."""

    OK = "ok"
    NOTE = "note"
    WARN = "warn"
    UNKNOWN = "unknown"
    FAIL = "fail"

    @property
    def mark(self) -> str:
        """One character for the status.

        >>> Status.FAIL.mark
        '✗'
        """
        return {"ok": "✓", "note": "·", "warn": "!", "unknown": "?", "fail": "✗"}[self.value]

    @classmethod
    def of(cls, verdict: Verdict) -> "Status":
        """The status of a verdict; inconclusive is unknown."""
        return {
            Verdict.PASS: cls.OK,
            Verdict.WARN: cls.WARN,
            Verdict.INCONCLUSIVE: cls.UNKNOWN,
            Verdict.FAIL: cls.FAIL,
        }[verdict]


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseRow:
    """One line of the phase table."""

    name: str
    what: str
    status: Status
    duration: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """One of the four numbers at the top."""

    label: str
    value: str
    detail: str
    status: Status


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetRow:
    """One check against its limit."""

    id: str
    label: str
    limit: str
    found: str
    status: Status
    blame: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainLink:
    """A line of a blocking chain: one session, or several alike; it waits for the nearest line above of less `depth`.

    `role` is root, migration or actors; `query` what it ran, "" where not known.
    """

    who: str
    what: str
    role: str
    query: str = ""
    depth: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainView:
    """The lock queue of a statement at its worst moment, the root blockers first, and who paid how much for what.

    `moment` says when that was; everything is empty where nobody waited.
    """

    moment: str
    links: tuple[ChainLink, ...]
    shares: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingView:
    """One finding; `location` is the path from where the command ran, with line and column, "" without a file.

    `from_s` and `to_s` say where it is on the timeline, None where it is not.
    """

    id: str
    hazard: str
    level: str
    status: Status
    title: str
    relation: str
    statement: str
    direction: str
    file: str
    location: str
    line: int
    column: int
    excerpt: str
    marker: str
    evidence: tuple[str, ...]
    impact: str
    remedy: str
    fingerprint: str
    accepted: str | None
    explain: str
    chain: ChainView
    from_s: float | None
    to_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementRow:
    """One statement: held, waited and blocked others are three columns and never added."""

    id: str
    direction: str
    where: str
    sql: str
    work: str
    locks: str
    duration: str
    held: str
    waited: str
    blocked: str
    blocked_actors: str
    wal: str
    status: Status
    outcome: str
    at_production: str = ""
    """What is expected with production's data, "" where its sizes are not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationRow:
    """One operation against its own baseline; latencies are response times from due."""

    name: str
    version: str
    sql: str
    offered: str
    completed: str
    failed: str
    errors: str
    baseline_p50: str
    baseline_p99: str
    migrate_p50: str
    migrate_p99: str
    rollback_p99: str
    factor: str
    status: Status


@dataclass(frozen=True, slots=True, kw_only=True)
class TimesRow:
    """Response time of one operation in one window, and apart from it the wait for a connection and the service."""

    operation: str
    window: str
    count: str
    p50: str
    p95: str
    p99: str
    top: str
    waited_p50: str
    waited_p99: str
    served_p50: str
    served_p99: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRow:
    """Errors of one operation with one SQLSTATE: seen by users, absorbed by retries, expected by the operation."""

    operation: str
    version: str
    sqlstate: str
    error_class: str
    seen: str
    absorbed: str
    expected: str
    when: str
    message: str
    status: Status


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseRow:
    """The traffic of one phase of the load pass."""

    phase: str
    duration: str
    scheduled: str
    offered: str
    peak: str
    completed: str
    retried: str
    mix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RealismView:
    """One statement of a derived operation, as its source knows it and as it ran on the clone."""

    operation: str
    statement: str
    calls: str
    expected_rows: str
    found_rows: str
    expected_time: str
    found_time: str
    status: Status


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadView:
    """The workload: label and text, its course by phase, and what its source has that it does not stand for."""

    facts: tuple[tuple[str, str], ...]
    course: tuple[CourseRow, ...]
    uncovered: tuple[tuple[str, str, str], ...]
    """Statement, calls, reason."""
    realism: tuple[RealismView, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustView:
    """Whether the figures can be trusted: aspects of the run's own quality, and the noise floor as label and text."""

    rows: tuple[BudgetRow, ...]
    noise: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffLine:
    """One line of the residue: sign is "-" (was there before), "+" (is there now) or " " (a heading)."""

    sign: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackView:
    """The way back: `facts` are label and text, `diff` the residue, `missing` rows lost by relation."""

    result: str
    status: Status
    sentence: str
    facts: tuple[tuple[str, str], ...]
    diff: tuple[DiffLine, ...]
    tables: tuple[tuple[str, str, str], ...]
    ledger: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixCell:
    """One app version in one phase, or against one state of the schema."""

    status: Status
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixView:
    """App version × phase or state of the schema; a row has one cell a phase. `lead` says what a cell means."""

    phases: tuple[str, ...]
    rows: tuple[tuple[str, tuple[MatrixCell, ...]], ...]
    title: str
    lead: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemedyRow:
    """One figure of the migration as it is and in its safer form."""

    label: str
    limit: str
    before: str
    after: str
    before_status: Status
    after_status: Status


@dataclass(frozen=True, slots=True, kw_only=True)
class RemedyView:
    """The safer migration beside the one rehearsed; `kept` is statement, hazard and why nothing was done about it.

    `verdict` and `after_report` are None and "" where it was not rehearsed.
    """

    verdict: Verdict | None
    status: Status
    sentence: str
    rows: tuple[RemedyRow, ...]
    gone: tuple[str, ...]
    remaining: tuple[str, ...]
    new: tuple[str, ...]
    kept: tuple[tuple[str, str, str], ...]
    files: tuple[str, ...]
    before_report: str
    after_report: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpinionRow:
    """A remark of a linter, or a finding it did not predict; `word` says which."""

    word: str
    rule: str
    statement: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpinionView:
    """The second opinion against the measurement."""

    sentence: str
    rows: tuple[OpinionRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Everything a renderer shows; `info`, `facts` and `judgement` are there for the formats that carry numbers."""

    info: RunInfo
    facts: Facts
    judgement: Judgement
    verdict: Verdict
    status: Status
    sentence: str
    summary: str
    header: str
    scenario: str
    description: str
    phases: tuple[PhaseRow, ...]
    numbers: tuple[Number, ...]
    budgets: tuple[BudgetRow, ...]
    timeline: TimelineView | None
    findings: tuple[FindingView, ...]
    statements: tuple[StatementRow, ...]
    operations: tuple[OperationRow, ...]
    times: tuple[TimesRow, ...]
    errors: tuple[ErrorRow, ...]
    workload: WorkloadView | None
    trust: TrustView
    rollback: RollbackView
    invariants: tuple[BudgetRow, ...]
    matrix: MatrixView | None
    not_proven: tuple[str, ...]
    quality: tuple[tuple[Status, str, str], ...]
    unused_accepts: tuple[str, ...]
    reproduce: tuple[tuple[str, str], ...]
    command: str
    remedy: RemedyView | None = None
    """The safer migration, where one was asked for."""
    opinion: OpinionView | None = None
    """A linter's, where one was asked."""

    @property
    def verdict_word(self) -> str:
        """The verdict in capitals: FAIL."""
        return self.verdict.value.upper()
