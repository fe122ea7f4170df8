"""1 · The verdict band with the one sentence."""

from harness.report.html.markup import Markup, tag
from harness.report.view import View


def render(view: View) -> Markup:
    """The band: word, sentence, counts, and what was rehearsed."""
    mark = tag("span", view.status.mark, class_="mark", aria_hidden="true")
    word = tag("p", mark, tag("span", view.verdict_word), class_="word")
    about = tag("p", tag("strong", view.scenario), f" · {view.description}" if view.description else "", class_="about")
    return tag(
        "header",
        tag("div", word, tag("h1", view.sentence), tag("p", view.summary, class_="summary"), about, class_="wrap"),
        id="verdict",
        class_=f"band-verdict {view.status.value}",
    )
