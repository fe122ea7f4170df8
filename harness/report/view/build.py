"""Build the view model from what is known and what was judged."""

from harness.analysis.facts import Facts, QualityNote
from harness.analysis.invariants import when
from harness.analysis.judgement import Judgement, Level
from harness.events.history import RunInfo
from harness.model.units import plural
from harness.model.verdict import Verdict
from harness.report.view.findings import finding_views
from harness.report.view.matrix import build_matrix
from harness.report.view.model import BudgetRow, RemedyView, View
from harness.report.view.numbers import four_numbers
from harness.report.view.opinion import opinion_view
from harness.report.view.phases import phase_rows
from harness.report.view.reproduce import command_line, reproduce_rows
from harness.report.view.rollback import rollback_view
from harness.report.view.status import Status
from harness.report.view.tables import operation_rows, statement_rows
from harness.report.view.timeline import build_timeline
from harness.report.view.traffic import error_rows, times_rows, trust_view, workload_view
from harness.report.words import DASH, one_line, seconds


def build_view(info: RunInfo, facts: Facts, judgement: Judgement, *, remedy: RemedyView | None = None) -> View:
    """The one view model of a run: the same facts in the same order for every format."""
    return View(
        info=info,
        facts=facts,
        judgement=judgement,
        verdict=judgement.verdict,
        status=Status.of(judgement.verdict),
        sentence=one_line(judgement.sentence),
        summary=_summary(facts, judgement),
        header=_header(info, facts),
        scenario=info.scenario.name,
        description=info.scenario.description,
        phases=phase_rows(facts, judgement),
        numbers=four_numbers(facts, judgement),
        budgets=_budgets(judgement),
        timeline=build_timeline(facts),
        findings=finding_views(info, facts, judgement),
        statements=statement_rows(facts, judgement),
        operations=operation_rows(facts),
        times=times_rows(facts),
        errors=error_rows(facts),
        workload=workload_view(info, facts),
        trust=trust_view(facts, judgement),
        rollback=rollback_view(facts),
        invariants=_invariants(facts),
        matrix=build_matrix(info, facts),
        not_proven=judgement.not_proven,
        quality=tuple(_quality(note) for note in facts.quality),
        unused_accepts=judgement.unused_accepts,
        reproduce=reproduce_rows(info, facts),
        command=command_line(info),
        remedy=remedy,
        opinion=opinion_view(facts, judgement),
    )


def _header(info: RunInfo, facts: Facts) -> str:
    env = facts.environment
    server = f"postgres {env.server_version} ({env.engine})" if env else "no server was started"
    return f"rehearse {info.tool_version} · {server} · seed {info.scenario.seed} · run {info.run_id}"


def _summary(facts: Facts, judgement: Judgement) -> str:
    """Counts that go with the verdict: budgets exceeded, findings by level, time rehearsed."""
    parts = []
    if judgement.checks:
        failed = sum(1 for check in judgement.checks if check.verdict is Verdict.FAIL)
        parts.append(
            f"{failed} of {plural(len(judgement.checks), 'budget')} exceeded"
            if failed
            else f"{plural(len(judgement.checks), 'budget')} checked, none exceeded"
        )
    levels = [finding.level for finding in judgement.findings if finding.accepted is None]
    counts = [plural(levels.count(level), level.value) for level in (Level.ERROR, Level.WARNING) if level in levels]
    nothing = "no errors, no warnings" if facts.statements else "nothing was run"
    parts.append(", ".join(counts) or nothing)
    if facts.timeline:
        length_ns = facts.timeline.bucket_ns * len(facts.timeline.offered)
        parts.append(f"{seconds(length_ns)} rehearsed under load")
    if facts.interrupted:
        parts.append(f"interrupted: {facts.interrupted}")
    return " · ".join(parts)


def _budgets(judgement: Judgement) -> tuple[BudgetRow, ...]:
    """Checks, the worst first, otherwise in the judge's order."""
    rows = sorted(judgement.checks, key=lambda check: -check.verdict.rank)
    return tuple(
        BudgetRow(
            id=check.id,
            label=check.label,
            limit=check.limit or DASH,
            found=check.found or DASH,
            status=Status.of(check.verdict),
            blame=check.blame,
            note=check.note,
        )
        for check in rows
    )


def _invariants(facts: Facts) -> tuple[BudgetRow, ...]:
    rows = []
    for one in facts.invariants:
        if one.violations is None:
            status, found = Status.UNKNOWN, f"query failed with {one.sqlstate}" if one.sqlstate else "not checked"
        else:
            status = Status.FAIL if one.violations else Status.OK
            found = plural(one.violations, "violation")
        rows.append(
            BudgetRow(id=one.name, label=one.name, limit="0", found=found, status=status, blame="", note=when(one))
        )
    return tuple(rows)


def _quality(note: QualityNote) -> tuple[Status, str, str]:
    status = Status.UNKNOWN if note.inconclusive else Status.NOTE
    return status, f"{note.subject}: {note.message}", note.remedy
