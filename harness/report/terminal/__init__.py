"""The report on a terminal, as one text."""

from harness.report.terminal.render import render_brief, render_terminal

__all__ = ["render_brief", "render_terminal"]
