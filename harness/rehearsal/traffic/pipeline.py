"""Pipelines: statements sent without waiting for one another's results, as libpq's pipeline mode has it.

As in pgbench, what a pipeline holds is prepared before it opens. An error skips what follows it up to the next sync.
"""

from collections.abc import Sequence
from typing import Final

from psycopg import pq

from harness.rehearsal.traffic.actor import Actor, Answer, Sent
from harness.rehearsal.traffic.instructions import UNBOUND, WAIT, Execute, FailedError, bound
from harness.rehearsal.traffic.session import ServerError, error_of

NOT_HERE: Final = "55000"
"""A pipeline's step where it has no place; PostgreSQL's own object_not_in_prerequisite_state."""
_SYNC: Final = int(pq.ExecStatus.PIPELINE_SYNC)


class OpenPipeline:
    """Prepare what the pipeline will send, then open it."""

    __slots__ = ("_sends", "at")

    def __init__(self, at: int, sends: Sequence[Execute]) -> None:
        self.at = at
        self._sends = tuple(sends)

    def run(self, actor: Actor) -> int:
        """Send a PREPARE; where none is missing, open."""
        session = actor.session
        if session is None:
            return UNBOUND
        if session.piped is not None:
            raise FailedError(ServerError(NOT_HERE, "already in pipeline mode"))
        for send in self._sends:
            if send.prepares and send.statement.key not in session.prepared:
                actor.statement, actor.tail = send.statement.index, send.statement.tail
                actor.preparing = session.prepare(send.statement.sent)
                return WAIT
        session.open_pipeline()
        return self.at + 1

    def answered(self, actor: Actor, results: Answer) -> int:
        """One more is prepared."""
        send = next(send for send in self._sends if send.statement.index == actor.statement)
        return send.prepared(actor, results, then=self.at)


class SyncPipeline:
    """A point up to which an error skips; nothing is waited for."""

    __slots__ = ("at",)

    def __init__(self, at: int) -> None:
        self.at = at

    def run(self, actor: Actor) -> int:
        """Send the sync."""
        piped(actor)
        bound(actor).sync()
        return self.at + 1

    def answered(self, _actor: Actor, _results: Answer, /) -> int:
        """Nothing is waited for here: the end of the connection."""
        return self.at


class ClosePipeline:
    """Send the last sync, wait for everything, and take it."""

    __slots__ = ("_lenient", "at")

    def __init__(self, at: int, *, lenient: bool = False) -> None:
        self.at = at
        self._lenient = lenient
        """After an error: whatever comes is dropped."""

    def run(self, actor: Actor) -> int:
        """Send the sync; nothing to do after an error outside of a pipeline."""
        session = actor.session
        if self._lenient and (session is None or session.piped is None or session.broken):
            return self.at + 1
        piped(actor)
        bound(actor).sync()
        return WAIT

    def answered(self, actor: Actor, results: Answer) -> int:
        """Give every statement its results, in order."""
        session, sent = bound(actor), piped(actor)
        session.close_pipeline()
        if self._lenient:
            return self.at + 1
        answers = [result for result in results if result.status != _SYNC]
        for send, result in zip(sent, answers, strict=False):
            error = error_of([result])
            if error is not None:
                send.refused(actor, error)
            send.taken(actor, [result])
        if len(answers) < len(sent) or session.broken:
            raise FailedError(error_of([]) or ServerError(NOT_HERE, "the pipeline is incomplete"))
        if actor.written is not None and session.idle:
            actor.committed(actor.written)
            actor.written = None
        return self.at + 1


def piped(actor: Actor) -> list[Sent]:
    """What was sent in the actor's pipeline; FailedError where none is open."""
    session = bound(actor)
    if session.piped is None:
        raise FailedError(ServerError(NOT_HERE, "not in pipeline mode"))
    return session.piped
