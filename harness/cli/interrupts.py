"""Ctrl-C, SIGTERM and a closed terminal: each breaks off what runs, and nothing breaks off the cleaning up."""

import signal
import sys
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What a terminal, a supervisor or a closed window sends to end a program in good order."""


def install() -> None:
    """From now on each of these signals raises KeyboardInterrupt, except while one is being dealt with already.

    One that the caller ignores (nohup, a shell's background job) stays ignored.
    """
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _break_off)


def ignore() -> None:
    """From now on none of them does anything: the process is ending anyway."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _break_off(_number: int, _frame: FrameType | None) -> None:
    # An impatient second Ctrl-C arrives while the first unwinds; raised again, it would leave servers behind.
    if not is_interruption(sys.exception()):
        raise KeyboardInterrupt


def is_interruption(error: BaseException | None) -> bool:
    """Whether `error`, or what was being dealt with when it was raised, is a KeyboardInterrupt."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return True
        error = error.__context__
    return False
