"""12 · How to repeat the run, and the files beside this one."""

from harness.report.html.markup import Markup, copyable, pairs, section, tag
from harness.report.view import View


def render(view: View) -> Markup:
    """Command, seed, digests, settings, versions, links."""
    files = tag(
        "p",
        "Beside this file: ",
        tag("a", "events.ndjson", href="events.ndjson"),
        " · ",
        tag("a", "rehearsal.json", href="rehearsal.json"),
    )
    return section("reproduce", "Reproduce", copyable(view.command, "the command"), pairs(view.reproduce), files)
