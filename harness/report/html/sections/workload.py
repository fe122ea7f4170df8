"""8 · The workload: where it came from, its course by phase, how near it is to its source."""

from harness.report.html.markup import Markup, pairs, section, status, table, tag
from harness.report.view import View
from harness.report.view.traffic_model import WorkloadView

_COURSE = (
    ("Phase", "grow"),
    ("Length", "num"),
    ("Scheduled", "num"),
    ("Offered", "num strong"),
    ("Busiest second", "num"),
    ("Completed", "num"),
    ("Retried", "num"),
    ("Versions", ""),
)
_REALISM = (
    ("", "state"),
    ("Operation", "grow"),
    ("Statement", "num"),
    ("Calls there", "num"),
    ("Rows a call, there", "num"),
    ("Rows a call, here", "num strong"),
    ("Time a call, there", "num"),
    ("Time a call, here", "num strong"),
)


def render(view: View) -> Markup:
    """The section, nothing where there was no traffic."""
    workload = view.workload
    if workload is None:
        return Markup()
    body = [pairs(workload.facts)]
    if workload.course:
        rows = [
            (tag("strong", c.phase), c.duration, c.scheduled, c.offered, c.peak, c.completed, c.retried, c.mix)
            for c in workload.course
        ]
        body += [tag("h3", "Course"), table(_COURSE, rows, label="Course of the traffic", class_="stack roomy")]
    return section("workload", "Workload", *body, *_source(workload))


def _source(workload: WorkloadView) -> list[Markup]:
    """What its source has: realism, and what no operation stands for."""
    body: list[Markup] = []
    if workload.realism:
        rows = [
            (
                status(r.status),
                tag("strong", r.operation),
                r.statement,
                r.calls,
                r.expected_rows,
                r.found_rows,
                r.expected_time,
                r.found_time,
            )
            for r in workload.realism
        ]
        lead = tag("p", "Each derived statement in its source (there) and on this clone (here).", class_="lead")
        body += [
            tag("h3", "Realism"),
            lead,
            table(_REALISM, rows, label="Realism of the workload", class_="stack roomy"),
        ]
    if workload.uncovered:
        head = (("Statement", "grow"), ("Calls", "num"), ("Why", "soft"))
        cells = [(tag("code", text, class_="sql"), calls, why) for text, calls, why in workload.uncovered]
        body += [tag("h3", "In the source, and not covered"), table(head, cells, label="Not covered", class_="stack")]
    if workload.notes:
        body.append(tag("ul", *(tag("li", note) for note in workload.notes)))
    return body
