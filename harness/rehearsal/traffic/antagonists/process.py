"""The conductor's handle on the antagonists' process."""

import multiprocessing
import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Final

from harness.events.traffic import AntagonistActed
from harness.model.clock import RunClock
from harness.model.errors import HarnessError, SandboxError
from harness.model.units import NS_PER_S
from harness.rehearsal.traffic.antagonists.child import antagonist_process
from harness.rehearsal.traffic.antagonists.orders import (
    Aim,
    Begin,
    End,
    InPlace,
    Left,
    MigrationAnnounced,
    Ready,
    Refused,
)
from harness.rehearsal.traffic.antagonists.plan import Antagonist, Placed
from harness.rehearsal.traffic.spawn import start_shielded

# An anti-wraparound vacuum is prepared in a second or two; each further one takes as long again.
_START_TIMEOUT_S: Final = 60.0
_END_TIMEOUT_S: Final = 15.0
# An autovacuum worker comes within its naptime, a reader at once; what still waits then waits for something else.
_IN_PLACE_TIMEOUT_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class Aimed:
    """Antagonists that were told to act before some statements.

    `lead_ns` is how long the statements are to wait from now on; `missing` says who is not in place, and why.
    """

    lead_ns: int
    missing: tuple[str, ...]


class AntagonistProcess:
    """Start, begin, announce migrations, aim, collect what was done, stop or kill."""

    def __init__(self, antagonists: tuple[Antagonist, ...], *, conninfo: str, clock: RunClock) -> None:
        self._antagonists = antagonists
        self._conninfo = conninfo
        self._clock = clock
        self._worker: SpawnProcess | None = None
        self._control: Connection | None = None
        self._stood: set[tuple[int, str]] = set()

    @property
    def lead_ns(self) -> int:
        """How long before the migration the earliest `before_migration` begins; 0 where none asks for it."""
        return max((a.before_ns for a in self._antagonists if a.placed is Placed.MIGRATION), default=0)

    def start(self) -> None:
        """Connect and prepare every antagonist, nothing else yet; SandboxError where the server refuses one."""
        if not self._antagonists:
            return
        context = multiprocessing.get_context("spawn")
        self._control, theirs = context.Pipe()
        self._worker = context.Process(
            target=antagonist_process,
            args=(self._antagonists, self._conninfo, self._clock, theirs),
            name="rehearse-antagonists",
            daemon=True,
        )
        start_shielded(self._worker)
        theirs.close()
        try:
            self._await_ready(self._control)
        except HarnessError:
            self.kill()
            raise

    def _await_ready(self, control: Connection) -> None:
        said: object = None
        with suppress(EOFError, OSError):  # gone without a word is as good as silence
            said = control.recv() if control.poll(_START_TIMEOUT_S) else None
        if isinstance(said, Refused):
            raise SandboxError(f"antagonists cannot start: {said.message}")
        if not isinstance(said, Ready):
            raise SandboxError(f"antagonists were not ready within {_START_TIMEOUT_S:.0f} s")

    def begin(self, *, at_ns: int) -> None:
        """The baseline begins at `at_ns` (ns since run start): `start` and `every` count from there."""
        self._send(Begin(at_ns))

    def announce_migration(self, *, at_ns: int) -> None:
        """The migration will start at `at_ns`, at least `lead_ns` from now: those with `before_migration` act once."""
        self._send(MigrationAnnounced(at_ns))

    def aims_at(self, statements: Collection[str]) -> dict[int, str]:
        """Who wants to act before which of these statements, by number; each once, also when they are retried."""
        wanted: dict[int, str] = {}
        for number, antagonist in enumerate(self._antagonists):
            ids = [s for s in statements if s in antagonist.aims and (number, s) not in self._stood]
            if ids:
                wanted[number] = ", ".join(ids)
                self._stood.update((number, s) for s in ids)
        return wanted if self._control is not None else {}

    def aim(self, wanted: dict[int, str]) -> Aimed:
        """Let these act (see `aims_at`); returns when all are in place, or will not be."""
        self._send(Aim(wanted))
        said = self._await_in_place(set(wanted))
        missing = [
            f"{self._antagonists[number].kind.value} before {before}: {reason}"
            for number, before in wanted.items()
            if (reason := _missing(said.get(number)))
        ]
        return Aimed(max(self._antagonists[number].before_ns for number in wanted), tuple(missing))

    def _await_in_place(self, numbers: set[int]) -> dict[int, InPlace]:
        said: dict[int, InPlace] = {}
        # One that still holds from an earlier aim acts anew after that.
        holding_s = max(self._antagonists[number].hold_ns for number in numbers) / NS_PER_S
        deadline = time.monotonic() + holding_s + _IN_PLACE_TIMEOUT_S
        with suppress(EOFError, OSError):  # one that died is told by stop()
            while numbers - said.keys() and self._control is not None:
                if not self._control.poll(max(0.0, deadline - time.monotonic())):
                    break
                message = self._control.recv()
                if isinstance(message, InPlace):
                    said[message.number] = message
        return said

    def stop(self) -> tuple[AntagonistActed, ...]:
        """End every session and the process; what each did, in order of its start. SandboxError where it died."""
        worker, control = self._worker, self._control
        if worker is None or control is None:
            return ()
        self._send(End())
        left: Left | None = None
        with suppress(EOFError, OSError):  # told as SandboxError below
            while left is None and control.poll(_END_TIMEOUT_S):
                message = control.recv()  # an aimed one's late word may come first
                left = message if isinstance(message, Left) else None
        self.kill()
        if left is None:
            raise SandboxError("the antagonists' process died or stopped answering; what it held is not known")
        return tuple(sorted(left.acted, key=lambda action: action.start_ns))

    def kill(self) -> None:
        """End the process at once; the server ends its sessions. Safe to call twice."""
        if self._worker is not None:
            self._worker.kill()
            self._worker.join()
        if self._control is not None:
            self._control.close()
        self._worker = self._control = None

    def _send(self, order: object) -> None:
        if self._control is not None:
            with suppress(OSError):  # a process that died is found by stop()
                self._control.send(order)


def _missing(said: InPlace | None) -> str:
    """Why an antagonist is not in place, "" when it is."""
    if said is None:
        return "it waits for something itself"
    return f"it failed ({said.sqlstate or 'it was over at once'})" if said.sqlstate else ""
