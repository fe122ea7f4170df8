"""Workflow commands that GitHub shows as annotations at the line of a pull request."""

from harness.report.view import View
from harness.report.view.model import FindingView
from harness.report.words import UNUSED_ACCEPTS

_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}

MOST_ANNOTATIONS = 10
"""GitHub shows ten annotations of a kind a step and drops the others."""


def render_annotations(view: View) -> str:
    """One workflow command a line: the verdict when it is not a pass, then the findings not accepted."""
    lines = []
    if view.verdict_word != "PASS":
        command = "error" if view.verdict_word == "FAIL" else "warning"
        lines.append(f"::{command} title={_property('rehearse ' + view.scenario)}::{_data(view.sentence)}")
    open_findings = [finding for finding in view.findings if finding.accepted is None]
    lines += [_annotation(finding) for finding in open_findings[:MOST_ANNOTATIONS]]
    title = _property(f"rehearse {view.scenario}")
    lines += [f"::notice title={title}::{_data(f'{UNUSED_ACCEPTS}: {text}')}" for text in view.unused_accepts]
    return "".join(line + "\n" for line in lines)


def _annotation(finding: FindingView) -> str:
    properties = [f"title={_property(f'{finding.id} {finding.hazard}')}"]
    if finding.file:
        properties = [f"file={_property(finding.file)}", f"line={finding.line}", f"col={finding.column}", *properties]
    text = "\n".join(part for part in (finding.title, *finding.evidence, finding.remedy) if part)
    return f"::{_COMMANDS[finding.level]} {','.join(properties)}::{_data(text)}"


def _data(text: str) -> str:
    """Escaped as the runner unescapes it, so that no text can begin a command of its own."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
