"""The main function of the antagonists' process: one thread with one connection each."""

import os
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection as Pipe

import psycopg

from harness.model.clock import RunClock
from harness.model.errors import HarnessError
from harness.model.redaction import mask_credentials
from harness.rehearsal.traffic.antagonists.orders import (
    Aim,
    Begin,
    InPlace,
    Left,
    MigrationAnnounced,
    Ready,
    Refused,
)
from harness.rehearsal.traffic.antagonists.plan import Antagonist
from harness.rehearsal.traffic.antagonists.session import AntagonistSession


def antagonist_process(antagonists: tuple[Antagonist, ...], conninfo: str, clock: RunClock, control: Pipe) -> None:
    """Connect, obey orders, say what was done. Ends when the conductor is gone, and its sessions with it."""
    send = _one_at_a_time(control)
    try:
        sessions = [
            AntagonistSession(antagonist, conninfo=conninfo, clock=clock, told=_teller(send, number))
            for number, antagonist in enumerate(antagonists)
        ]
    except psycopg.Error as error:
        send(Refused(mask_credentials(str(error))))
        return
    except HarnessError as error:
        send(Refused(mask_credentials(str(error))))
        return
    for session in sessions:
        threading.Thread(target=session.run, daemon=True).start()
    send(Ready())
    try:
        while _obey(control.recv(), sessions):
            pass
        for session in sessions:  # all at once: one may wait for what another holds
            session.tell_to_leave()
        send(Left(tuple(action for session in sessions for action in session.leave())))
    except (EOFError, OSError):
        # Threads that sit in a call to the server would keep a normal exit waiting; their sockets close with us.
        os._exit(1)


def _obey(order: object, sessions: list[AntagonistSession]) -> bool:
    match order:
        case Begin(at_ns):
            for session in sessions:
                session.begin(at_ns)
        case MigrationAnnounced(at_ns):
            for session in sessions:
                session.announce(at_ns)
        case Aim(before):
            for number, aimed_at in before.items():
                sessions[number].aim(aimed_at)
        case _:
            return False
    return True


def _one_at_a_time(control: Pipe) -> Callable[[object], None]:
    """Every thread may say something; messages must not mix."""
    lock = threading.Lock()

    def send(message: object) -> None:
        with lock:
            control.send(message)

    return send


def _teller(send: Callable[[object], None], number: int) -> Callable[[int, str], None]:
    return lambda at_ns, sqlstate: send(InPlace(number, at_ns, sqlstate))
