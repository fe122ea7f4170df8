"""One record for each arrival, whatever became of it, and the first error of each kind."""

from collections.abc import Iterable
from typing import Final

from harness.events.operations import NO_ACTOR, Outcome
from harness.rehearsal.traffic.actor import Actor, BoundSession
from harness.rehearsal.traffic.recorder import Recorder
from harness.rehearsal.traffic.session import ServerError
from harness.rehearsal.traffic.tally import Tally
from harness.rehearsal.traffic.timetable import Arriving

_OK: Final = int(Outcome.OK)  # plain ints: members of an enum are slow to pack and to index with
_ERROR: Final = int(Outcome.ERROR)
_POOL_TIMEOUT: Final = int(Outcome.POOL_TIMEOUT)
_ABANDONED: Final = int(Outcome.ABANDONED)


class Account:
    """Writes the records; times are ns since the run started."""

    def __init__(self, recorder: Recorder, tally: Tally) -> None:
        self._add = recorder.add
        self._tally = tally

    def done(self, actor: Actor, now: int) -> None:
        """The actor's operation is over: well, perhaps after errors that a retry absorbed, or with its last error."""
        failure = actor.failure
        if failure is None:
            self._record(actor, now, _OK, 0, actor.absorbed)
        else:
            self._tally.note(index_of(actor), failure, actor.statement)
            self._record(actor, now, _ERROR, actor.statement, failure.sqlstate.encode())

    def absorbed(self, actor: Actor, error: ServerError) -> None:
        """A retry follows this error: no record of its own, but what it said is kept."""
        self._tally.note(index_of(actor), error, actor.statement)

    def unserved(self, arriving: Arriving, now: int, error: ServerError) -> None:
        """It never had a connection, and has given up."""
        due, operation, version = arriving
        self._tally.note(operation, error, 0)
        self._add((due, 0, 0, now, operation, NO_ACTOR, version, _POOL_TIMEOUT, 0, 0, error.sqlstate.encode()))

    def abandon(self, actors: Iterable[Actor], waiting: Iterable[Arriving], now: int) -> list[BoundSession]:
        """Traffic ended: record who was under way or waiting; gives the sessions whose statements are cut off."""
        cut_off = []
        for actor in actors:
            if actor.operation is not None and actor.start_ns:
                self._record(actor, now, _ABANDONED, 0, b"")
                if actor.session is not None:
                    cut_off.append(actor.session)
            elif actor.operation is not None:
                self._never_served((actor.due_ns, index_of(actor), actor.version), now)
            actor.turn += 1
        for arriving in waiting:
            self._never_served(arriving, now)
        return cut_off

    def _never_served(self, arriving: Arriving, now: int) -> None:
        due, operation, version = arriving
        self._add((due, 0, 0, now, operation, NO_ACTOR, version, _ABANDONED, 0, 0, b""))

    def _record(self, actor: Actor, now: int, outcome: int, statement: int, sqlstate: bytes) -> None:
        self._add(
            (
                actor.due_ns,
                actor.checkout_ns,
                actor.start_ns,
                now,
                index_of(actor),
                actor.served_by,
                actor.version,
                outcome,
                statement,
                actor.attempts,
                sqlstate,
            )
        )


def index_of(actor: Actor) -> int:
    """The index of the operation that the actor runs."""
    return 0 if actor.operation is None else actor.operation.index
