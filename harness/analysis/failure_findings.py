"""Findings about a statement that failed going up."""

from collections.abc import Callable, Iterator

from harness.analysis.facts import Facts, StatementFacts
from harness.analysis.failures import UpFailure, failure_word, up_failures
from harness.analysis.findings import finding
from harness.analysis.judgement import Finding, Hazard, Level


def failure_findings(
    hazard: Hazard, facts: Facts, *, remedy: str, first: Callable[[str], str] | None = None
) -> Iterator[Finding]:
    """An error for each failure whose SQLSTATE is this hazard's; `first` is SQL to run before its statement."""
    for failure in up_failures(facts):
        if failure_word(failure.sqlstate) == hazard.name:
            before = first(failure.statement.sql) if first else ""
            yield failure_finding(hazard, failure, remedy=f"{before}\n{remedy}".lstrip())


def failure_finding(hazard: Hazard, failure: UpFailure, *, remedy: str) -> Finding:
    """The statement, its error and how often it was tried."""
    statement, tries = failure.statement, failure.statement.failed_attempts
    return finding(
        hazard,
        Level.ERROR,
        title=f"{statement.id} fails with {failure.sqlstate}: {failure.message}".rstrip(": "),
        statement=statement,
        relation=relation_of(statement),
        marker=f"fails with {failure.sqlstate}",
        evidence=(
            f"{failure.sqlstate} {failure.message}".rstrip(),
            f"in the {failure.seen_in.value} pass" + (f", {tries} attempts" if tries > 1 else ""),
        ),
        impact="the migration stops here",
        remedy=remedy,
    )


def relation_of(statement: StatementFacts) -> str:
    """The relation it is about: the one it locked most strongly, "" where not known."""
    return next((lock.table or lock.relation for lock in statement.locks if lock.existed), "")
