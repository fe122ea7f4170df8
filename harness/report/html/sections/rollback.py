"""8 · Rollback: result, residue as a diff, tables that changed, the ledger."""

from harness.report.html.markup import Markup, join, pairs, section, status, table, tag
from harness.report.view import View
from harness.report.view.model import DiffLine

_SIGNS = {"-": "minus", "+": "plus", " ": "context"}


def render(view: View) -> Markup:
    """What came back and what did not."""
    back = view.rollback
    parts: list[object] = [tag("p", status(back.status, back.result), " ", back.sentence, class_="result")]
    if back.facts:
        parts.append(pairs(back.facts))
    if back.diff:
        parts += [tag("h3", "Residue"), _diff(back.diff)]
    if back.tables:
        head = (("Table", "grow"), ("Rows before", "num"), ("Rows after", "num strong"))
        parts += [tag("h3", "Tables that are not as before"), table(head, back.tables, label="Changed tables")]
    if back.ledger:
        parts += [tag("h3", "Ledger of acknowledged writes"), pairs(back.ledger)]
    return section("rollback", "Rollback", *parts)


def _diff(lines: tuple[DiffLine, ...]) -> Markup:
    rows = [tag("span", f"{line.sign} {line.text}", class_=_SIGNS[line.sign]) for line in lines]
    caption = tag("p", "− was there before, + is there after going up and down", class_="lead")
    return join([caption, tag("pre", tag("code", join(rows, "\n")), class_="diff", tabindex="0")])
