"""5 · Findings, each with its place in the file, its blocking chain and something to paste."""

from collections.abc import Sequence

from harness.report.html.markup import Markup, copyable, join, section, status, tag
from harness.report.view import View
from harness.report.view.model import ChainLink, ChainView, FindingView


def render(view: View) -> Markup:
    """All findings; notes and accepted ones are folded."""
    if not view.findings:
        said = "No hazard was found." if view.statements else "No statement was run, so no hazard was looked for."
        return section("findings", "Findings", tag("p", said, class_="empty"))
    items = [_finding(number, finding) for number, finding in enumerate(view.findings, start=1)]
    return section("findings", "Findings", *items)


def _finding(number: int, finding: FindingView) -> Markup:
    word = finding.level if finding.accepted is None else "accepted"
    badge = tag("span", status(finding.status, word), " ", tag("code", finding.id), class_="badge")
    where = " · ".join(part for part in (finding.statement, finding.hazard, finding.relation) if part)
    head = [tag("h3", badge, " ", tag("span", finding.title)), tag("p", where, class_="where")]
    body = [_excerpt(finding), _chain(finding.chain), _facts(finding), _help(finding, number), _foot(finding)]
    id_, class_ = f"finding-{number}", f"finding {finding.status.value}"
    if finding.level == "note" or finding.accepted is not None:
        return tag("details", tag("summary", *head), *body, id=id_, class_=class_)
    return tag("article", *head, *body, id=id_, class_=class_)


def _excerpt(finding: FindingView) -> Markup:
    if not finding.location:
        return Markup()
    numbered = [
        tag("span", tag("i", str(number)), tag("span", text), class_="line")
        for number, text in enumerate(finding.excerpt.splitlines(), start=finding.line)
    ]
    source = tag("pre", tag("code", join(numbered, "\n")))
    marker = tag("figcaption", finding.marker, class_="marker") if finding.marker else ""
    place = tag("p", finding.location, class_="location")
    return tag("figure", place, source, marker, class_="excerpt")


def _chain(chain: ChainView) -> Markup:
    """Root blockers, migration, actors: who waits stands below and to the right of whom it waits for."""
    if not chain.links:
        return Markup()
    head = tag("h4", "Blocking chain ", tag("small", chain.moment))
    lines = tag("ol", *(_link(chain.links, number) for number in range(len(chain.links))), class_="chain")
    shares = [tag("li", text) for text in chain.shares]
    paid = [tag("h4", "Who waited for it, in all"), tag("ul", *shares, class_="shares")] if shares else []
    return tag("div", head, lines, *paid)


def _link(links: Sequence[ChainLink], number: int) -> Markup:
    link = links[number]
    query = [tag("code", link.query)] if link.query else []
    above = next((one.who for one in reversed(links[:number]) if one.depth < link.depth), "")
    arrow = [tag("span", f"waits for {above}", class_="arrow")] if above else []
    return tag(
        "li",
        *arrow,
        tag("strong", link.who),
        tag("span", link.what),
        *query,
        class_=f"link {link.role}",
        style=f"--depth:{link.depth}",
    )


def _facts(finding: FindingView) -> Markup:
    rows = []
    if finding.evidence:
        rows.append(tag("div", tag("dt", "Evidence"), *(tag("dd", text) for text in finding.evidence)))
    if finding.impact:
        rows.append(tag("div", tag("dt", "Impact"), tag("dd", finding.impact)))
    if finding.accepted is not None:
        rows.append(tag("div", tag("dt", "Accepted"), tag("dd", finding.accepted)))
    return tag("dl", *rows, class_="facts") if rows else Markup()


def _help(finding: FindingView, number: int) -> Markup:
    if not finding.remedy:
        return Markup()
    return tag("div", tag("h4", "Help"), copyable(finding.remedy, f"the remedy of finding {number}"))


def _foot(finding: FindingView) -> Markup:
    parts: list[object] = [tag("code", finding.explain)]
    if finding.from_s is not None and finding.to_s is not None:
        link = tag(
            "a",
            "Show on the timeline",
            href="#timeline",
            class_="show",
            data_from=f"{finding.from_s:g}",
            data_to=f"{finding.to_s:g}",
        )
        parts += [" · ", link]
    return tag("p", *parts, class_="foot")
