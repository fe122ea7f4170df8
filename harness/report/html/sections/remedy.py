"""The safer migration beside this one."""

from harness.analysis.remedy.record import FOLDER, RUN
from harness.report.html.markup import Markup, join, pairs, section, status, table, tag
from harness.report.view import View
from harness.report.view.model import RemedyView
from harness.report.view.status import Status

_HEAD = (("", ""), ("Limit", "num"), ("As it is", "num"), ("Safer", "num"))


def render(view: View) -> Markup:
    """Budgets and findings, before and after; nothing where no alternative was asked for."""
    remedy = view.remedy
    if remedy is None:
        return Markup()
    rows = [
        (row.label, row.limit, _cell(row.before_status, row.before), _cell(row.after_status, row.after))
        for row in remedy.rows
    ]
    return section(
        "remedy",
        "The safer migration",
        tag("p", status(remedy.status), " ", tag("strong", remedy.sentence)),
        table(_HEAD, rows, label="As it is and safer", class_="stack") if rows else "",
        *_lists(remedy),
        _paths(remedy),
    )


def _cell(state: Status, text: str) -> Markup:
    return tag("span", text) if state is Status.NOTE else status(state, text)


def _lists(remedy: RemedyView) -> list[Markup]:
    lists = [
        tag("div", tag("h3", title), tag("ul", *(tag("li", text) for text in texts)))
        for title, texts in (("Gone", remedy.gone), ("Remaining", remedy.remaining), ("New", remedy.new))
        if texts
    ]
    if remedy.kept:
        items = [
            tag("li", tag("code", f"{statement} {hazard}".strip()), f": {why}")
            for statement, hazard, why in remedy.kept
        ]
        lists.append(tag("div", tag("h3", "Left as it is"), tag("ul", *items)))
    return lists


def _paths(remedy: RemedyView) -> Markup:
    """The files, and a link to the other report that works wherever the run directory is moved to."""
    rows: list[tuple[str, object]] = [("Migration", join((tag("code", path) for path in remedy.files), " "))]
    if remedy.after_report:
        rows.append(("Its report", tag("a", remedy.after_report, href=f"{FOLDER}/{RUN}/report.html")))
    rows.append(("This one", tag("code", remedy.before_report)))
    return pairs(rows) if remedy.files else Markup()
