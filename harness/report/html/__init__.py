"""report.html: one file that opens from disk, reads well without JavaScript and needs no network."""

from harness.report.html.page import render_html

__all__ = ["render_html"]
