"""9 · App version × phase, for scenarios with phases."""

from harness.report.html.markup import Markup, section, status, table, tag
from harness.report.view import View


def render(view: View) -> Markup:
    """The matrix, nothing where the scenario has no phases."""
    matrix = view.matrix
    if matrix is None:
        return Markup()
    head = (("Version", ""), *((name, "") for name in matrix.phases))
    rows = [
        (tag("strong", version), *(tag("div", status(cell.status), " ", cell.text) for cell in cells))
        for version, cells in matrix.rows
    ]
    lead = "An error is shown in the phase in which an operation first met it."
    return section("versions", "App versions by phase", table(head, rows, label="App versions by phase"), lead=lead)
