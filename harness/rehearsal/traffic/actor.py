"""An actor: one connection of the application's pool, with its client state and the execution under way."""

from dataclasses import dataclass

from harness.rehearsal.traffic.session import Session
from harness.rehearsal.traffic.timetable import Arriving
from harness.rehearsal.traffic.transaction import Execution
from harness.spec.pgbench.evaluate import Client


@dataclass(slots=True)
class Actor:
    """One actor.

    `turn` counts executions and connections, so that a timer of an earlier one finds out; `watched` is the file
    descriptor that the loop watches, −1 for none, `writing` whether it waits to be writable.
    """

    session: Session
    client: Client
    execution: Execution | None = None
    arriving: Arriving | None = None
    checkout_ns: int = 0
    start_ns: int = 0
    turn: int = 0
    sleeping: bool = False
    watched: int = -1
    writing: bool = False
