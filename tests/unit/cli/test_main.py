"""Every ending has its exit code and one message."""

from pathlib import Path

import psycopg
import pytest

from harness.cli import interrupts, main
from harness.model.errors import HarnessError, JournalError, SandboxError, SpecError


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (
            SpecError("is wrong", path="s.toml", key="a.b", hint="do it"),
            2,
            "error: s.toml: a.b: is wrong\n  hint: do it",
        ),
        (SandboxError("no engine"), 4, "error: no engine"),
        (JournalError("cut"), 4, "error: cut"),
        (SystemExit(3), 3, ""),
        (SystemExit(None), 0, ""),
        (BrokenPipeError(32, "Broken pipe"), 0, ""),
        (OSError(28, "No space left on device"), 4, "error: No space left on device"),
        (PermissionError(13, "Permission denied", "x/y"), 4, "error: x/y: Permission denied"),
        (ValueError("anna@example.org"), 4, "error: this should not happen: ValueError"),
        (
            psycopg.errors.UniqueViolation("Key (email)=(a@b.c)"),
            4,
            "error: this should not happen: UniqueViolation (23505)",
        ),
    ],
)
def test_ending(error: BaseException, code: int, said: str) -> None:
    assert main._ending(error) == (code, said)


def test_an_interruption_is_told_however_it_was_wrapped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REHEARSE_HOME", str(tmp_path))
    code, said = main._ending(_wrapped(KeyboardInterrupt()))
    assert code == 130
    assert said == "interrupted: everything that was started has been removed"


def _wrapped(first: BaseException) -> BaseException:
    """As Typer does."""
    ending = SystemExit(130)
    ending.__context__ = RuntimeError("Exit")
    ending.__context__.__context__ = first
    return ending


def test_while_one_is_dealt_with_no_other_is_raised() -> None:
    done = []
    try:
        interrupts._break_off(2, None)
    except KeyboardInterrupt:
        interrupts._break_off(2, None)
        try:
            Path("/no/such/file").unlink()
        except OSError:
            interrupts._break_off(15, None)
        done.append("cleaned up")
    assert done == ["cleaned up"]


def test_an_error_is_not_an_interruption() -> None:
    assert not interrupts.is_interruption(None)
    assert not interrupts.is_interruption(_wrapped(HarnessError("x")))
