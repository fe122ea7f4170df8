"""The entry point: signals first, then the commands, and every ending mapped to its exit code in one place."""

import os
import sys
import traceback
from pathlib import Path

from harness.cli import interrupts
from harness.model.errors import HarnessError
from harness.model.redaction import mask_credentials

EXIT_INTERRUPTED = 130
EXIT_ENVIRONMENT = 4


def main() -> None:
    """Run the command line; whatever ends it is one message on stderr and an exit code, never a traceback."""
    interrupts.install()
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a sign gets a question mark, not a crash.
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        # Imported here: it takes a moment, in which Ctrl-C must not print a traceback.
        from harness.cli.commands import command_line

        command_line(next(iter(sys.argv[1:]), ""))()
    except BaseException as error:  # noqa: BLE001 - every ending, also Typer's own SystemExit
        interrupts.ignore()
        code, message = _ending(error)
        _say(message)
        sys.exit(code)


def _ending(error: BaseException) -> tuple[int, str]:
    """The exit code and the last word. Typer wraps Ctrl-C and a broken pipe in a SystemExit of its own."""
    if interrupts.is_interruption(error):
        return EXIT_INTERRUPTED, _clean_up()
    if isinstance(error, BrokenPipeError) or isinstance(error.__context__, BrokenPipeError):
        return 0, ""
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else int(error.code is not None), ""
    if isinstance(error, HarnessError):
        return error.exit_code, f"error: {error}"
    # Exit code 1 would say that a migration failed.
    return EXIT_ENVIRONMENT, f"error: {describe_crash(error)}"


def _say(message: str) -> None:
    """Say it, if anybody still reads."""
    try:
        sys.stderr.write(mask_credentials(message) + "\n" if message else "")
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        # The reader of our output went away; what Python would flush at its exit goes nowhere.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for descriptor in (1, 2):
            os.dup2(nowhere, descriptor)


def _clean_up() -> str:
    """Remove what an interruption at a bad moment left, and say how it went."""
    from harness.cli.places import state_home
    from harness.sandbox.collect import collect_everything

    try:
        collect_everything(state_home(), ours=True)
    except (HarnessError, OSError) as error:
        return f"interrupted; something could not be removed ({error}): rehearse gc removes it"
    return "interrupted: everything that was started has been removed"


def describe_crash(error: BaseException) -> str:
    """What went wrong and where, without the values that messages quote, for the maintainers of this program.

    >>> describe_crash(ValueError("anna@example.org"))
    'this should not happen: ValueError'
    >>> describe_crash(PermissionError(13, "Permission denied", "reports/x"))
    'reports/x: Permission denied'
    """
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    frames = [f"    {Path(f.filename).name}:{f.lineno} {f.name}" for f in traceback.extract_tb(error.__traceback__)]
    state = getattr(error, "sqlstate", None)
    return "\n".join([f"this should not happen: {type(error).__name__}" + (f" ({state})" if state else ""), *frames])
