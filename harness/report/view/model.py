"""The types of the view model; texts are ready to show and unescaped, numbers carry their unit in the name."""

from dataclasses import dataclass

from harness.analysis.facts import Facts
from harness.analysis.judgement import Judgement
from harness.events.history import RunInfo
from harness.model.verdict import Verdict
from harness.report.view.status import Status
from harness.report.view.timeline import TimelineView
from harness.report.view.traffic_model import ErrorRow, OperationRow, TimesRow, WorkloadView


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
