"""rehearsal.json: everything a program wants to know about a run, as typed values with a JSON Schema."""

from typing import Any

import msgspec

from harness.analysis import judgement
from harness.report import chains_json, numbers_json, probes_json, shapes, traffic_json, traffic_shapes, versions_json
from harness.report.view import View
from harness.report.view.model import OpinionView, RemedyView

SCHEMA_VERSION = "1.0"
"""Version of the format, apart from the tool's: the minor grows when fields are added, the major when any changes."""

SCHEMA_ID = "urn:rehearse:rehearsal:1.0"
"""Identity of the JSON Schema; a name, not an address: nothing is fetched."""

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """What wrote the file."""

    name: str
    version: str


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """Which run it was and how to repeat it."""

    id: str
    started_at: str
    command: tuple[str, ...]
    scenario_file: str
    seed: int
    commit: str
    platform: str
    digests: dict[str, str]
    complete: bool
    interrupted: str


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One judgement against a limit."""

    id: str
    label: str
    limit: str
    found: str
    verdict: str
    blame: str
    note: str


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A hazard seen in this run; `file` is relative to the scenario's folder, `fingerprint` has no line and no time."""

    id: str
    hazard: str
    level: str
    title: str
    relation: str | None
    statement: str | None
    file: str | None
    line: int | None
    direction: str
    evidence: tuple[str, ...]
    impact: str
    remedy: str
    fingerprint: str
    accepted: str | None


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """A finding that the safer migration leaves as it is, and why."""

    statement: str
    hazard: str
    reason: str


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One figure as it is and in the safer form, as the reports show it."""

    label: str
    limit: str
    before: str
    after: str


class Remedy(msgspec.Struct, frozen=True, kw_only=True):
    """The safer migration beside this one; `verdict` null where it was not rehearsed."""

    verdict: str | None
    sentence: str
    figures: tuple[Compared, ...]
    gone: tuple[str, ...]
    remaining: tuple[str, ...]
    new: tuple[str, ...]
    left: tuple[Left, ...]
    files: tuple[str, ...]
    report: str


class OpinionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A remark (`word` is confirmed, not seen here or style), or a finding that is measured, not predicted."""

    word: str
    rule: str
    statement: str
    text: str


class Opinion(msgspec.Struct, frozen=True, kw_only=True):
    """The second opinion; `sentence` counts, or says why there is none."""

    sentence: str
    rows: tuple[OpinionRow, ...]


class Rehearsal(msgspec.Struct, frozen=True, kw_only=True):
    """The whole document. Fields may be added; readers ignore what they do not know."""

    schema_version: str
    tool: Tool
    run: Run
    verdict: str
    sentence: str
    environment: shapes.Environment | None
    scenario: dict[str, Any]
    checks: tuple[Check, ...]
    findings: tuple[Finding, ...]
    locks: tuple[shapes.Lock, ...]
    rewrites: tuple[shapes.Rewrite, ...]
    statements: tuple[shapes.Statement, ...]
    operations: tuple[traffic_shapes.Operation, ...]
    traffic: traffic_shapes.Traffic | None
    timeline: traffic_shapes.Timeline | None
    rollback: shapes.Rollback
    invariants: tuple[shapes.Invariant, ...]
    quality: tuple[shapes.Quality, ...]
    not_proven: tuple[str, ...]
    unused_accepts: tuple[str, ...]
    errors: tuple[traffic_shapes.Error, ...] = ()
    workload: tuple[traffic_shapes.Source, ...] = ()
    trust: tuple[Check, ...] = ()
    probes: probes_json.Probes | None = None
    chains: tuple[shapes.Chain, ...] = ()
    deadlocks: tuple[shapes.Deadlock, ...] = ()
    versions: versions_json.Versions | None = None
    remedy: Remedy | None = None
    """The safer migration, where `--try-remedy` was asked for."""
    second_opinion: Opinion | None = None
    """A linter's remarks against what was measured, where one was asked."""


def render_json(view: View) -> bytes:
    """rehearsal.json in UTF-8, indented, ending in a newline; the same run gives the same bytes."""
    return msgspec.json.format(msgspec.json.encode(build_rehearsal(view)), indent=1) + b"\n"


def build_rehearsal(view: View) -> Rehearsal:
    """The document as values."""
    facts, info = view.facts, view.info
    return Rehearsal(
        schema_version=SCHEMA_VERSION,
        tool=Tool(name="rehearse", version=info.tool_version),
        run=_run(view),
        verdict=view.verdict.value,
        sentence=view.sentence,
        environment=numbers_json.environment(facts),
        scenario=msgspec.json.decode(msgspec.json.encode(info.scenario)),
        checks=tuple(_check(check) for check in view.judgement.checks),
        findings=tuple(_finding(finding) for finding in view.judgement.findings),
        locks=numbers_json.locks(facts),
        rewrites=numbers_json.rewrites(facts),
        statements=tuple(numbers_json.statement(s) for s in facts.statements),
        operations=tuple(traffic_json.operation(o) for o in facts.operations),
        traffic=traffic_json.traffic(facts),
        timeline=numbers_json.timeline(facts),
        rollback=numbers_json.rollback(facts),
        invariants=tuple(
            shapes.Invariant(
                name=i.name,
                moment=i.moment,
                violations=i.violations,
                sqlstate=i.sqlstate or None,
                pass_=i.seen_in.value,
            )
            for i in facts.invariants
        ),
        quality=tuple(
            shapes.Quality(subject=q.subject, message=q.message, inconclusive=q.inconclusive, remedy=q.remedy)
            for q in facts.quality
        ),
        not_proven=view.not_proven,
        unused_accepts=view.unused_accepts,
        errors=traffic_json.errors(facts),
        workload=tuple(traffic_json.sources(facts)),
        trust=tuple(_check(check) for check in view.judgement.trust),
        probes=probes_json.probes(facts),
        chains=chains_json.chains(facts),
        deadlocks=chains_json.deadlocks(facts),
        versions=versions_json.versions(facts),
        remedy=_remedy(view.remedy) if view.remedy else None,
        second_opinion=_opinion(view.opinion) if view.opinion else None,
    )


def _opinion(opinion: OpinionView) -> Opinion:
    rows = tuple(OpinionRow(word=r.word, rule=r.rule, statement=r.statement, text=r.text) for r in opinion.rows)
    return Opinion(sentence=opinion.sentence, rows=rows)


def _remedy(remedy: RemedyView) -> Remedy:
    rows = remedy.rows
    return Remedy(
        verdict=remedy.verdict.value if remedy.verdict else None,
        sentence=remedy.sentence,
        figures=tuple(Compared(label=r.label, limit=r.limit, before=r.before, after=r.after) for r in rows),
        gone=remedy.gone,
        remaining=remedy.remaining,
        new=remedy.new,
        left=tuple(Left(statement=s, hazard=h, reason=why) for s, h, why in remedy.kept),
        files=remedy.files,
        report=remedy.after_report,
    )


def json_schema() -> bytes:
    """The JSON Schema of the document, as shipped in `schemas/rehearsal.schema.json`."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        **msgspec.json.schema(Rehearsal),
    }
    return msgspec.json.format(msgspec.json.encode(schema), indent=1) + b"\n"


def _run(view: View) -> Run:
    info = view.info
    return Run(
        id=info.run_id,
        started_at=info.started_at,
        command=info.command,
        scenario_file=info.scenario_file,
        seed=info.scenario.seed,
        commit=info.commit,
        platform=info.platform,
        digests=dict(sorted(info.digests.items())),
        complete=view.facts.complete,
        interrupted=view.facts.interrupted,
    )


def _check(check: judgement.Check) -> Check:
    return Check(
        id=check.id,
        label=check.label,
        limit=check.limit,
        found=check.found,
        verdict=check.verdict.value,
        blame=check.blame,
        note=check.note,
    )


def _finding(finding: judgement.Finding) -> Finding:
    return Finding(
        id=finding.hazard.id,
        hazard=finding.hazard.name,
        level=finding.level.value,
        title=finding.title,
        relation=finding.relation or None,
        statement=finding.statement or None,
        file=finding.file or None,
        line=finding.line if finding.file else None,
        direction=finding.direction.value,
        evidence=finding.evidence,
        impact=finding.impact,
        remedy=finding.remedy,
        fingerprint=finding.fingerprint,
        accepted=finding.accepted,
    )
