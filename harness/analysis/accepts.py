"""Accepted hazards: by [[accept]] in the scenario, or by a comment above the statement. They show, and do not count."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from harness.analysis.facts import Facts
from harness.analysis.judgement import Finding
from harness.analysis.names import same_relation
from harness.model.words import Direction
from harness.spec.scenario import Scenario

IMPLIED: dict[str, frozenset[str]] = {
    "table_rewrite": frozenset({"long_access_exclusive", "full_scan_under_lock", "blocks_writes"}),
    "full_scan_under_lock": frozenset({"long_access_exclusive", "blocks_writes"}),
    "partition_attach_scan": frozenset({"full_scan_under_lock", "long_access_exclusive", "blocks_writes"}),
    "lock_queue": frozenset({"missing_lock_timeout"}),
    "unbounded_backfill": frozenset({"long_transaction"}),
    "grants_or_owner_lost": frozenset({"breaks_old_app"}),
}
"""What accepting a hazard accepts with it at the same statement: the words that it implies by their definition."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """One acceptance; `relation` and `statement` are "" where it holds for any."""

    hazard: str
    reason: str
    relation: str
    statement: tuple[Direction, str] | None

    @property
    def text(self) -> str:
        """For people: "table_rewrite on audit_log"."""
        where = f" on {self.relation}" if self.relation else ""
        return f"{self.hazard}{where}" + (f" at {self.statement[1]}" if self.statement else "")

    def covers(self, finding: Finding) -> bool:
        """Whether the finding is what was accepted, or implied by it at the same place."""
        named = self.hazard in (finding.hazard.name, finding.hazard.id)
        if not named and finding.hazard.name not in IMPLIED.get(self.hazard, frozenset()):
            return False
        if self.statement is not None and self.statement != (finding.direction, finding.statement):
            return False
        return not self.relation or same_relation(self.relation, finding.relation)


def acceptances(facts: Facts, scenario: Scenario) -> tuple[Acceptance, ...]:
    """Those of the scenario, then those of the statements."""
    listed = [Acceptance(a.hazard, a.reason, a.relation, None) for a in scenario.accept]
    above = [
        Acceptance(accepted.hazard, accepted.reason, accepted.relation, (statement.direction, statement.id))
        for statement in facts.statements
        for accepted in statement.accepts
    ]
    return (*listed, *above)


def accept(findings: Iterable[Finding], given: Sequence[Acceptance]) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """The findings, marked where accepted, and the acceptances that nothing needed."""
    marked = []
    used: set[Acceptance] = set()
    for finding in findings:
        covering = [one for one in given if one.covers(finding)]
        used.update(covering)
        marked.append(replace(finding, accepted=covering[0].reason) if covering else finding)
    return tuple(marked), tuple(one.text for one in given if one not in used)
