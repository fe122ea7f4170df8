"""The application in a loop: sessions that run its operations one after the other, as fast as the server lets them."""

import re
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Final

import psycopg
from psycopg import pq
from psycopg.pq.abc import PGresult

from harness.events.probes import AppStatement
from harness.model.clock import Clock
from harness.model.units import NS_PER_MS
from harness.rehearsal.execution import DONE, RefusedError, refusal, statements_in_turn, take_row
from harness.rehearsal.probes.app import AppSession, Caller
from harness.spec.pgbench.values import ExpressionError

DEADLOCK: Final = "40P01"
# Who waits for a lock that long may be part of a deadlock; deadlock_timeout is 10 ms here.
_SLOW_NS: Final = 5 * NS_PER_MS
_KEPT_SLOW: Final = 100
_JOIN_S: Final = 10.0
# Of DETAIL: "Process 12 waits for … blocked by process 34." The session asks for English.
_PROCESS: Final = re.compile(r"\bprocess (\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Victim:
    """A session of the application that got 40P01: when, at what, and the backends of the deadlock."""

    at_ns: int
    at: AppStatement
    pids: frozenset[int]


@dataclass(frozen=True, slots=True)
class _Slow:
    start_ns: int
    end_ns: int
    at: AppStatement


@dataclass(slots=True)
class Looper:
    """One session and its thread. `on_victim` is called in that thread."""

    number: int
    session: AppSession
    callers: Sequence[Caller]
    clock: Clock
    on_victim: Callable[[Victim], None]
    random: Random
    executed: int = 0
    pid: int = field(init=False)
    """Its backend's process id."""
    _slow: deque[_Slow] = field(default_factory=lambda: deque(maxlen=_KEPT_SLOW))
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __post_init__(self) -> None:
        self.pid = self.session.pgconn.backend_pid

    @property
    def waits(self) -> int:
        """How many of its statements took their time; call it when all is over."""
        return len(self._slow)

    def start(self) -> None:
        """Begin to loop."""
        self.session.run(b"SET lc_messages = 'C'")
        self._thread = threading.Thread(target=self._run, name=f"looper {self.number}", daemon=True)
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Loop no more; what waits is cancelled."""
        self._stop.set()
        with suppress(psycopg.Error):
            self.session.pgconn.get_cancel().cancel()

    def join(self) -> None:
        """Wait until it has stopped, and close."""
        if self._thread is not None:
            self._thread.join(timeout=_JOIN_S)
        self.session.pgconn.finish()

    def waited_at(self, at_ns: int) -> AppStatement | None:
        """The statement that took its time when something happened at `at_ns`; call it when all is over."""
        return next((s.at for s in self._slow if s.start_ns < at_ns - _SLOW_NS and s.end_ns >= at_ns - _SLOW_NS), None)

    def _run(self) -> None:
        while not self._stop.is_set() and self.session.pgconn.status == pq.ConnStatus.OK:
            caller = self.random.choice(self.callers)
            try:
                self._call(caller)
            except RefusedError:
                # What fails, fails for the application too; here only deadlocks are looked for.
                if not self.session.is_idle:
                    self.session.pgconn.exec_(b"ROLLBACK")
                self._stop.wait(0.001)
            else:
                self.executed += 1

    def _call(self, caller: Caller) -> None:
        variables = caller.client.variables
        try:
            for name, draw in caller.draws:
                variables[name] = draw(caller.client.random)
            if caller.operation.transaction:
                self.session.run(b"BEGIN")
            for number in statements_in_turn(caller.operation, caller.client):
                result = self._send(caller, number)
                take_row(caller.operation.statements[number], result, caller.client)
        except ExpressionError as error:
            raise RefusedError(error.sqlstate, str(error)) from None
        if not self.session.is_idle:
            self.session.run(b"COMMIT")

    def _send(self, caller: Caller, number: int) -> PGresult:
        statement, variables = caller.statements[number], caller.client.variables
        start_ns = self.clock.now_ns()
        if statement.render is not None:
            result = self.session.pgconn.exec_(statement.render(variables))
        else:
            result = self.session.extended(caller.name_of(number), statement.text, statement.bind(variables))
        end_ns = self.clock.now_ns()
        source = caller.operation.statements[number].source
        at = AppStatement(operation=caller.operation.name, statement=number, sql=source)
        if end_ns - start_ns >= _SLOW_NS:
            self._slow.append(_Slow(start_ns, end_ns, at))
        if result.status not in DONE:
            error = refusal(result)
            if error.sqlstate == DEADLOCK:
                self.on_victim(Victim(end_ns, at, _pids(result)))
            raise error
        return result


def _pids(result: PGresult) -> frozenset[int]:
    detail = (result.error_field(pq.DiagnosticField.MESSAGE_DETAIL) or b"").decode(errors="replace")
    return frozenset(int(number) for number in _PROCESS.findall(detail))
