"""2 · The four numbers."""

from harness.report.html.markup import Markup, join, status, tag
from harness.report.view import View


def render(view: View) -> Markup:
    """Four cards."""
    cards = [
        tag(
            "div",
            tag("p", number.label, class_="label"),
            tag("p", number.value, class_="value"),
            tag("p", status(number.status), " ", tag("span", number.detail), class_="detail"),
            class_=f"card {number.status.value}",
        )
        for number in view.numbers
    ]
    return tag("section", join(cards), id="numbers", aria_label="Four numbers", class_="numbers")
