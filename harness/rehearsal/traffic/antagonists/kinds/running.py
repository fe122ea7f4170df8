"""A statement that runs while somebody looks at it from outside."""

import threading
from collections.abc import Callable
from typing import Final

import psycopg
from psycopg import sql

from harness.postgres.connect import Connection
from harness.rehearsal.traffic.antagonists.act import Act

_LOOK_EVERY_S: Final = 0.005
_CANCEL_EVERY_S: Final = 0.05


def run_watched(act: Act, connection: Connection, statement: sql.Composed, *, is_in_place: Callable[[], bool]) -> None:
    """Execute until it ends, or until the act's time is over: then it is cancelled (57014 is raised).

    `is_in_place` is asked again and again until it says yes; one that is done before anybody saw it was in place.
    """
    running = _Running(connection, statement)
    running.start()
    while running.is_alive():
        if act.over:
            running.cancel()
        elif not act.in_place_ns and is_in_place():
            act.in_place(pid=connection.info.backend_pid)
        running.join(_CANCEL_EVERY_S if act.over else _LOOK_EVERY_S)
    if running.error is not None:
        raise running.error
    act.in_place(pid=connection.info.backend_pid)


class _Running(threading.Thread):
    def __init__(self, connection: Connection, statement: sql.Composed) -> None:
        super().__init__(daemon=True)
        self._connection = connection
        self._statement = statement
        self.error: psycopg.Error | None = None

    def run(self) -> None:
        try:
            self._connection.execute(self._statement)
        except psycopg.Error as error:
            self.error = error

    def cancel(self) -> None:
        try:
            self._connection.cancel_safe(timeout=1.0)
        except psycopg.Error:
            return  # the connection is gone, and with it what there was to cancel
