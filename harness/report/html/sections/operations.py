"""7 · The operations against the baseline of the same run."""

from harness.report.html.markup import Markup, section, status, table, tag
from harness.report.view import View
from harness.report.view.model import OperationRow

_HEAD = (
    ("", "state"),
    ("Operation", "grow"),
    ("Version", ""),
    ("Offered", "num"),
    ("Completed", "num"),
    ("Failed", "num"),
    ("p50 baseline", "num"),
    ("p50 migrating", "num"),
    ("p99 baseline", "num"),
    ("p99 migrating", "num strong"),
    ("Factor", "num"),
    ("p99 rollback", "num"),
)


def render(view: View) -> Markup:
    """One row an operation."""
    if not view.operations:
        return section("operations", "Operations", tag("p", "No operation was offered.", class_="empty"))
    rows = [
        (
            status(o.status),
            _name(o),
            o.version,
            o.offered,
            o.completed,
            o.failed,
            o.baseline_p50,
            o.migrate_p50,
            o.baseline_p99,
            o.migrate_p99,
            o.factor,
            o.rollback_p99,
        )
        for o in view.operations
    ]
    lead = "Response times run from when an operation was due, not from when it was sent."
    return section("operations", "Operations", table(_HEAD, rows, label="Operations", class_="wide"), lead=lead)


def _name(operation: OperationRow) -> Markup:
    errors = tag("span", operation.errors, class_="under bad") if operation.errors else ""
    return tag("div", tag("strong", operation.name), tag("code", operation.sql, class_="under sql"), errors)
