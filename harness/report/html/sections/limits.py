"""11 · What this run does not prove."""

from harness.report.html.markup import Markup, section, tag
from harness.report.view import View


def render(view: View) -> Markup:
    """Limits of the method and of this run."""
    items = [tag("li", text) for text in view.not_proven]
    body = tag("ul", *items) if items else tag("p", "Nothing was stated.", class_="empty")
    return section("not-proven", "Not proven", body)
