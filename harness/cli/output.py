"""What a command prints: the result on stdout in the format asked for, and the files asked for."""

import os
import sys
from enum import StrEnum
from pathlib import Path

import typer

from harness.cli.conclude import Conclusion
from harness.model.errors import SpecError
from harness.report.junit import render_junit
from harness.report.markdown import render_markdown
from harness.report.rehearsal_json import render_json
from harness.report.sarif import render_sarif
from harness.report.terminal import render_brief, render_terminal

DEFAULT_WIDTH = 100


class Format(StrEnum):
    """What is printed on stdout."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


def width() -> int:
    """COLUMNS, else the terminal's, else 100."""
    if (columns := os.environ.get("COLUMNS", "")).isdigit():
        return max(40, int(columns))
    try:
        return max(40, min(DEFAULT_WIDTH, os.get_terminal_size(sys.stdout.fileno()).columns))
    except OSError:
        return DEFAULT_WIDTH


def colour() -> bool:
    """Whether stdout takes colours: a terminal, and NO_COLOR is not set."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def print_result(conclusion: Conclusion, *, format_: Format, quiet: bool, ascii_: bool) -> None:
    """Print one judged run."""
    view = conclusion.view
    if format_ is Format.JSON:
        typer.echo(render_json(view).decode(), nl=False)
    elif format_ is Format.MARKDOWN:
        typer.echo(render_markdown(view), nl=False)
    elif quiet:
        typer.echo(render_brief(view, ascii=ascii_).rstrip("\n"))
    else:
        typer.echo(render_terminal(view, width=width(), ascii=ascii_, color=colour()).rstrip("\n"))
        # A killed run has none until somebody asks for it.
        if (report := conclusion.directory / "report.html").exists():
            typer.echo(f"report  {report}")


def write_files(
    conclusions: list[Conclusion], *, junit: Path | None, sarif: Path | None, markdown: Path | None
) -> None:
    """Write the machine formats asked for, over all runs of the command."""
    views = [conclusion.view for conclusion in conclusions]
    if junit:
        junit.write_bytes(render_junit(views))
    if sarif:
        sarif.write_bytes(render_sarif(views))
    if markdown:
        markdown.write_text("\n".join(render_markdown(view) for view in views), encoding="utf-8")


def check_writable(*paths: Path | None) -> None:
    """Find out before the long work that an output file cannot be written; SpecError names it."""
    for path in paths:
        if path is None:
            continue
        there = path.exists()
        try:
            path.open("ab").close()
            if not there:
                path.unlink()  # nothing lies around when the run does not come to a verdict
        except OSError as error:
            raise SpecError(
                f"cannot be written ({error.strerror})", path=path, hint="name a file in a folder that exists"
            ) from None
