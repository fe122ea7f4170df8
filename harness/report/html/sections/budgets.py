"""3 · Budgets, failures first; then the invariants."""

from harness.report.html.markup import Markup, section, status, table, tag
from harness.report.view import View
from harness.report.view.model import BudgetRow
from harness.report.words import UNUSED_ACCEPTS

_HEAD = (("", "state"), ("Budget", "grow"), ("Limit", "num"), ("Found", "num strong"), ("By", ""), ("Note", "soft"))
_INVARIANTS = (
    ("", "state"),
    ("Invariant", "grow"),
    ("Limit", "num"),
    ("Found", "num strong"),
    ("By", ""),
    ("When", "soft"),
)


def render(view: View) -> Markup:
    """Each check with its limit and what was found."""
    if not view.budgets and not view.invariants:
        return section("budgets", "Budgets", tag("p", "No budget was checked.", class_="empty"))
    body = [_table(_HEAD, view.budgets, "Budgets")] if view.budgets else []
    if view.invariants:
        body += [tag("h3", "Invariants"), _table(_INVARIANTS, view.invariants, "Invariants")]
    if view.unused_accepts:
        items = [tag("li", text) for text in view.unused_accepts]
        body += [tag("h3", UNUSED_ACCEPTS), tag("ul", *items)]
    return section("budgets", "Budgets", *body)


def _table(head: tuple[tuple[str, str], ...], rows: tuple[BudgetRow, ...], label: str) -> Markup:
    cells = [(status(r.status), r.label, r.limit, r.found, r.blame, r.note) for r in rows]
    keep = [
        i for i, (name, _) in enumerate(head) if name in ("", head[1][0], "Limit", "Found") or any(c[i] for c in cells)
    ]
    return table([head[i] for i in keep], [[row[i] for i in keep] for row in cells], label=label, class_="stack")
