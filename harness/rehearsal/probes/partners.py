"""Which operations of the application can deadlock with a migration: they hold a lock while they wait for another.

A transaction of several statements does. So does a single statement that needs two of the tables that the migration
locks (a join, a foreign key, a trigger), or several rows of one: which these are is measured, not read off its text.
"""

from collections.abc import Sequence
from typing import Final

from harness.model.locks import LockMode
from harness.postgres.connect import Connection
from harness.postgres.ports import Server
from harness.rehearsal.migration.locks import Held, held_locks, merged
from harness.rehearsal.probes.app import AppSession, Caller, callers_of, open_session
from harness.rehearsal.probes.suspects import SEVERAL_ROWS, Suspect
from harness.rehearsal.stage import Stage, harness_session
from harness.rehearsal.traffic.samples import load_samples
from harness.rehearsal.traffic.scale import pgbench_scale
from harness.spec.operation import Operation
from harness.spec.workload import Workload, with_scale

# Parameters are drawn anew each time: one row may have what another lacks.
_TRIALS: Final = 3
_READS: Final = LockMode.ACCESS_SHARE  # locks no rows; all the other modes may


def partners_of(stage: Stage, server: Server, *, suspects: Sequence[Suspect]) -> Workload | None:
    """The operations of the running version that can deadlock with one of `suspects`, None where none can.

    Operations of one statement are executed on `server`, and rolled back.
    """
    workload = stage.workload
    if workload is None:
        return None
    running = workload.running(workload.initial_mix())
    single = tuple(o for o in running if not holds_between(o))
    reaching = _reaching(stage, server, Workload(single, workload.versions, workload.path), suspects=suspects)
    partners = tuple(o for o in running if o not in single or o.name in reaching)
    return Workload(partners, workload.versions, workload.path) if partners else None


def holds_between(operation: Operation) -> bool:
    """Whether an operation is a transaction of several statements, and so holds locks from one to the next."""
    if len(operation.statements) <= 1:
        return any(statement.textual for statement in operation.statements)
    return operation.transaction or any(_begins(statement.text) for statement in operation.statements)


def _begins(text: str) -> bool:
    return text.lstrip().upper().startswith(("BEGIN", "START TRANSACTION"))


def _reaching(stage: Stage, server: Server, workload: Workload, *, suspects: Sequence[Suspect]) -> set[str]:
    """The names of those operations that lock, in one statement, what a suspect locks one after the other."""
    seed, traffic = stage.scenario.seed, stage.scenario.traffic
    with harness_session(server) as observer:
        scaled = with_scale(workload, pgbench_scale(observer))
        samples = load_samples(observer, scaled, seed=seed)
        callers = callers_of(scaled, samples, seed=seed, protocol=traffic.protocol)
        if not callers:
            return set()
        session = open_session(server, traffic, number=0)
        try:
            return {c.operation.name for c in callers if _reaches(c, session, observer, suspects=suspects)}
        finally:
            session.pgconn.finish()


def _reaches(caller: Caller, session: AppSession, observer: Connection, *, suspects: Sequence[Suspect]) -> bool:
    held: Held = {}
    rows = 0
    for _ in range(_TRIALS):
        session.run(b"BEGIN")
        if caller.send_all(session) is None:
            held = merged(held, held_locks(observer, pid=session.pgconn.backend_pid))
            rows = max(rows, caller.rows)
        session.run(b"ROLLBACK")
    return any(_meets(suspect, held, several_rows=rows >= SEVERAL_ROWS) for suspect in suspects)


def _meets(suspect: Suspect, held: Held, *, several_rows: bool) -> bool:
    """Whether what a statement holds can stand in the way of two locks of the suspect's, or of two of its rows."""
    ours = suspect.tables
    rows = {oid for oid, mode in held.items() if min(mode, ours.get(oid, _READS)) >= LockMode.ROW_SHARE}
    tables = {oid for oid, mode in held.items() if oid in ours and mode.conflicts_with(ours[oid])}
    return len(rows | tables) > 1 or bool(rows and several_rows and suspect.several_rows)
