"""SARIF 2.1.0: findings that have a place in a file, for code scanning."""

from typing import Any
from urllib.parse import quote

import msgspec

from harness.analysis.judgement import Hazard
from harness.report.view import View
from harness.report.view.model import FindingView
from harness.report.words import UNUSED_ACCEPTS

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
"""The schema that readers validate against; a name in the file, never fetched by us."""


def render_sarif(views: View | list[View]) -> bytes:
    """One run of the tool with the located findings of one rehearsal or several."""
    every = views if isinstance(views, list) else [views]
    located = [(view, finding) for view in every for finding in view.findings if finding.location]
    hazards = {h.id: h for view in every for h in (f.hazard for f in view.judgement.findings)}
    used = sorted({finding.id for _, finding in located})
    driver = {
        "name": "rehearse",
        "semanticVersion": every[0].info.tool_version if every else "0.0.0",
        "rules": [_rule(hazards[name]) for name in used],
    }
    results = [_result(finding, used.index(finding.id)) for _, finding in located]
    run: dict[str, Any] = {"tool": {"driver": driver}, "results": results}
    unused = [f"{view.scenario}: {UNUSED_ACCEPTS}: {text}" for view in every for text in view.unused_accepts]
    if unused:
        told = [{"level": "note", "message": {"text": text}} for text in unused]
        run["invocations"] = [{"executionSuccessful": True, "toolExecutionNotifications": told}]
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


def _rule(hazard: Hazard) -> dict[str, Any]:
    return {
        "id": hazard.id,
        "name": hazard.name,
        "shortDescription": {"text": hazard.title},
        "fullDescription": {"text": f"{hazard.condition} {hazard.effect}".strip()},
        "help": {"text": hazard.workaround},
    }


def _result(finding: FindingView, rule: int) -> dict[str, Any]:
    region = {"startLine": max(finding.line, 1), "startColumn": max(finding.column, 1)}
    text = ". ".join(part for part in (finding.title, *finding.evidence, finding.impact) if part)
    result: dict[str, Any] = {
        "ruleId": finding.id,
        "ruleIndex": rule,
        "level": finding.level,
        "message": {"text": text},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": quote(finding.file)}, "region": region}}],
        "partialFingerprints": {"rehearse/v1": finding.fingerprint},
    }
    if finding.accepted is not None:
        result["suppressions"] = [{"kind": "external", "justification": finding.accepted}]
    return result
