"""7 · The operations against the baseline of the same run."""

from harness.report.html.markup import Markup, section, status, table, tag
from harness.report.view import View
from harness.report.view.traffic_model import OperationRow

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
_ERRORS = (
    ("", "state"),
    ("Operation", "grow"),
    ("SQLSTATE", ""),
    ("Class", ""),
    ("Users saw", "num strong"),
    ("Absorbed by a retry", "num"),
    ("Expected", "num"),
    ("Seen in", "soft"),
)
_TIMES = (
    ("Operation", "grow"),
    ("Window", ""),
    ("Count", "num"),
    ("Response p50", "num strong"),
    ("p95", "num strong"),
    ("p99", "num strong"),
    ("max", "num strong"),
    ("Pool wait p50", "num"),
    ("p99", "num"),
    ("Service p50", "num"),
    ("p99", "num"),
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
    body = [table(_HEAD, rows, label="Operations", class_="wide"), *_errors(view), *_times(view)]
    return section("operations", "Operations", *body, lead=lead)


def _errors(view: View) -> list[Markup]:
    """Errors by who felt them."""
    if not view.errors:
        return []
    rows = [
        (
            status(e.status),
            tag("div", tag("strong", e.operation), tag("span", e.message, class_="under") if e.message else ""),
            e.sqlstate,
            e.error_class,
            e.seen,
            e.absorbed,
            e.expected,
            e.when,
        )
        for e in view.errors
    ]
    shown = len(_ERRORS) if any(e.when for e in view.errors) else len(_ERRORS) - 1
    cells = [row[:shown] for row in rows]
    return [tag("h3", "Errors by who felt them"), table(_ERRORS[:shown], cells, label="Errors", class_="stack roomy")]


def _times(view: View) -> list[Markup]:
    """Response time first, and apart from it the two parts that can be told."""
    if not view.times:
        return []
    rows = [
        (
            tag("strong", t.operation),
            t.window,
            t.count,
            t.p50,
            t.p95,
            t.p99,
            t.top,
            t.waited_p50,
            t.waited_p99,
            t.served_p50,
            t.served_p99,
        )
        for t in view.times
    ]
    note = tag(
        "p",
        "The response time is what users felt. The wait for a connection of the pool and the service (from the first "
        "statement sent to the last answer) are order statistics of their own and do not add up to it; the service "
        "alone leaves out everybody who waited to be served.",
        class_="lead",
    )
    return [tag("h3", "Response time, and what it is made of"), note, table(_TIMES, rows, label="Times", class_="wide")]


def _name(operation: OperationRow) -> Markup:
    errors = tag("span", operation.errors, class_="under bad") if operation.errors else ""
    return tag("div", tag("strong", operation.name), tag("code", operation.sql, class_="under sql"), errors)
