"""The page: head, sections in order, scripts at the end."""

from importlib.resources import files

from harness.report.html.markup import Markup, esc, join, tag
from harness.report.html.sections import (
    budgets,
    findings,
    limits,
    matrix,
    numbers,
    operations,
    opinion,
    queue,
    remedy,
    reproduce,
    rollback,
    statements,
    timeline,
    trust,
    verdict,
    workload,
)
from harness.report.view import View

_SECTIONS = (
    numbers,
    budgets,
    timeline,
    findings,
    remedy,
    statements,
    queue,
    operations,
    workload,
    rollback,
    matrix,
    opinion,
    trust,
    limits,
    reproduce,
)

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline' 'unsafe-eval'; img-src data:"
"""The browser itself refuses any request; Vega compiles its expressions, which needs unsafe-eval."""


def render_html(view: View) -> bytes:
    """The whole report as one UTF-8 file of under 1.5 MB."""
    title = f"{view.verdict_word}: {view.sentence}"
    parts = [
        "<!doctype html>\n",
        f'<html lang="en" class="no-js">\n<head>\n<meta charset="utf-8">\n<title>{esc(title)}</title>\n',
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n',
        f'<meta http-equiv="Content-Security-Policy" content="{esc(_POLICY)}">\n',
        '<meta name="color-scheme" content="light dark">\n<link rel="icon" href="data:,">\n',
        f"<style>\n{_asset('palette.css')}{_asset('page.css')}{_asset('timeline.css')}</style>\n",
        '<script>document.documentElement.className="js"</script>\n</head>\n<body>\n',
        _body(view),
        timeline.scripts(view),
        f"<script>\n{_asset('page.js')}</script>\n</body>\n</html>\n",
    ]
    return "".join(parts).encode()


def _body(view: View) -> Markup:
    main = tag("main", *(part.render(view) for part in _SECTIONS), class_="wrap")
    foot = tag("footer", tag("div", view.header, class_="wrap"))
    skip = tag("a", "Skip to the findings", href="#findings", class_="skip")
    return join([skip, verdict.render(view), _contents(view), main, foot, "\n"])


def _contents(view: View) -> Markup:
    """Links to the sections that are there."""
    names = [
        ("budgets", "Budgets"),
        ("timeline", "Timeline"),
        ("findings", "Findings"),
        *([("remedy", "Safer migration")] if view.remedy else []),
        ("statements", "Statements"),
        *([("queue", "Queue")] if view.facts.queue_probes else []),
        ("operations", "Operations"),
        *([("workload", "Workload")] if view.workload else []),
        ("rollback", "Rollback"),
        *([("versions", "Versions")] if view.matrix else []),
        *([("opinion", "Second opinion")] if view.opinion else []),
        *([("trust", "Trust")] if view.trust.rows or view.trust.noise or view.quality else []),
        ("not-proven", "Not proven"),
        ("reproduce", "Reproduce"),
    ]
    links = [tag("a", text, href=f"#{id_}") for id_, text in names]
    return tag("nav", tag("div", *links, class_="wrap"), class_="contents", aria_label="Sections")


def _asset(name: str) -> str:
    return files("harness.report.html").joinpath("assets", name).read_text(encoding="utf-8")
