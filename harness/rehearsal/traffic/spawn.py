"""Processes of the harness's own, started so that a terminal's Ctrl-C does not reach them."""

import signal
from multiprocessing import resource_tracker
from multiprocessing.context import SpawnProcess

# What a terminal sends to its whole process group; the conductor ends its processes in order. SIGTERM stays: it is how
# multiprocessing ends what is left at the exit of the conductor's process.
_OF_THE_TERMINAL = frozenset({signal.SIGINT, signal.SIGHUP})


def start_shielded(process: SpawnProcess) -> None:
    """Start `process` with those signals blocked from its first instruction: a new process inherits what is blocked.

    Ignoring them in its main function would leave the second that a fresh interpreter takes to import it.
    """
    # Started by the first spawn otherwise, it would unblock SIGINT at its own beginning.
    resource_tracker.ensure_running()
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, _OF_THE_TERMINAL)
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
