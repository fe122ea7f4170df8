"""Findings about an operation that fails since the migration."""

from harness.analysis.facts import Facts
from harness.analysis.failures import BrokenOperation
from harness.analysis.findings import finding
from harness.analysis.judgement import Finding, Hazard, Level
from harness.analysis.names import qualified


def operation_finding(
    hazard: Hazard, level: Level, broken: BrokenOperation, *, facts: Facts, remedy: str, verb: str = "fails"
) -> Finding:
    """The operation, its error and the statement after which it came."""
    operation = broken.operation
    at, by = operation.first_failed_ns.get(broken.sqlstate), f" after {broken.by.id}" if broken.by else ""
    when = f"under load first at {facts.moment(at)}" if at is not None else ""
    return finding(
        hazard,
        level,
        title=f"{operation.name} {verb} with {broken.sqlstate}{by}",
        statement=broken.by,
        relation=_relation(broken),
        marker=f"{operation.name} fails with {broken.sqlstate} from here on",
        evidence=(broken.text, when, _probed(broken), failed_sql(broken)),
        impact=_impact(broken),
        remedy=remedy,
    )


def _probed(broken: BrokenOperation) -> str:
    """What the versions probe met, "" for nothing."""
    probed = broken.probed
    if probed is None:
        return ""
    return f"versions probe: {probed.count} of {probed.executions} failed in state {probed.state.label}"


def failed_sql(broken: BrokenOperation) -> str:
    """The statement of the operation that the first error came from, "" where the run does not say its SQL."""
    sql, at = broken.operation.sql, broken.operation.failed_at.get(broken.sqlstate, 0)
    number = broken.probed.statement if broken.probed else at
    return sql[number] if number < len(sql) else ""


def _impact(broken: BrokenOperation) -> str:
    if broken.count:
        return f"{broken.count:,} of {broken.operation.offered:,} operations failed"
    return "it fails whenever it runs against this schema" if broken.probed and broken.probed.every_time else ""


def _relation(broken: BrokenOperation) -> str:
    """The relation of the operation that the statement locked, else the first it uses."""
    names = [qualified(name) for name in (*broken.operation.writes, *broken.operation.reads)]
    locked = {lock.table or lock.relation for lock in broken.by.locks} if broken.by else set()
    return next((name for name in names if name in locked), names[0] if names else "")
