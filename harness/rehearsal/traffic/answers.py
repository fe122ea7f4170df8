"""The long way from a socket to the interpreter: any answer, the end of a connection, what is left to write."""

import psycopg

from harness.rehearsal.traffic.actor import Answer, BoundSession
from harness.rehearsal.traffic.interpreter import Interpreter
from harness.rehearsal.traffic.pool import Pool
from harness.rehearsal.traffic.watch import WRITABLE, Watch


class Answers:
    """Takes what comes on the sockets of sessions, whatever it is."""

    def __init__(self, *, interpreter: Interpreter, watch: Watch, pool: Pool) -> None:
        self._interpreter = interpreter
        self._watch = watch
        self._pool = pool

    def on_event(self, session: BoundSession, events: int) -> None:
        """The session's socket is ready: read, write, or go on with connecting."""
        if session.connecting:
            self._pool.reconnector.step(session)
            return
        if events & WRITABLE:
            self._flush(session)
        if events != WRITABLE:
            results = session.receive()
            if results:
                actor = session.serves
                if actor is not None and actor.awaits:
                    self._interpreter.advance(actor, results)
                    return
            if results is not None:
                self._took(session, results)

    def _flush(self, session: BoundSession) -> None:
        try:
            session.flush()
        except psycopg.OperationalError:
            self._took(session, [])
            return
        if not session.wants_write:
            self._watch.as_session_wants(session)

    def _took(self, session: BoundSession, results: Answer) -> None:
        if session.broken:
            self._watch.forget(session)  # its socket is closed: the next connection may get the same number
        actor = session.serves
        if actor is not None and actor.awaits and actor.session is session:
            self._interpreter.advance(actor, results)
        elif session.piped is not None and not session.broken:
            session.unread(results)
        elif session.broken:
            self._pool.lost_while_idle(session)
