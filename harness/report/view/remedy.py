"""The safer migration beside the one that was rehearsed: budgets and findings, before and after."""

from dataclasses import dataclass

from harness.analysis.facts import Facts
from harness.analysis.judgement import Check, Finding, Judgement, Level
from harness.analysis.names import short
from harness.analysis.remedy.record import AlternativeRecord
from harness.model.units import plural
from harness.model.verdict import Verdict
from harness.model.words import Direction
from harness.report.view.model import RemedyRow, RemedyView
from harness.report.view.status import Status
from harness.report.words import DASH, duration, one_line

_ALWAYS = ("blocked", "held", "p99", "outage", "failed", "rollback_time", "rollback", "ledger", "invariants")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One of the two runs: its facts, its judgement and where its report is."""

    facts: Facts
    judgement: Judgement
    report: str


def remedy_view(record: AlternativeRecord, *, before: Judged, after: Judged | None, folder: str) -> RemedyView:
    """Side by side; `after` is None where the alternative was not rehearsed."""
    was = _open(before.judgement)
    now = _open(after.judgement) if after else {}
    gone = [key for key in was if key not in now] if after else []
    return RemedyView(
        verdict=after.judgement.verdict if after else None,
        status=Status.of(after.judgement.verdict) if after else Status.NOTE,
        sentence=_sentence(record, after, was=was, gone=gone),
        rows=_rows(before, after) if after else (),
        gone=tuple(_told(was[key]) for key in gone),
        remaining=tuple(_told(was[key]) for key in was if key in now),
        new=tuple(_told(now[key]) for key in now if key not in was) if after else (),
        kept=tuple((one.statement, one.hazard, one.why) for one in record.handled if one.why),
        files=tuple(f"{folder}/{name}" for name in record.files),
        before_report=before.report,
        after_report=after.report if after else "",
    )


def _sentence(record: AlternativeRecord, after: Judged | None, *, was: dict[str, Finding], gone: list[str]) -> str:
    if after is None:
        return f"no safer migration was rehearsed: {record.why_not or 'it was not run to its end'}"
    went = f"{len(gone)} of {plural(len(was), 'finding')} gone"
    words = {
        Verdict.PASS: "the safer migration passes",
        Verdict.WARN: "the safer migration passes with a warning",
        Verdict.FAIL: "the safer migration fails too",
        Verdict.INCONCLUSIVE: "the safer migration cannot be judged",
    }
    left = sum(1 for one in record.handled if one.why)
    people = f", {plural(left, 'finding')} need{'s' if left == 1 else ''} a person" if left else ""
    said = "" if after.judgement.verdict is Verdict.PASS else f" ({one_line(after.judgement.sentence)})"
    return f"{words[after.judgement.verdict]}: {went}{people}{said}"


def _open(judgement: Judgement) -> dict[str, Finding]:
    """Errors and warnings that nobody accepted, by hazard, relation and direction; the worst of each."""
    found: dict[str, Finding] = {}
    for finding in judgement.findings:
        if finding.level is not Level.NOTE and finding.accepted is None:
            found.setdefault(f"{finding.hazard.name}\0{finding.relation}\0{finding.direction.value}", finding)
    return found


def _told(finding: Finding) -> str:
    return f"{finding.hazard.id} {finding.hazard.name}: {one_line(finding.title)}"


def _rows(before: Judged, after: Judged) -> tuple[RemedyRow, ...]:
    verdicts = RemedyRow(
        label="verdict",
        limit=DASH,
        before=before.judgement.verdict.value,
        after=after.judgement.verdict.value,
        before_status=Status.of(before.judgement.verdict),
        after_status=Status.of(after.judgement.verdict),
    )
    a, b = _checks(before.judgement), _checks(after.judgement)
    named = [*_ALWAYS, *(key for key in (*a, *b) if key not in _ALWAYS)]
    checks = [_row(key, a.get(key), b.get(key)) for key in dict.fromkeys(named) if key in a or key in b]
    times = [
        _plain("longest wait of the migration itself", _waited(before.facts), _waited(after.facts)),
        _plain("migration under way", _migrating(before.facts), _migrating(after.facts)),
    ]
    return (verdicts, *checks, *times)


def _checks(judgement: Judgement) -> dict[str, Check]:
    return {check.id: check for check in judgement.checks if not check.id.startswith("rule:")}


def _row(key: str, before: Check | None, after: Check | None) -> RemedyRow:
    shown = before or after
    return RemedyRow(
        label=shown.label if shown else key,
        limit=(shown.limit if shown else "") or DASH,
        before=before.found if before else DASH,
        after=after.found if after else DASH,
        before_status=Status.of(before.verdict) if before else Status.NOTE,
        after_status=Status.of(after.verdict) if after else Status.NOTE,
    )


def _plain(label: str, before: str, after: str) -> RemedyRow:
    return RemedyRow(
        label=label, limit=DASH, before=before, after=after, before_status=Status.NOTE, after_status=Status.NOTE
    )


def _waited(facts: Facts) -> str:
    waits = [w for s in facts.statements if s.direction is Direction.UP for w in s.waits]
    worst = max(waits, key=lambda wait: wait.waited_ns, default=None)
    if worst is None:
        return f"< {duration(facts.deadlock_timeout_ns)}"
    where = f" on {short(worst.relation)}" if worst.relation else ""
    return f"{duration(worst.waited_ns)}{where}"


def _migrating(facts: Facts) -> str:
    return duration(facts.migrate_span.duration_ns) if facts.migrate_span else DASH
