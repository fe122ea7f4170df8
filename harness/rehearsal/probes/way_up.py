"""The migration's way up in a thread of its own, on a clone that is thrown away: what it is at, and how it ended."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from harness.events.codec import AnyEvent
from harness.events.migration import StatementEnded, StatementStarted
from harness.model.words import Direction, Pass
from harness.postgres.ports import Server
from harness.rehearsal.migration.hook import Ahead, StatementHook, go_on
from harness.rehearsal.migration.runner import RunOutcome
from harness.rehearsal.migrator import Migrator, migrator
from harness.rehearsal.stage import Stage

# Cancelling rolls back what was done; a way up that does not end by then dies with its server.
_JOIN_S = 20.0


@dataclass(slots=True, kw_only=True)
class WayUp:
    """Starts, is watched, and is cancelled; its events go nowhere else. `ahead` and `hook` as of the runner."""

    stage: Stage
    server: Server
    ahead: Ahead = go_on
    hook: StatementHook | None = None
    on_end: Callable[[StatementEnded], None] | None = None
    current: StatementStarted | None = None
    """The statement under way."""
    last: StatementStarted | None = None
    ended: list[StatementEnded] = field(default_factory=list)
    outcome: RunOutcome | None = None
    error: BaseException | None = None
    _change: Migrator | None = None
    _thread: threading.Thread | None = None
    _stopped: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread = threading.Thread(target=self._run, name="way up", daemon=True)
        self._thread.start()

    @property
    def runs(self) -> bool:
        """Whether it is under way."""
        return self._thread is not None and self._thread.is_alive()

    def end_of(self, statement: str) -> StatementEnded | None:
        """The first end of a statement, None where it has not ended."""
        return next((one for one in list(self.ended) if one.statement == statement), None)

    def stop(self) -> None:
        """Cancel what is left of it, and wait for its end."""
        self._stopped.set()
        if self._change is not None and self.runs:
            self._change.cancel()
        if self._thread is not None:
            self._thread.join(timeout=_JOIN_S)

    def _run(self) -> None:
        try:
            plan = self.stage.pending(self.server)
            with migrator(
                self.stage,
                self.server,
                plan=plan,
                pass_=Pass.PROBE,
                hook=self.hook,
                ahead=self.ahead,
                sink=self._take,
            ) as change:
                self._change = change
                if not self._stopped.is_set():
                    self.outcome = change.run(Direction.UP)
        except BaseException as error:  # noqa: BLE001 - told to the thread that watches, which raises it
            self.error = error

    def _take(self, event: AnyEvent) -> None:
        match event:
            case StatementStarted():
                self.current = self.last = event
            case StatementEnded():
                self.current = None
                self.ended.append(event)
                if self.on_end is not None:
                    self.on_end(event)
            case _:
                pass
