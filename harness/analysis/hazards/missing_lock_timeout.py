"""missing_lock_timeout: a strong lock taken with lock_timeout unset or above 10 s."""

from collections.abc import Iterator

from harness.analysis.bounds import had_lock_timeout, is_lock_bounded, lock_timeout_ms, probes_at, requested_lock
from harness.analysis.facts import Facts
from harness.analysis.findings import finding, on_the_way
from harness.analysis.judgement import Finding, Hazard, Level
from harness.analysis.names import short
from harness.analysis.remedy.safer import with_timeout
from harness.spec.scenario import Scenario

HAZARD = Hazard(
    id="H102",
    name="missing_lock_timeout",
    title="A strong lock without lock_timeout",
    condition="A lock of mode SHARE or stronger is taken on a table, or on a view that traffic uses, while "
    "lock_timeout is unset or above 10 s.",
    effect="Nothing stops the migration from waiting, and from making others wait behind it (lock_queue).",
    workaround="SET lock_timeout to a fraction of what users bear, and retry.",
    bad="DROP INDEX orders_note_idx;",
    good="SET lock_timeout = '200ms';\nDROP INDEX orders_note_idx;",
)


def find(facts: Facts, scenario: Scenario) -> Iterator[Finding]:
    """A warning a statement."""
    for statement in facts.statements:
        lock = requested_lock(facts, statement)
        if lock is None or is_lock_bounded(statement, scenario):
            continue
        if any(had_lock_timeout(probe) for probe in probes_at(facts, statement)):
            # Set inside a DO block, a function or a tool: the probe saw it strike.
            continue
        timeout = lock_timeout_ms(statement, scenario)
        yield finding(
            HAZARD,
            on_the_way(Level.WARNING, statement.direction),
            title=f"{statement.id} takes {lock.mode} on {short(lock.relation)} without a lock_timeout",
            statement=statement,
            relation=lock.relation,
            marker=f"lock_timeout is {f'{timeout:,} ms' if timeout else 'not set'}",
            evidence=(f"{lock.mode} on {lock.relation}, lock_timeout {f'{timeout:,} ms' if timeout else '0 (none)'}",),
            remedy=with_timeout(statement),
        )
