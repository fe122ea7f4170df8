"""JUnit, SARIF, annotations and Markdown hold in the hands of their readers."""

# ruff: noqa: S314 - the XML that is parsed here was written by the line before

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from harness.report.github import render_annotations
from harness.report.junit import clean, render_junit
from harness.report.markdown import MARKER, MOST_BYTES, escape, fence, render_markdown
from harness.report.sarif import render_sarif
from harness.report.view.status import Status
from tests.unit.report import runs


def sarif(name: str) -> Any:
    return msgspec.json.decode(render_sarif(runs.ALL[name]()))


@pytest.mark.parametrize("name", runs.ALL)
def test_junit_is_well_formed_and_its_counts_are_right(name: str) -> None:
    root = ET.fromstring(render_junit(runs.ALL[name]()))
    (suite,) = root
    assert suite.get("tests") == str(len(suite.findall("testcase")))
    assert suite.get("failures") == str(len(suite.findall("testcase/failure")))
    assert suite.get("errors") == str(len(suite.findall("testcase/error")))


def test_junit_fails_budgets_and_blamed_statements() -> None:
    root = ET.fromstring(render_junit(runs.failing()))
    failed = [case.get("name", "") for case in root.iter("testcase") if case.find("failure") is not None]
    assert failed[:3] == [
        "longest time an actor was blocked",
        "longest time without a completion",
        "p99 while migrating / baseline",
    ]
    assert [name[:2] for name in failed[3:]] == ["S1", "S3"]


def test_junit_of_an_inconclusive_run_is_an_error_and_not_a_pass() -> None:
    root = ET.fromstring(render_junit(runs.inconclusive()))
    assert root.find("testsuite/testcase/error") is not None


def test_junit_of_several_runs_has_a_suite_each() -> None:
    assert len(ET.fromstring(render_junit([runs.failing(), runs.passing()]))) == 2


def test_junit_tells_a_warned_budget() -> None:
    view = runs.passing()
    warned = replace(view, budgets=(replace(view.budgets[0], status=Status.WARN),))
    assert b"warning: limit 500 ms" in render_junit(warned)


def test_clean_removes_what_xml_cannot_hold() -> None:
    assert clean("a\x00b\x1b\ud800\ufffe\U0001f600") == "a\ufffdb\ufffd\ufffd\ufffd\U0001f600"


def test_sarif_has_only_findings_with_a_place_and_their_rules() -> None:
    (run,) = sarif("nasty")["runs"]
    assert len(run["results"]) == 1
    assert run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].startswith(
        "scenarios/0042-orders-status/%3Cscript"
    )
    assert sarif("inconclusive")["runs"][0]["results"] == []
    (failing,) = sarif("failing")["runs"]
    rules = [rule["id"] for rule in failing["tool"]["driver"]["rules"]]
    assert all(rules[result["ruleIndex"]] == result["ruleId"] for result in failing["results"])


def test_sarif_suppresses_what_was_accepted() -> None:
    (result,) = sarif("passing")["runs"][0]["results"]
    assert result["suppressions"] == [{"kind": "external", "justification": "retired table, no readers"}]


def test_no_annotation_can_begin_a_command_of_its_own() -> None:
    lines = render_annotations(runs.nasty()).splitlines()
    assert all(re.match(r"::(error|warning|notice) ", line) for line in lines)
    assert len(lines) == 4
    assert "%25" in lines[1]


def test_a_pass_annotates_what_was_accepted_and_did_not_occur_alone() -> None:
    (said,) = render_annotations(runs.passing()).splitlines()
    assert said.startswith("::notice title=rehearse ")
    assert "::Accepted, but did not occur: remove the acceptance" in said
    assert render_annotations(runs.inconclusive()).startswith("::warning title=rehearse 0042-orders-status::")


@pytest.mark.parametrize("name", runs.ALL)
def test_markdown_begins_with_its_marker(name: str) -> None:
    assert render_markdown(runs.ALL[name]()).startswith(MARKER + "\n")


def test_markdown_degrades_and_never_exceeds_its_limit() -> None:
    view = runs.failing()
    big = replace(view, findings=view.findings * 400, statements=view.statements * 5)
    text = render_markdown(big, link="https://ci.example/r")
    assert len(text.encode()) <= MOST_BYTES
    assert "Shortened" in text
    assert "[Full report](<https://ci.example/r>)" in text
    assert "longest time an actor was blocked" in text


def test_markdown_drops_the_folded_parts_first() -> None:
    view = runs.failing()
    long_limits = replace(view, not_proven=("x" * 70_000,))
    text = render_markdown(long_limits)
    assert "CREATE INDEX" in text
    assert "Not proven" not in text


def test_markdown_of_an_endless_sentence_is_still_cut() -> None:
    endless = replace(runs.failing(), sentence="ä" * 80_000)
    assert len(render_markdown(endless).encode()) <= MOST_BYTES


def test_markdown_tables_stop_at_sixty_rows() -> None:
    view = runs.failing()
    assert "and 15 more rows" in render_markdown(replace(view, statements=view.statements * 15))


def test_fence_is_longer_than_any_inside() -> None:
    assert fence("a ```` b", "sql")[0] == "`````sql"


@pytest.mark.parametrize("raw", ["<b>", "a|b", "[x](javascript:1)", "@team", "`x`", "\x1b[31m", "line\nbreak"])
def test_escaped_text_has_no_live_markup(raw: str) -> None:
    assert not re.search(r"(?<!\\)[|`\[\]<>]|@|\n|\x1b", escape(raw))
