"""Operations against states of the schema: what each execution came to, told once a state."""

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final, Self

import psycopg

from harness.events.codec import AnyEvent
from harness.events.versions import CallError, OperationProbed, StateReached
from harness.model.clock import Clock
from harness.model.units import NS_PER_S
from harness.model.words import Pass
from harness.postgres.ports import Server
from harness.rehearsal.probes.app import AppSession, Caller, Failure, open_session
from harness.spec.scenario import TrafficSpec
from harness.spec.workload import Workload

_PASS: Final = Pass.PROBE
_BETWEEN_NS: Final = 20 * NS_PER_S
"""What all states between the first and the last may take together: a plan of a hundred steps must not take hours."""
_LONG_NS: Final = NS_PER_S // 2
_PAUSE_S: Final = 0.002  # between two executions in a loop: the migration is to get its turn on two cores


@dataclass(slots=True)
class _Tally:
    """Executions of one operation against one state."""

    executions: int = 0
    failures: list[Failure] = field(default_factory=list)

    @property
    def errors(self) -> tuple[CallError, ...]:
        """By SQLSTATE, in the order of their first."""
        first = {failure.sqlstate: failure for failure in reversed(self.failures)}
        counts = {state: sum(1 for f in self.failures if f.sqlstate == state) for state in first}
        return tuple(
            CallError(sqlstate=state, count=counts[state], statement=f.statement, message=f.message)
            for state, f in sorted(first.items())
        )


class Matrix:
    """Executes what runs under a mix of versions against the state that is there; a context manager.

    `committed` is told by whoever watches the migration; a state is reached when something was, or when it has a name.
    """

    def __init__(
        self,
        workload: Workload,
        callers: Sequence[Caller],
        *,
        initial_mix: Mapping[str, float],
        server: Server,
        traffic: TrafficSpec,
        clock: Clock,
        sink: Callable[[AnyEvent], None],
    ) -> None:
        self._workload, self._callers = workload, callers
        self._server, self._traffic = server, traffic
        self._clock, self._sink = clock, sink
        self._state = -1
        self._since: list[str] = []
        self._between_ns = 0
        self._tallies: dict[int, _Tally] = {}
        self._initial = frozenset(o.index for o in workload.running(initial_mix))
        self.mix: Mapping[str, float] = initial_mix

    def __enter__(self) -> Self:
        self._stack = ExitStack()
        self._session = self._open(number=0)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def committed(self, statement: str) -> None:
        """A statement of the migration has changed the schema or the data."""
        self._since.append(statement)

    def reach(self, name: str = "") -> None:
        """The state is there."""
        self._state += 1
        self._sink(
            StateReached(
                at_ns=self._clock.now_ns(),
                pass_=_PASS,
                state=self._state,
                statements=tuple(dict.fromkeys(self._since)),
                name=name,
            )
        )
        self._since.clear()

    def run(self, *, times: int, new: bool | None = None) -> None:
        """Execute each operation of the mix `times` times, the old version's first; or only one of both versions'."""
        for caller in self._chosen():
            if new is None or self._is_new(caller) is new:
                self._repeat(caller, times=times)
        self._tell()

    def _repeat(self, caller: Caller, *, times: int) -> None:
        """Execute it a few times; once is enough of an operation that takes long."""
        for _ in range(times):
            start_ns = self._clock.now_ns()
            self._call(caller, self._session)
            if self._clock.now_ns() - start_ns > _LONG_NS:
                return

    def run_between(self, *, times: int) -> None:
        """The same against a state in between, if something was committed and there is time."""
        if not self._since or self._between_ns > _BETWEEN_NS:
            return
        start_ns = self._clock.now_ns()
        self.reach()
        self.run(times=times)
        self._between_ns += self._clock.now_ns() - start_ns

    def loop(self, until: threading.Event) -> None:
        """Execute the mix in turn until told to stop; on the thread that calls, while the others wait."""
        chosen = self._chosen()
        try:
            session = self._open(number=1)
        except psycopg.OperationalError:
            return  # no connection is left: the gap is then covered by the load pass alone
        while chosen and not until.is_set():
            for caller in chosen:
                if until.wait(_PAUSE_S):
                    break
                self._call(caller, session)
        session.pgconn.finish()

    def _chosen(self) -> list[Caller]:
        running = {operation.index for operation in self._workload.running(self.mix)}
        chosen = [caller for caller in self._callers if caller.operation.index in running]
        return sorted(chosen, key=self._is_new)

    def _is_new(self, caller: Caller) -> bool:
        """Whether it belongs to a version that does not run before the migration."""
        return caller.operation.index not in self._initial

    def _call(self, caller: Caller, session: AppSession) -> None:
        tally = self._tallies.setdefault(caller.operation.index, _Tally())
        failure = caller.call(session)
        tally.executions += 1
        if failure is not None and failure.sqlstate not in caller.operation.expected:
            tally.failures.append(failure)
        session.forget()

    def _tell(self) -> None:
        for caller in self._callers:
            tally = self._tallies.get(caller.operation.index)
            if tally is not None:
                self._sink(
                    OperationProbed(
                        at_ns=self._clock.now_ns(),
                        pass_=_PASS,
                        state=self._state,
                        operation=caller.operation.name,
                        version=caller.operation.version,
                        executions=tally.executions,
                        errors=tally.errors,
                    )
                )
        self._tallies.clear()

    def _open(self, *, number: int) -> AppSession:
        session = open_session(self._server, self._traffic, number=number)
        self._stack.callback(session.pgconn.finish)
        return session
