"""10 · What this run does not prove."""

from harness.report.html.markup import Markup, section, status, tag
from harness.report.view import View


def render(view: View) -> Markup:
    """Limits of the method, and what was noted about this run."""
    items = [tag("li", text) for text in view.not_proven]
    notes = [
        tag("li", status(value), " ", text, tag("span", f" {remedy}", class_="soft") if remedy else "")
        for value, text, remedy in view.quality
    ]
    parts = [tag("ul", *items)] if items else [tag("p", "Nothing was stated.", class_="empty")]
    if notes:
        parts += [tag("h3", "Quality of this run"), tag("ul", *notes, class_="plain")]
    return section("not-proven", "Not proven", *parts)
