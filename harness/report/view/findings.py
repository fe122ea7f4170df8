"""Findings with their place in the file, their blocking chain and their place on the timeline."""

from pathlib import PurePosixPath

from harness.analysis.facts import Facts, StatementFacts
from harness.analysis.judgement import Finding, Judgement, Level
from harness.events.history import RunInfo
from harness.model.units import NS_PER_S
from harness.report.view.model import ChainLink, FindingView, Status
from harness.report.words import duration, mode, one_line, plural, relation

_LEVELS = {Level.ERROR: Status.FAIL, Level.WARNING: Status.WARN, Level.NOTE: Status.NOTE}
_ORDER = (Level.ERROR, Level.WARNING, Level.NOTE)


def finding_views(info: RunInfo, facts: Facts, judgement: Judgement) -> tuple[FindingView, ...]:
    """Errors first, then warnings, then notes; accepted ones last; otherwise in the judge's order."""
    statements = {statement.id: statement for statement in facts.statements}
    ranked = sorted(judgement.findings, key=lambda f: (f.accepted is not None, _ORDER.index(f.level)))
    return tuple(_view(finding, statements.get(finding.statement), info, facts) for finding in ranked)


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
        chain=_chain(statement, facts) if finding.level is not Level.NOTE else (),
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


def _chain(statement: StatementFacts | None, facts: Facts) -> tuple[ChainLink, ...]:
    """Who held, who waited behind it, who queued behind that; empty where nobody waited."""
    if statement is None or not (statement.blocked or statement.waits):
        return ()
    links = []
    wait = max(statement.waits, key=lambda w: w.waited_ns, default=None)
    if wait is not None:
        held = f"held a lock on {relation(wait.relation)}"
        links += [ChainLink(who=blocker, what=held, role="root") for blocker in wait.blockers]
        waited = duration(wait.waited_ns, error_ns=wait.error_ns)
        what = f"waited {waited} for {mode(wait.mode)} on {relation(wait.relation)}"
    else:
        what = f"held its locks {duration(statement.held_ns, error_ns=statement.held_error_ns)}"
    links.append(ChainLink(who=f"{statement.id} {one_line(statement.sql, limit=72)}", what=what, role="migration"))
    if statement.blocked:
        total = f" of {facts.traffic.actors}" if facts.traffic else ""
        names = sorted({b.operation for b in statement.blocked if b.operation})
        links.append(
            ChainLink(
                who=f"{statement.blocked_actors}{total} actors",
                what=f"waited up to {duration(statement.blocked_max_ns, error_ns=statement.blocked_error_ns)}"
                + (f" in {_listed(names)}" if names else ""),
                role="actors",
            )
        )
    return tuple(links)


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {plural(len(names) - 3, 'other operation')}"
