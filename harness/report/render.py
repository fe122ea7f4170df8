"""The files of a run's report, by name."""

from harness.report.html import render_html
from harness.report.rehearsal_json import render_json
from harness.report.view import View


def render_all(view: View) -> dict[str, bytes]:
    """report.html and rehearsal.json; the caller writes them."""
    return {"report.html": render_html(view), "rehearsal.json": render_json(view)}
