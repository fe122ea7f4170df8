"""`rehearse judge` and `rehearse report`: the verdict and the reports from a run directory alone."""

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.conclude import conclude
from harness.cli.output import Format, check_writable, print_result, write_files
from harness.cli.run import Ascii, FormatOption, JUnit, Markdown, Quiet, Sarif, Strict

RunDirectoryArgument = Annotated[Path, typer.Argument(help="A run directory, like reports/latest.")]


def judge_run(
    run: RunDirectoryArgument,
    format_: FormatOption = Format.TEXT,
    junit: JUnit = None,
    sarif: Sarif = None,
    markdown: Markdown = None,
    strict: Strict = False,
    quiet: Quiet = False,
    ascii_: Ascii = False,
) -> None:
    """Judge a run again, as today's rules do, without touching its directory; the exit code is the verdict."""
    check_writable(junit, sarif, markdown)
    conclusion = conclude(run, write=False)
    print_result(conclusion, format_=format_, quiet=quiet, ascii_=ascii_)
    write_files([conclusion], junit=junit, sarif=sarif, markdown=markdown)
    raise typer.Exit(conclusion.verdict.exit_code(strict=strict))


def report_run(run: RunDirectoryArgument, format_: FormatOption = Format.TEXT, ascii_: Ascii = False) -> None:
    """Make every report of a run again, in its directory; exit 0 whatever the verdict."""
    conclusion = conclude(run, write=True)
    print_result(conclusion, format_=format_, quiet=False, ascii_=ascii_)
