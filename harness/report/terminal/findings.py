"""Findings as a compiler shows them: where, what, underlined, then evidence, impact, help, note."""

from collections.abc import Sequence

from harness.report.terminal.canvas import Canvas, columns
from harness.report.view.model import ChainLink, ChainView, FindingView

_MOST_LINES = 6
"""A longer statement is in the file; its beginning is enough to recognise it."""

_KEYWORD = 10


def finding_lines(finding: FindingView, canvas: Canvas) -> list[str]:
    """All lines of one finding."""
    head = f"{finding.level}[{finding.id}]"
    if finding.accepted is not None:
        head = f"accepted {head}"
    title = canvas.wrap(f"{head} {finding.title}", canvas.width)
    lines = [canvas.bold(canvas.paint(title[0], finding.status)), *title[1:]]
    lines += _excerpt(finding, canvas)
    gutter = " " * len(str(max(finding.line, 1)))
    paragraphs = [("evidence", text) for text in finding.evidence]
    paragraphs += [("impact", finding.impact)] if finding.impact else []
    paragraphs += [("accepted", finding.accepted)] if finding.accepted is not None else []
    paragraphs += [("help", finding.remedy)] if finding.remedy else []
    lines += _chain(finding.chain, canvas, gutter)
    shown = ""
    for keyword, text in paragraphs:
        lines += _paragraph(keyword, text, canvas, gutter, first=keyword != shown)
        shown = keyword
    return [*lines, f"{gutter} {canvas.text('╰')} {'note':<{_KEYWORD - 1}} {canvas.text(finding.explain)}"]


def _excerpt(finding: FindingView, canvas: Canvas) -> list[str]:
    if not finding.location:
        return []
    source = finding.excerpt.splitlines()
    gutter = len(str(finding.line + min(len(source), _MOST_LINES) - 1)) if source else 1
    lines = [" " * gutter + " " + canvas.text("╭▸ ") + canvas.fit(finding.location, canvas.width - gutter - 4).rstrip()]
    room = canvas.width - gutter - 3
    longest = 0
    for number, text in enumerate(source[:_MOST_LINES], start=finding.line):
        shown = _cut(text, room, canvas)
        longest = max(longest, columns(shown))
        lines.append(f"{number:>{gutter}} {canvas.text('│')} {shown}".rstrip())
    if len(source) > _MOST_LINES:
        lines.append(f"{'':>{gutter}} {canvas.text('│ … and')} {len(source) - _MOST_LINES} more lines")
    return lines + _marker(finding, canvas, gutter, longest, room)


def _cut(text: str, room: int, canvas: Canvas) -> str:
    """A source line with its indentation, cut where it does not fit."""
    indent = text[: len(text) - len(text.lstrip())].expandtabs(4)
    return indent[: room // 2] + canvas.fit(text.strip(), room - len(indent[: room // 2])).rstrip()


def _marker(finding: FindingView, canvas: Canvas, gutter: int, longest: int, room: int) -> list[str]:
    """The underline with what is said about it, on the same line where it fits."""
    if not longest:
        return []
    bar = f"{'':>{gutter}} {canvas.text('│')} "
    stroke = canvas.text("━" * longest)
    said = canvas.wrap(finding.marker, room)
    if len(said) == 1 and longest + 1 + columns(said[0]) <= room:
        return [bar + canvas.paint(f"{stroke} {said[0]}".rstrip(), finding.status)]
    return [bar + canvas.paint(stroke, finding.status), *(bar + canvas.paint(line, finding.status) for line in said)]


def _chain(chain: ChainView, canvas: Canvas, gutter: str) -> list[str]:
    """The blocking chain as a tree, each session's query below it, then who paid how much."""
    if not chain.links:
        return []
    lines = _paragraph("chain", chain.moment, canvas, gutter, first=True)
    bar = f"{gutter} {canvas.text('│')} {'':<{_KEYWORD}}"
    room = canvas.width - columns(bar)
    for number, link in enumerate(chain.links):
        branch, stem = _branch(chain.links, number)
        first, *rest = canvas.wrap(f"{link.who}  {link.what}", room - len(stem))
        lines += [f"{bar}{canvas.text(branch)}{first}", *(f"{bar}{canvas.text(stem)}{line}" for line in rest)]
        if link.query:
            lines.append(f"{bar}{canvas.text(stem)}{canvas.fit(link.query, room - len(stem)).rstrip()}")
    for share in chain.shares:
        lines += _paragraph("", share, canvas, gutter, first=False)
    return lines


def _branch(links: Sequence[ChainLink], number: int) -> tuple[str, str]:
    """What stands before the first line of a link, and before its other lines."""
    depth = links[number].depth
    stems = ["│  " if _goes_on(links, number, level) else "   " for level in range(1, depth)]
    own = _goes_on(links, number, depth)
    branch = ("├─ " if own else "╰─ ") if depth else ""
    stem = ("│  " if own else "   ") if depth else ""
    below = "│ " if _goes_on(links, number, depth + 1) else "  "
    return "".join(stems) + branch, "".join(stems) + stem + below


def _goes_on(links: Sequence[ChainLink], number: int, level: int) -> bool:
    """Whether another link of that level follows below the same one."""
    return next((link.depth == level for link in links[number + 1 :] if link.depth <= level), False)


def _paragraph(keyword: str, text: str, canvas: Canvas, gutter: str, *, first: bool) -> list[str]:
    lines = canvas.wrap(text, canvas.width - len(gutter) - 3 - _KEYWORD)
    head = f"{gutter} {canvas.text('├' if first else '│')} {keyword if first else '':<{_KEYWORD}}"
    rest = f"{gutter} {canvas.text('│')} {'':<{_KEYWORD}}"
    return [(head if i == 0 else rest) + line for i, line in enumerate(lines)]
