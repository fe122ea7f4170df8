"""The `rehearse` command: every sub-command in one place, and errors mapped to exit codes once."""

import os
import signal
import sys
from types import FrameType

import typer

from harness import __version__
from harness.cli import demo, doctor, init, knowledge, plan, reports, run
from harness.model.errors import HarnessError
from harness.model.redaction import mask_credentials

EXIT_INTERRUPTED = 130

app = typer.Typer(
    name="rehearse",
    help="Rehearse PostgreSQL migrations on production-like data while simulated application traffic runs.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("run")(run.run)
app.command("demo")(demo.demo)
app.command("init")(init.init)
app.command("check")(plan.check)
app.command("judge")(reports.judge_run)
app.command("report")(reports.report_run)
app.command("explain")(knowledge.explain)
app.command("hazards")(knowledge.hazards)
app.command("doctor")(doctor.doctor)
app.command("gc")(doctor.gc)


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"rehearse {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    _version: bool = typer.Option(False, "--version", callback=_say_version, is_eager=True, help="Say the version."),
) -> None:
    """Options of every sub-command."""


def main() -> None:
    """Run the command line; a HarnessError is one message on stderr and its own exit code, never a traceback."""
    signal.signal(signal.SIGTERM, _as_interrupt)
    try:
        app(standalone_mode=True)
    except HarnessError as error:
        typer.echo(mask_credentials(f"error: {error}"), err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        typer.echo("interrupted: everything that was started has been removed", err=True)
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:
        # The reader of our output went away (`rehearse hazards | head`); what is left to flush goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def _as_interrupt(_signal: int, _frame: FrameType | None) -> None:
    """SIGTERM ends a run as Ctrl-C does."""
    raise KeyboardInterrupt
