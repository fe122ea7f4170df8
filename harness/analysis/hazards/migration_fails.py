"""migration_fails: going up fails with any other error."""

from collections.abc import Iterator

from harness.analysis.facts import Facts
from harness.analysis.failure_findings import failure_finding
from harness.analysis.failures import failure_word, up_failures
from harness.analysis.findings import finding
from harness.analysis.judgement import Finding, Hazard, Level
from harness.spec.scenario import Scenario

HAZARD = Hazard(
    id="H401",
    name="migration_fails",
    title="The migration fails",
    condition="A statement, or the migration tool, fails going up with an error that no other word stands for.",
    effect="The deploy stops.",
    workaround="Read the error at the statement; a lock timeout (55P03) wants more retries or a quieter moment.",
    bad="UPDATE orders SET note = 'a', note = 'b';",
    good="UPDATE orders SET note = 'b';",
)

_REMEDIES = {
    "55P03": "-- lock_timeout stopped it: more retries with a pause ([migration] retries), or find who holds the lock",
    "57014": "-- statement_timeout stopped it: run this statement without one, lock_timeout bounds the harm",
    "2D000": '-- COMMIT inside DO or CALL needs no transaction around it: [migration] transaction = "as-written"',
    "42501": "-- the migration's role lacks a privilege: grant it, or run as the owner",
}


def find(facts: Facts, scenario: Scenario) -> Iterator[Finding]:
    """An error a failed statement, or one for a tool whose statement is not known."""
    failures = up_failures(facts)
    for failure in failures:
        if failure_word(failure.sqlstate) == HAZARD.name:
            remedy = _REMEDIES.get(
                failure.sqlstate, "-- correct the statement: the server's message says what is wrong"
            )
            yield failure_finding(HAZARD, failure, remedy=remedy)
    if facts.up_failed_tool and not failures:
        yield finding(
            HAZARD,
            Level.ERROR,
            title="the migration tool fails going up",
            evidence=tuple(facts.up_failed_tool.splitlines()[-5:]),
            impact="the migration stops here",
            remedy="-- see the tool's last lines above",
        )
