"""JUnit XML: a suite a scenario, a case a budget and a case a statement."""

import xml.etree.ElementTree as ET

from harness.report.view import View
from harness.report.view.model import BudgetRow, StatementRow
from harness.report.view.status import Status
from harness.report.words import UNUSED_ACCEPTS


def render_junit(views: View | list[View]) -> bytes:
    """One document for one run or several; fail is a failure, inconclusive an error, warn a passed case with a text."""
    root = ET.Element("testsuites", name="rehearse")
    for view in views if isinstance(views, list) else [views]:
        _suite(root, view)
    ET.indent(root)
    body: bytes = ET.tostring(root, encoding="utf-8")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + body + b"\n"


def _suite(root: ET.Element, view: View) -> None:
    suite = ET.SubElement(root, "testsuite", name=clean(view.scenario), timestamp=clean(view.info.started_at))
    for budget in (*view.budgets, *view.invariants):
        _budget(suite, view, budget)
    for statement in view.statements:
        _statement(suite, view, statement)
    if not view.budgets:
        case = ET.SubElement(suite, "testcase", classname=clean(view.scenario), name="verdict")
        if view.status is Status.UNKNOWN:
            ET.SubElement(case, "error", message=clean(view.sentence), type="inconclusive")
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(name, str(len(suite.findall(f"testcase/{tag}"))))
    suite.set("tests", str(len(suite.findall("testcase"))))
    unused = "".join(f"\n{UNUSED_ACCEPTS}: {text}" for text in view.unused_accepts)
    ET.SubElement(suite, "system-out").text = clean(f"{view.verdict_word} {view.sentence}\n{view.summary}{unused}")


def _budget(suite: ET.Element, view: View, row: BudgetRow) -> None:
    case = ET.SubElement(suite, "testcase", classname=clean(f"{view.scenario}.budgets"), name=clean(row.label))
    message = clean(f"limit {row.limit}, found {row.found}" + (f", by {row.blame}" if row.blame else ""))
    if row.status is Status.FAIL:
        ET.SubElement(case, "failure", message=message, type=clean(row.id)).text = clean(row.note)
    elif row.status is Status.UNKNOWN:
        ET.SubElement(case, "error", message=message, type="inconclusive").text = clean(row.note)
    elif row.status is Status.WARN:
        ET.SubElement(case, "system-out").text = f"warning: {message}"


def _statement(suite: ET.Element, view: View, row: StatementRow) -> None:
    name = f"{row.id} {' '.join(row.sql.split())[:120]}"
    case = ET.SubElement(suite, "testcase", classname=clean(f"{view.scenario}.statements"), name=clean(name))
    found = [f for f in view.findings if f.statement == row.id and f.accepted is None and f.level == "error"]
    if row.outcome == "not run":
        ET.SubElement(case, "skipped", message="not run")
    elif found or row.status is Status.FAIL:
        message = found[0].title if found else row.outcome
        detail = "\n".join(f"{f.location} {f.title}\n  " + "\n  ".join((*f.evidence, f.impact)) for f in found)
        kind = found[0].hazard if found else "statement_failed"
        ET.SubElement(case, "failure", message=clean(message), type=clean(kind)).text = clean(detail)


def clean(text: str) -> str:
    """`text` without what XML 1.0 cannot hold (control characters, lone surrogates), shown as U+FFFD."""
    return "".join(char if _allowed(ord(char)) else "\N{REPLACEMENT CHARACTER}" for char in text)


def _allowed(code: int) -> bool:
    """Production 2 of the XML 1.0 recommendation: Char."""
    return code in (0x9, 0xA, 0xD) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code >= 0x10000
