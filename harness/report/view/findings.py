"""Findings with their place in the file, their blocking chain and their place on the timeline."""

from dataclasses import replace
from pathlib import PurePosixPath

from harness.analysis.facts import Facts, StatementFacts
from harness.analysis.judgement import Finding, Judgement, Level
from harness.events.history import RunInfo
from harness.model.units import NS_PER_S
from harness.report.view.chain import NO_CHAIN, chain_view
from harness.report.view.model import FindingView
from harness.report.view.status import Status
from harness.report.words import one_line, relation

_LEVELS = {Level.ERROR: Status.FAIL, Level.WARNING: Status.WARN, Level.NOTE: Status.NOTE}
_ORDER = (Level.ERROR, Level.WARNING, Level.NOTE)


def finding_views(info: RunInfo, facts: Facts, judgement: Judgement) -> tuple[FindingView, ...]:
    """Errors first, then warnings, then notes; accepted ones last; otherwise in the judge's order."""
    statements = {statement.id: statement for statement in facts.statements}
    ranked = sorted(judgement.findings, key=lambda f: (f.accepted is not None, _ORDER.index(f.level)))
    return _once_told(tuple(_view(finding, statements.get(finding.statement), info, facts) for finding in ranked))


def _once_told(views: tuple[FindingView, ...]) -> tuple[FindingView, ...]:
    """The chain of a statement stands with the first of its findings; the others have it nearby."""
    told: set[tuple[str, str]] = set()
    found = []
    for view in views:
        key = view.statement, view.direction
        found.append(replace(view, chain=NO_CHAIN) if key in told and view.chain.links else view)
        if view.chain.links:
            told.add(key)
    return tuple(found)


def _view(finding: Finding, statement: StatementFacts | None, info: RunInfo, facts: Facts) -> FindingView:
    from_s, to_s = _place(statement, facts)
    return FindingView(
        id=finding.hazard.id,
        hazard=finding.hazard.name,
        level=finding.level.value,
        status=Status.NOTE if finding.accepted is not None else _LEVELS[finding.level],
        title=one_line(finding.title),
        relation=relation(finding.relation),
        statement=finding.statement,
        direction=finding.direction.value,
        file=_path(info, finding.file),
        location=f"{_path(info, finding.file)}:{finding.line}:{finding.column}" if finding.file else "",
        line=finding.line,
        column=finding.column,
        excerpt=finding.excerpt,
        marker=finding.marker,
        evidence=finding.evidence,
        impact=finding.impact,
        remedy=finding.remedy,
        fingerprint=finding.fingerprint,
        accepted=finding.accepted,
        explain=f"rehearse explain {finding.hazard.id}",
        chain=chain_view(statement, facts) if finding.level is not Level.NOTE else NO_CHAIN,
        from_s=from_s,
        to_s=to_s,
    )


def _path(info: RunInfo, file: str) -> str:
    """The file from where the command ran: the scenario's folder and the path relative to it."""
    if not file:
        return ""
    scenario = PurePosixPath(info.scenario_file)
    folder = scenario.parent if scenario.suffix == ".toml" else scenario
    return str(folder / file)


def _place(statement: StatementFacts | None, facts: Facts) -> tuple[float | None, float | None]:
    """Seconds on the timeline that show the statement and whom it blocked."""
    if statement is None or statement.span is None or facts.timeline is None:
        return None, None
    zero = facts.timeline.start_ns
    ends = [statement.span.end_ns, *(blocked.span.end_ns for blocked in statement.blocked)]
    if statement.span.start_ns < zero:
        return None, None
    return round((statement.span.start_ns - zero) / NS_PER_S, 3), round((max(ends) - zero) / NS_PER_S, 3)
