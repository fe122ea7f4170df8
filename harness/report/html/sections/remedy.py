"""The safer migration beside this one."""

from harness.report.html.markup import Markup, section, status, table, tag
from harness.report.view import View
from harness.report.view.model import RemedyView, Status

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
    rows = [
        ("Migration", " ".join(remedy.files)),
        ("Its report", remedy.after_report),
        ("This one", remedy.before_report),
    ]
    return tag("dl", *(tag("div", tag("dt", a), tag("dd", tag("code", b))) for a, b in rows if b), class_="pairs")
