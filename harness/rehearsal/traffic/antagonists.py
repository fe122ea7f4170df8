"""Antagonists of a scenario: the conductor's plan of them, and its handle on their process."""

import multiprocessing
from contextlib import suppress
from difflib import get_close_matches
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Final

from harness.events.traffic import AntagonistActed
from harness.model.clock import RunClock
from harness.model.errors import HarnessError, SandboxError, SpecError
from harness.model.units import parse_duration
from harness.rehearsal.traffic.antagonist_sessions import (
    Antagonist,
    AntagonistKind,
    AntagonistsReady,
    AntagonistsRefused,
    BeginAntagonists,
    EndAntagonists,
    MigrationAnnounced,
    antagonist_process,
)
from harness.rehearsal.traffic.spawn import start_shielded
from harness.spec.scenario import AntagonistSpec, TrafficSpec

_START_TIMEOUT_S: Final = 30.0
_END_TIMEOUT_S: Final = 10.0


def plan_antagonists(traffic: TrafficSpec, *, path: Path) -> tuple[Antagonist, ...]:
    """The antagonists of [traffic]; SpecError for an unknown kind, or one that lacks its table or its sql."""
    return tuple(_antagonist(spec, f"traffic.antagonist[{i}]", path) for i, spec in enumerate(traffic.antagonist))


def _antagonist(spec: AntagonistSpec, key: str, path: Path) -> Antagonist:
    kinds = [kind.value for kind in AntagonistKind]
    if spec.kind not in kinds:
        near = get_close_matches(spec.kind, kinds, n=1)
        hint = f"did you mean {near[0]}?" if near else f"the kinds are {', '.join(kinds)}"
        raise SpecError(f"unknown kind {spec.kind!r}", path=path, key=f"{key}.kind", hint=hint)
    kind = AntagonistKind(spec.kind)
    if kind is AntagonistKind.SQL and not spec.sql:
        raise SpecError("kind sql needs `sql`", path=path, key=key, hint='sql = "SELECT …"')
    if kind is not AntagonistKind.SQL and not spec.table:
        raise SpecError(f"kind {spec.kind} needs `table`", path=path, key=key, hint='table = "orders"')
    before = parse_duration(spec.before_migration) if spec.before_migration else None
    return Antagonist(
        kind=kind,
        table=spec.table,
        sql=spec.sql,
        start_ns=parse_duration(spec.start),
        every_ns=parse_duration(spec.every),
        hold_ns=parse_duration(spec.hold),
        before_migration_ns=before,
    )


class AntagonistProcess:
    """The antagonists' process: start, begin, announce migrations, collect what they did, stop or kill."""

    def __init__(self, antagonists: tuple[Antagonist, ...], *, conninfo: str, clock: RunClock) -> None:
        self._antagonists = antagonists
        self._conninfo = conninfo
        self._clock = clock
        self._worker: SpawnProcess | None = None
        self._control: Connection | None = None

    @property
    def lead_ns(self) -> int:
        """How long before the migration the earliest `before_migration` begins; 0 where none asks for it."""
        return max((a.before_migration_ns or 0 for a in self._antagonists), default=0)

    def start(self) -> None:
        """Connect every antagonist, nothing else yet; SandboxError where the server refuses one."""
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
        if isinstance(said, AntagonistsRefused):
            raise SandboxError(f"antagonists cannot start: {said.message}")
        if not isinstance(said, AntagonistsReady):
            raise SandboxError(f"antagonists were not ready within {_START_TIMEOUT_S:.0f} s")

    def begin(self, *, at_ns: int) -> None:
        """The baseline begins at `at_ns` (ns since run start): `start` and `every` count from there."""
        self._send(BeginAntagonists(at_ns))

    def announce_migration(self, *, at_ns: int) -> None:
        """The migration will start at `at_ns`, at least `lead_ns` from now: those with `before_migration` act once."""
        self._send(MigrationAnnounced(at_ns))

    def stop(self) -> tuple[AntagonistActed, ...]:
        """End every session and the process; what each did, in order of its start. SandboxError where it died."""
        worker, control = self._worker, self._control
        if worker is None or control is None:
            return ()
        self._send(EndAntagonists())
        acted: list[AntagonistActed] | None = None
        with suppress(EOFError, OSError):  # told as SandboxError below
            acted = control.recv() if control.poll(_END_TIMEOUT_S) else None
        self.kill()
        if acted is None:
            raise SandboxError("the antagonists' process died or stopped answering; what it held is not known")
        return tuple(sorted(acted, key=lambda action: action.start_ns))

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
