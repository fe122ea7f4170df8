"""10 · Whether the figures can be trusted: the run's own quality and the noise floor."""

from harness.report.html.markup import Markup, pairs, section, status, table, tag
from harness.report.view import View

_HEAD = (("", "state"), ("Aspect", "grow"), ("Needed", "num"), ("Found", "num strong"), ("What to do", "soft"))


def render(view: View) -> Markup:
    """Each aspect with its threshold; then the noise floor; then what was noted about this run."""
    body: list[Markup] = []
    if view.trust.rows:
        rows = [(status(r.status), r.label, r.limit, r.found, r.note) for r in view.trust.rows]
        keep = [i for i, (name, _) in enumerate(_HEAD) if name != "What to do" or any(row[i] for row in rows)]
        cells = [[row[i] for i in keep] for row in rows]
        body.append(table([_HEAD[i] for i in keep], cells, label="Quality of this run", class_="stack"))
    if view.trust.noise:
        body += [tag("h3", "Noise floor"), pairs(view.trust.noise)]
    if view.quality:
        notes = [
            tag("li", status(value), " ", text, tag("span", f" {remedy}", class_="soft") if remedy else "")
            for value, text, remedy in view.quality
        ]
        body += [tag("h3", "Noted during the run"), tag("ul", *notes, class_="plain")]
    if not body:
        return Markup()
    lead = "A figure is held against a limit only as far as it rises above what differs where nothing migrates."
    return section("trust", "Can these figures be trusted?", *body, lead=lead)
