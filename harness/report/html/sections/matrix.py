"""9 · App version × state of the schema, or × phase of a rolling deploy."""

from harness.report.html.markup import Markup, section, status, table, tag
from harness.report.view import View


def render(view: View) -> Markup:
    """The matrix, nothing where there is none."""
    matrix = view.matrix
    if matrix is None:
        return Markup()
    head = (("Version", ""), *((name, "") for name in matrix.phases))
    rows = [
        (tag("strong", version), *(tag("div", status(cell.status), " ", cell.text) for cell in cells))
        for version, cells in matrix.rows
    ]
    return section("versions", matrix.title, table(head, rows, label=matrix.title), lead=matrix.lead)
