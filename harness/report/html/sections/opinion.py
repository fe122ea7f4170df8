"""The second opinion of a linter, against what was measured."""

from harness.report.html.markup import Markup, section, table, tag
from harness.report.view import View

_HEAD = (("", "state"), ("Rule or hazard", ""), ("Statement", ""), ("What is said", "grow"))


def render(view: View) -> Markup:
    """A row a remark, and one for each finding that nobody predicted; nothing where nobody was asked."""
    opinion = view.opinion
    if opinion is None:
        return Markup()
    rows = [(row.word, tag("code", row.rule), row.statement, row.text) for row in opinion.rows]
    body = table(_HEAD, rows, label="Second opinion", class_="stack") if rows else ""
    return section("opinion", "Second opinion", tag("p", opinion.sentence), body)
