"""The main function of a traffic process."""

import gc
import os
import time
from contextlib import suppress
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from typing import Any, Final, TypeAlias

import psycopg

from harness.events.operations import Outcome
from harness.model.redaction import mask_credentials
from harness.rehearsal.traffic.actor import Actor, BoundSession
from harness.rehearsal.traffic.capture import Written
from harness.rehearsal.traffic.compiled import compile_workload, new_client
from harness.rehearsal.traffic.inserted import InsertedRing, inserted_ring
from harness.rehearsal.traffic.ledger import Ledger
from harness.rehearsal.traffic.loop import Loop
from harness.rehearsal.traffic.plan import (
    Backend,
    Begin,
    Order,
    ProcessSummary,
    Ready,
    Refused,
    Report,
    SetMix,
    SetRate,
    Stop,
    TrafficPlan,
)
from harness.rehearsal.traffic.recorder import Recorder
from harness.rehearsal.traffic.timetable import NEVER, Timetable
from harness.spec.params import Sources, needs_faker

Counters: TypeAlias = Any
"""A shared array of int64, one slot per field of `process.Progress`."""


NICENESS: Final = -10
"""Ahead of ordinary processes (0), behind what an administrator runs first (-20)."""


def traffic_process(plan: TrafficPlan, process: int, control: Connection, counters: Counters) -> None:
    """Connect, say Ready, run until Stop, say what happened. Ends at once when the conductor is gone."""
    # The application's clients have machines of their own; here they must not be what waits for a processor. Only a
    # privileged user may ask for that: others measure their lag, and are told when it was too long.
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
    try:
        worker = _Worker(plan, process, control, counters)
    except (psycopg.Error, ValueError, KeyError) as error:
        control.send(Refused(mask_credentials(f"{type(error).__name__}: {error}")))
        return
    worker.run()


class _Worker:
    def __init__(self, plan: TrafficPlan, process: int, control: Connection, counters: Counters) -> None:
        self._plan = plan
        self._process = process
        self._control = control
        self._counters = counters
        self._began_ns = 0
        self._stop: Stop | None = None
        self._orphaned = False
        self._recorder = Recorder(plan.records_path(process))
        self._inserted = inserted_ring(plan.workload, plan.primary_keys)
        self._ledger = Ledger(plan.ledger_path(process), observe=self._inserted.observe)
        self._timetable = self._make_timetable()
        self._loop = self._make_loop()

    def _make_timetable(self) -> Timetable:
        plan = self._plan
        timetable = Timetable(plan.schedule(self._process), choosers=plan.workload.chooser)
        timetable.set_mix(0, plan.mix)
        return timetable

    def _make_loop(self) -> Loop:
        plan = self._plan
        operations = self._operations = compile_workload(
            plan.workload,
            protocol=plan.protocol,
            sources=_sources(plan, process=self._process, inserted=self._inserted),
            primary_keys=plan.primary_keys,
        )
        sessions = [
            BoundSession.connect(plan.actor_conninfo(number), number=number)
            for number in plan.own_sessions(self._process)
        ]
        actors = [
            Actor(number, new_client(plan.seed, number), committed=self._committed)
            for number in plan.own_actors(self._process)
        ]
        self._control.send(Ready(tuple(map(_backend, sessions))))
        return Loop(
            operations=dict(enumerate(operations)),
            actors=actors,
            sessions=sessions,
            limits=plan.limits(self._process),
            timetable=self._timetable,
            recorder=self._recorder,
            origin_ns=plan.clock.origin_ns,
            on_backend=lambda session: self._say(_backend(session)),
        )

    def _committed(self, written: list[Written]) -> None:
        for action, relation, keys in written:
            self._ledger.acknowledge(action, relation, keys)

    def run(self) -> None:
        """The life of the process after Ready."""
        self._loop.listen(self._control, self._on_order)
        gc.collect()
        gc.freeze()
        gc.disable()  # the loop makes no reference cycles; a collection would delay dispatches
        cpu, wall = time.process_time(), time.monotonic()
        self._loop.run(until=self._until, on_tick=self._count)
        self._loop.abandon()
        self._recorder.close()
        self._ledger.close()
        self._count()
        self._say(self._summary(cpu_seconds=time.process_time() - cpu, wall_seconds=time.monotonic() - wall))
        self._loop.close()

    def _on_order(self) -> None:
        try:
            order: Order = self._control.recv()
        except (EOFError, OSError):
            self._orphaned = True
            return
        match order:
            case Begin(at_ns):
                self._began_ns = at_ns
                self._timetable.begin(at_ns)
            case SetMix(at_ns, mix):
                self._timetable.set_mix(at_ns, mix)
            case SetRate(at_ns, rate):
                self._timetable.set_rate(at_ns, rate)
            case Stop(at_ns):
                self._timetable.end(at_ns)
                self._stop = order

    def _until(self, now: int) -> int:
        """When to be asked again; 0 ends the loop."""
        if self._orphaned:
            return 0
        stop = self._stop
        if stop is None:
            return NEVER
        if now < stop.at_ns:
            return stop.at_ns
        done = self._loop.waiting == 0 and self._loop.in_flight == 0
        return 0 if done or now >= stop.at_ns + stop.drain_ns else stop.at_ns + stop.drain_ns

    def _count(self) -> None:
        counts, tally = self._recorder.counts, self._loop.account()
        self._counters[:] = [
            tally.offered,
            counts[Outcome.OK],
            counts[Outcome.ERROR],
            counts[Outcome.POOL_TIMEOUT],
            self._loop.waiting,
            self._loop.in_flight,
        ]

    def _summary(self, *, cpu_seconds: float, wall_seconds: float) -> ProcessSummary:
        counts, tally = self._recorder.counts, self._loop.account()
        return ProcessSummary(
            process=self._process,
            offered=tally.offered,
            completed=counts[Outcome.OK],
            failed=counts[Outcome.ERROR],
            pool_timeouts=counts[Outcome.POOL_TIMEOUT],
            abandoned=counts[Outcome.ABANDONED],
            late=tally.late,
            lag_counts=tally.lag.counts,
            lag_max_ns=tally.lag.max_ns,
            connect_counts=tally.connects.counts,
            connect_max_ns=tally.connects.max_ns,
            connect_failures=tally.connect_failures,
            absorbed=tally.absorbed,
            longest_queue=tally.longest_queue,
            cpu_seconds=cpu_seconds,
            wall_seconds=wall_seconds,
            stopped_at_ns=0 if self._stop is None else self._stop.at_ns,
            errors=tuple(tally.errors.values()),
            ledger_rows=len(self._ledger),
            missed=tuple(missed for operation in self._operations if (missed := operation.missed)),
        )

    def _say(self, report: Report) -> None:
        try:
            self._control.send(report)
        except OSError:
            self._orphaned = True


def _backend(session: BoundSession) -> Backend:
    return Backend(session.number, session.pgconn.backend_pid)


def _sources(plan: TrafficPlan, *, process: int, inserted: InsertedRing) -> Sources:
    parameters = [parameter for operation in plan.workload.operations for _, parameter in operation.parameters]
    faker = None
    if needs_faker(parameters):
        from faker import Faker  # imported where asked for: it takes a third of a second

        faker = Faker()
        faker.seed_instance(plan.seed + process)
    return Sources(
        plan.samples,
        lambda: datetime.now(tz=UTC).isoformat(),
        faker,
        inserted,
        lane=process,
        lanes=plan.processes,
        seed=plan.seed,
    )
