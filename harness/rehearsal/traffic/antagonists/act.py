"""One act of an antagonist under way: its connection, its end, and the moment from which it is in place."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from psycopg import sql

from harness.model.clock import RunClock
from harness.model.units import NS_PER_S
from harness.postgres.connect import Connection, connect
from harness.rehearsal.traffic.antagonists.plan import Antagonist
from harness.rehearsal.traffic.antagonists.queries import text


@dataclass(slots=True)
class Leaving:
    """Whether a session was told to leave; `changed` wakes it."""

    changed: threading.Condition = field(default_factory=threading.Condition)
    told: bool = False


@dataclass(slots=True, kw_only=True)
class Act:
    """What an act needs and what is said of it afterwards.

    `pid` is the backend that holds what is held, `detail` what is to be said of it for people.
    """

    plan: Antagonist
    conn: Connection
    conninfo: str
    """Of the antagonist's session, its name included."""
    clock: RunClock
    leaving: Leaving
    tell: Callable[[int], None]
    """Called once, with the instant from which the act is in place."""
    pid: int = 0
    in_place_ns: int = 0
    detail: str = ""

    def in_place(self, *, pid: int = 0) -> None:
        """What it is to hold is held from now on; its time counts from the first call."""
        self.pid = pid or self.pid
        if not self.in_place_ns:
            self.in_place_ns = self.clock.now_ns()
            self.tell(self.in_place_ns)

    @property
    def is_leaving(self) -> bool:
        """Whether it was told to leave."""
        return self.leaving.told

    @property
    def left_ns(self) -> int:
        """What is left of its time, all of it until it is in place; 0 or less when over."""
        if self.is_leaving:
            return 0
        if not self.in_place_ns:
            return self.plan.hold_ns
        return self.in_place_ns + self.plan.hold_ns - self.clock.now_ns()

    @property
    def over(self) -> bool:
        """Whether its time is over, or it was told to leave."""
        return self.left_ns <= 0

    def hold(self) -> None:
        """Do nothing until its time is over."""
        with self.leaving.changed:
            while (left_ns := self.left_ns) > 0:
                self.leaving.changed.wait(left_ns / NS_PER_S)

    def pause(self, for_ns: int) -> None:
        """Do nothing for so long, at most until it is told to leave."""
        until_ns = self.clock.now_ns() + for_ns
        with self.leaving.changed:
            while not self.leaving.told and (left_ns := until_ns - self.clock.now_ns()) > 0:
                self.leaving.changed.wait(left_ns / NS_PER_S)

    def connect_watch(self) -> Connection:
        """A second connection under the same name, which looks and puts back, and is not cancelled at the end."""
        return connect(self.conninfo)

    def table(self) -> sql.Composable:
        """The table of the plan, see `table_name`."""
        return table_name(self.conn, self.plan.table)


def table_name(connection: Connection, table: str) -> sql.Composable:
    """The table as the server resolves and quotes it, so that no text of the scenario is taken for SQL."""
    row = connection.execute(text("relation_name"), {"table": table}).fetchone()
    return sql.Identifier(*row) if row else sql.Identifier(table)
