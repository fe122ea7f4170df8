"""session_state_leak: the migration leaves its own session in a state in which its tool cannot go on."""

from collections.abc import Iterator

from harness.analysis.facts import Facts
from harness.analysis.findings import finding
from harness.analysis.judgement import Finding, Hazard, Level
from harness.analysis.session_settings import statement_setting
from harness.spec.scenario import Scenario

HAZARD = Hazard(
    id="H407",
    name="session_state_leak",
    title="A setting leaks into the session of the migration tool",
    condition="After the last step an unqualified INSERT into schema_migrations fails in the migration's own session: "
    "another search_path, another role, a read-only session.",
    effect="The tool cannot note that the migration is applied, or the next migration of the same session runs in "
    "another schema or as another role.",
    workaround="SET LOCAL inside the transaction, or RESET at the end; qualify names instead of emptying search_path.",
    bad="SELECT pg_catalog.set_config('search_path', '', false);  -- the preamble of a dump",
    good="SELECT pg_catalog.set_config('search_path', '', true);  -- until the end of the transaction",
)


def find(facts: Facts, scenario: Scenario) -> Iterator[Finding]:
    """An error, once."""
    session = facts.session
    if session is None or not session.sqlstate:
        return
    names = [name for name, _, _ in session.changed]
    by = statement_setting(facts, names)
    yield finding(
        HAZARD,
        Level.ERROR,
        title=f"INSERT INTO {session.table} fails with {session.sqlstate} in the migration's session afterwards",
        statement=by,
        marker="stays set for the session",
        evidence=(
            f"{session.sqlstate} {session.message}".rstrip(),
            *(f"{name}: {before or 'empty'} → {after or 'empty'}" for name, before, after in session.changed),
        ),
        impact="the tool cannot go on in this session",
        remedy="".join(f"RESET {_reset(name)};\n" for name in names).rstrip() or "DISCARD ALL;",
    )


def _reset(name: str) -> str:
    return "SESSION AUTHORIZATION" if name == "session_authorization" else name
