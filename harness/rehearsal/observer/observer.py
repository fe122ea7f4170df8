"""The witness of a pass: starts with the traffic, stops after everything else, and tells what the server did."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing, suppress

import psycopg

from harness.events.codec import AnyEvent
from harness.events.run import QualityNoted
from harness.model.clock import Clock
from harness.model.errors import SandboxError
from harness.model.units import NS_PER_MS, NS_PER_S
from harness.model.words import Direction, Pass
from harness.postgres.connect import Connection
from harness.postgres.ports import Server
from harness.rehearsal.observer.account import account_of_pass
from harness.rehearsal.observer.link import Link
from harness.rehearsal.observer.lock_poll import LockPoller
from harness.rehearsal.observer.log_follower import LogFollower
from harness.rehearsal.observer.log_tail import LogTail
from harness.rehearsal.observer.log_witness import LogWitness
from harness.rehearsal.observer.quality import SUBJECT
from harness.rehearsal.observer.queries import text
from harness.rehearsal.observer.relations import Relations
from harness.rehearsal.observer.sampler import Sampler
from harness.rehearsal.observer.sessions import Backend, Sessions, read_backends
from harness.rehearsal.observer.tool_logging import StatementLog
from harness.rehearsal.observer.tool_statements import ToolStatements
from harness.rehearsal.observer.wall_clock import WallClock, read_anchor
from harness.rehearsal.observer.windows import Windows

INTERVAL_NS = 20 * NS_PER_MS
"""Between polls of pg_locks while no migration runs: 0.15 to 0.45 ms each, so 1 to 2 % of one core."""

BUSY_INTERVAL_NS = 5 * NS_PER_MS
"""Between polls while the migration runs: a hold is then known to ± 2.5 ms at each end."""

_LOG_EVERY_S = 0.1
_IDLE_LOG_EVERY_S = 0.25
_SAMPLE_EVERY_NS = 250 * NS_PER_MS
_IDLE_SAMPLE_EVERY_NS = 500 * NS_PER_MS
# Clocks of one machine drift by less than 0.5 ms a second (adjtime's limit is 500 ppm).
_ANCHOR_EVERY_NS = NS_PER_S
# Longer than any statement of ours may take (statement_timeout 5 s, connect_timeout 10 s).
_JOIN_S = 16.0
_RECONNECT_S = 0.1
_LAST_READ_S = 10.0
_TOLD_S = 1.0


class Observer:
    """Watches one server during one pass, and tells `sink` (which any thread may call) what happened.

    `start`, then any number of `migration_started`/`migration_ended`, then `stop` on every path. `counts` are exact
    rows by qualified relation, where somebody counted them. What goes wrong in a thread becomes a QualityNoted.
    """

    def __init__(
        self,
        server: Server,
        *,
        clock: Clock,
        sink: Callable[[AnyEvent], None],
        pass_: Pass,
        interval_ns: int = INTERVAL_NS,
        busy_interval_ns: int = BUSY_INTERVAL_NS,
        counts: Mapping[str, int] | None = None,
    ) -> None:
        self._server = server
        self._clock = clock
        self._sink = sink
        self._pass = pass_
        self._interval_ns = interval_ns
        self._busy_interval_ns = busy_interval_ns
        self._link = Link(server)
        self._wall = WallClock()
        self._windows = Windows()
        self._sessions = Sessions(pass_=pass_)
        self._relations = Relations(pass_=pass_, counts=counts)
        self._tools = ToolStatements(pass_=pass_, wall=self._wall)
        self._tail = LogTail(version_num=server.version_num)
        self._stop = threading.Event()
        self._was_read = threading.Event()
        self._threads: list[threading.Thread] = []
        self._statement_log = StatementLog(server)
        self._failed = False
        self._complete = False
        self._started = False
        self._stopped = False

    def start(self) -> None:
        """Look at everything once and begin to watch. SandboxError where the server cannot be watched."""
        try:
            self._begin(self._link.get())
        except psycopg.Error as error:
            self._link.close()
            raise SandboxError(f"the observer cannot watch the server: {error}") from error
        except BaseException:
            self._link.close()
            raise
        self._started = True
        for name, target in (("observer-locks", self._poller.run), ("observer-log", self._follow)):
            thread = threading.Thread(target=self._guarded, args=(name, target), name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def migration_started(self, direction: Direction, *, tool: bool = False) -> None:
        """The migration's first statement is about to be sent: poll faster.

        With `tool`, sessions that begin from now on have their statements logged, and those of unknown name are taken
        for the tool's. SandboxError where the server does not answer.
        """
        if tool:
            self._prepare_for_tool()
        self._windows.begin(direction, tool=tool, at_ns=self._clock.now_ns())
        self._poller.wake()

    def migration_ended(self) -> None:
        """The migration's last result is there, or its tool's process is gone; nothing happens where none ran."""
        window, ended_ns = self._windows.current, self._clock.now_ns()
        ran = window is not None
        if window is not None and window.tool and self._pass is not Pass.LOAD:
            self._await_log()
        self._windows.end(at_ns=ended_ns)
        self._sessions.end_tool()
        if told := self._statement_log.restore():
            self._note(told, inconclusive=False)
        if ran:
            self._size_now()

    def stop(self) -> None:
        """Read the log to its end, tell everything, close every connection. Never raises for what the server did."""
        if self._stopped or not self._started:
            self._link.close()
            return
        self._stopped = True
        self.migration_ended()
        self._stop.set()
        self._poller.wake()
        for thread in self._threads:
            thread.join(_JOIN_S)
            if thread.is_alive():
                self._note(f"{thread.name} did not end within {_JOIN_S:.0f} s", inconclusive=True)
        try:
            self._guarded("the observer's last look at the log", lambda _: self._read_to_end())
            self._guarded("the observer's last poll", lambda _: self._poller.finish())
            self._guarded("the observer's account", lambda _: self._account())
        finally:
            self._link.close()

    def _begin(self, connection: Connection) -> None:
        row = connection.execute(text("database")).fetchone()
        if row is None:
            raise SandboxError("the server does not know the database that the observer is in")
        database_oid, lsn = int(row[0]), str(row[1])
        self._anchor(connection)
        self._tail.begin(connection)
        for seen in self._relations.load(connection, at_ns=self._clock.now_ns()):
            self._sink(seen)
        self._sampler = Sampler(self._pass, self._clock, lsn)
        self._witness = LogWitness(
            pass_=self._pass,
            database_oid=database_oid,
            wall=self._wall,
            sessions=self._sessions,
            relations=self._relations,
            windows=self._windows,
            tools=self._tools,
            look_up=self._look_up,
            look_round=self._look_round,
        )
        self._poller = LockPoller(
            self._server,
            clock=self._clock,
            pass_=self._pass,
            database_oid=database_oid,
            sessions=self._sessions,
            relations=self._relations,
            windows=self._windows,
            wall=self._wall,
            emit=self._sink,
            interval_ns=self._interval_ns,
            busy_interval_ns=self._busy_interval_ns,
        )
        self._follower = LogFollower(
            self._tail,
            self._witness,
            self._poller,
            clock=self._clock,
            windows=self._windows,
            interval_ns=self._interval_ns,
            emit=self._sink,
        )
        self._sample()

    def _guarded(self, name: str, target: Callable[[threading.Event], None]) -> None:
        try:
            target(self._stop)
        except Exception as error:  # noqa: BLE001 - a thread's error would vanish; it makes the run inconclusive instead
            self._failed = True
            self._note(f"{name} failed: {type(error).__name__}: {error}", inconclusive=True)

    def _follow(self, stop: threading.Event) -> None:
        anchored = sampled = self._clock.now_ns()
        while not stop.wait(_IDLE_LOG_EVERY_S if self._windows.current is None else _LOG_EVERY_S):
            try:
                connection = self._link.get()
                self._follower.read(connection)
                self._was_read.set()
                now = self._clock.now_ns()
                if now - anchored >= _ANCHOR_EVERY_NS:
                    self._anchor(connection)
                    anchored = now
                every_ns = _IDLE_SAMPLE_EVERY_NS if self._windows.current is None else _SAMPLE_EVERY_NS
                if now - sampled >= every_ns:
                    self._sample()
                    sampled = now
            except psycopg.OperationalError:
                # The server is away or starting; what it logs meanwhile is read when it is back.
                stop.wait(_RECONNECT_S)

    def _anchor(self, connection: Connection) -> None:
        anchor = read_anchor(connection, clock=self._clock)
        self._wall.add(anchor)
        self._sink(anchor)

    def _sample(self) -> None:
        self._sink(self._sampler.sample(self._link.get(), backends=self._look_round()))

    def _size_now(self) -> None:
        """What the migration made the database grow to, before its way back takes it away again."""
        # A server that is away is told by those who poll it; here there is nothing to add.
        with suppress(psycopg.Error), closing(Link(self._server)) as link:
            self._sink(self._sampler.sample(link.get(), backends=read_backends(link), sized=True))

    def _look_up(self, oid: int) -> None:
        self._tell(self._relations.learn(self._link.get(), [oid], at_ns=self._clock.now_ns()))

    def _await_log(self) -> None:
        """Until the tool's last statements are told: what comes after a pass is muted belongs to it still."""
        for _ in range(2):  # the first read may have begun before
            self._was_read.clear()
            self._was_read.wait(_TOLD_S)

    def _look_round(self) -> list[Backend]:
        backends = read_backends(self._link)
        self._tell(self._sessions.update(backends, at_ns=self._clock.now_ns()))
        return backends

    def _prepare_for_tool(self) -> None:
        try:
            self._tools.lock_timeout_ms, self._tools.statement_timeout_ms = self._statement_log.enable()
            with closing(Link(self._server)) as link:
                self._sessions.begin_tool(read_backends(link))
        except psycopg.Error as error:
            raise SandboxError(f"the server cannot be made to log the tool's statements: {error}") from error

    def _read_to_end(self) -> None:
        """The last entries; `_complete` tells whether the log was read without a gap."""
        deadline = self._clock.now_ns() + round(_LAST_READ_S * NS_PER_S)
        while not self._failed:
            try:
                connection = self._link.get()
                complete = self._follower.read_to_end(connection)
                self._anchor(connection)
                self._sample()
            except psycopg.OperationalError as error:
                if self._clock.now_ns() > deadline:
                    self._note(f"the end of the server's log could not be read: {error}", inconclusive=True)
                    return
                time.sleep(_RECONNECT_S)
            else:
                self._complete = complete
                return

    def _account(self) -> None:
        self._tell(
            account_of_pass(
                pass_=self._pass,
                at_ns=self._clock.now_ns(),
                interval_ns=self._interval_ns,
                complete=self._complete and not self._failed,
                witness=self._witness,
                poller=self._poller,
                tail=self._tail,
                spans=self._tools.spans,
                relations=self._relations,
                holds_are_polled=self._windows.had_tool,
            )
        )

    def _tell(self, events: Iterable[AnyEvent]) -> None:
        for event in events:
            self._sink(event)

    def _note(self, message: str, *, inconclusive: bool) -> None:
        note = QualityNoted(at_ns=self._clock.now_ns(), subject=SUBJECT, message=message, inconclusive=inconclusive)
        self._sink(note)
