"""6b · What queues behind a long transaction: the experiments of the queue probe."""

from harness.report.html.markup import Markup, section, status, table
from harness.report.view import View
from harness.report.view.probes import queue_rows

_HEAD = (
    ("", "state"),
    ("Table", ""),
    ("Asks for", ""),
    ("Behind one long", ""),
    ("Waited", "num"),
    ("Ends", ""),
    ("Reads", ""),
    ("Writes", ""),
)
_LEAD = (
    "On clones of their own, one idle long transaction stood on each table before the migration's first strong lock on "
    "it. An ordinary read and an ordinary write were sent after the waiting migration."
)


def render(view: View) -> Markup:
    """One row an experiment, nothing where none was made."""
    rows = [
        (
            status(row.status, row.statement),
            row.relation,
            row.mode,
            row.antagonist,
            row.waited,
            row.ending,
            row.reads,
            row.writes,
        )
        for row in queue_rows(view.facts)
    ]
    if not rows:
        return Markup()
    title = "What queues behind a long transaction"
    return section("queue", title, table(_HEAD, rows, label=title, class_="stack"), lead=_LEAD)
