"""The lock waits of a run as a graph: why a session waits, followed to the migration or past it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from harness.analysis.locking import LockBook, Polled, mode_of, polled_holds
from harness.analysis.runs import Run
from harness.analysis.sessions import Sessions
from harness.analysis.wait_words import told, wanted
from harness.events.history import History
from harness.events.observation import LockHeld, LockWaited
from harness.model.words import Pass, Role

HELD, QUEUE = "held", "queue"
"""What a session waits behind: a lock that is held, or a request that queues before its own."""

_WRITES = frozenset({"UPDATE", "DELETE", "INSERT", "MERGE"})


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a session waits: the run at fault, "held" or "queue", and the links from the session to the far end."""

    run: Run | None
    behind: str
    links: tuple[str, ...]
    lock: str = ""
    """The migration's lock at fault, held or asked for."""


@dataclass(frozen=True, slots=True)
class WaitGraph:
    """The lock waits of the load pass, ready to be walked."""

    sessions: Sessions
    waits: dict[int, list[LockWaited]]
    holds: dict[int, list[LockHeld]]
    runs: Sequence[Run]
    book: LockBook
    polled: Polled

    def cause(self, wait: LockWaited, *, seen: frozenset[int] = frozenset()) -> Cause | None:
        """The migration's part in `wait`, None where it has none."""
        blockers = [pid for pid in self.blockers(wait) if pid not in seen and pid != wait.pid]
        for pid in blockers:
            if self.sessions.role(pid) is Role.MIGRATION:
                return self._by_migration(wait, pid)
        for pid in blockers:
            for other in self._waits_during(pid, wait):
                found = self.cause(other, seen=seen | {wait.pid, pid})
                if found is not None:
                    link = f"{self.sessions.label(pid, at_ns=other.start_ns)} waiting for {wanted(other)}"
                    return Cause(found.run, found.behind, (link, *found.links), found.lock)
        return None

    def blockers(self, wait: LockWaited) -> list[int]:
        """Pids that stand in the way of `wait`: in the queue before it, then holders; only conflicting ones."""
        if wait.target != "relation":
            return list(wait.holders)
        if not wait.holders and not wait.queue:
            return self._by_overlap(wait)
        at = wait.queue.index(wait.pid) if wait.pid in wait.queue else len(wait.queue)
        ahead = [pid for pid in wait.queue[:at] if self._waits_in_conflict(pid, wait)]
        return ahead + [pid for pid in wait.holders if self._holds_in_conflict(pid, wait)]

    def waited_for(self, wait: LockWaited) -> tuple[int, ...]:
        """Pids that a wait of the migration was for: holders in conflict, else every holder, else the queue before.

        The log names everybody who held the lock when the wait had lasted deadlock_timeout; those that a later wait for
        the same lock does not name any more had let go soon after, and are left out.
        """
        holders = [pid for pid in wait.holders if pid != wait.pid]
        conflicting = self._known_conflicts(holders, wait) or holders
        last = self._last_holders(wait)
        lasting = [pid for pid in conflicting if pid in last]
        return tuple(lasting or conflicting or (pid for pid in self.blockers(wait) if pid != wait.pid))

    def _last_holders(self, wait: LockWaited) -> tuple[int, ...]:
        """The holders that the last wait for the same relation, begun during `wait`, was told of."""
        later = [
            other for waits in self.waits.values() for other in waits
            if wait.target == "relation" == other.target and other.relation == wait.relation and other.pid != wait.pid
            and wait.start_ns < other.start_ns < wait.end_ns and wait.pid in other.queue
        ]  # fmt: skip
        return max(later, key=lambda other: other.start_ns).holders if later else ()

    def _known_conflicts(self, pids: Sequence[int], wait: LockWaited) -> list[int]:
        return [pid for pid in pids if any(_conflict(hold.mode, wait.mode) for hold in self.holds_of(pid, wait))]

    def _by_migration(self, wait: LockWaited, pid: int) -> Cause:
        queued = next((w for w in self._waits_during(pid, wait) if self._queues_before(w, wait)), None)
        if queued is not None:
            run = self._waiting_run(pid, queued)
            name = run.started.statement if run else "the migration"
            far = [self.sessions.label(p, at_ns=queued.start_ns) for p in self.waited_for(queued) if p != wait.pid]
            return Cause(run, QUEUE, (f"{name} waiting for {wanted(queued)}", *_together(far)), wanted(queued))
        run = self.holder(pid, wait)
        name = run.started.statement if run else "the migration"
        held = self.held_text(run, wait)
        return Cause(run, HELD, (f"{name} holding {held}",), held)

    def _queues_before(self, queued: LockWaited, wait: LockWaited) -> bool:
        same = queued.target == "relation" == wait.target and queued.relation == wait.relation
        return (
            same
            and queued.start_ns <= wait.start_ns + wait.error_ns + queued.error_ns
            and _conflict(queued.mode, wait.mode)
        )

    def held_text(self, run: Run | None, wait: LockWaited) -> str:
        """What a run held that stood in the way of `wait`."""
        if wait.target == "advisory" and wait.relation:
            return wait.relation
        if wait.target in ("transactionid", "tuple"):
            return f"a row of {wait.relation}" if wait.relation else "a row"
        if wait.target != "relation":
            return f"a lock ({wait.target})" + (f" on {wait.relation}" if wait.relation else "")
        modes = [mode for mode in self._traced_modes(run, wait.relation) if _conflict(mode, wait.mode)] if run else []
        return f"{modes[0]} on {wait.relation}" if modes else f"a lock on {wait.relation}"

    def holder(self, pid: int, wait: LockWaited) -> Run | None:
        """The statement that took the lock: the one whose locks conflict, else the last that was under way."""
        running = [
            run for run in self.runs
            if run.started.pid == pid and run.span.start_ns <= wait.end_ns
            and run.transaction_span.end_ns >= wait.start_ns - wait.error_ns
        ]  # fmt: skip
        if wait.target == "relation":
            takers = [run for run in running if self._takes(run, wait)]
            if takers:
                return takers[-1]
        begun = [run for run in running if run.span.start_ns <= wait.start_ns + wait.error_ns]
        if wait.target in ("transactionid", "tuple"):
            writers = [run for run in begun if run.started.tag.split(" ")[0] in _WRITES]
            changers = [run for run in begun if self._changes(run, wait.relation)]
            if changers or writers:
                return (changers or writers)[-1]
        if wait.target == "advisory":
            askers = [run for run in begun if "pg_advisory" in run.started.sql.lower()]
            seen = [run for run in begun if any(h.relation == wait.relation for h in self.polled.get(run.key, ()))]
            if askers or seen:
                return (askers or seen)[-1]
        return next(reversed(begun or running), None)

    def _changes(self, run: Run, relation: str) -> bool:
        """Whether a run may have locked rows of a relation: every way to do so takes one of these modes on it."""
        modes = self._traced_modes(run, relation)
        data = run.started.tag.split(" ")[0] in (*_WRITES, "SELECT", "WITH")
        return data and any(mode in ("RowShareLock", "RowExclusiveLock") for mode in modes)

    def _takes(self, run: Run, wait: LockWaited) -> bool:
        return any(_conflict(mode, wait.mode) for mode in self._traced_modes(run, wait.relation))

    def _traced_modes(self, run: Run | None, relation: str) -> list[str]:
        if run is None:
            return []
        traced = [lock.mode for lock, _ in self.book.traced.get(run.key, ()) if lock.relation == relation]
        polled = [
            hold.mode for hold in self.polled.get(run.key, ())
            if hold.relation == relation and hold.pid == run.started.pid
            and run.span.start_ns - hold.error_ns <= hold.start_ns <= run.span.end_ns + hold.error_ns
        ]  # fmt: skip
        return sorted(traced + polled, key=_weakness)

    def _waiting_run(self, pid: int, wait: LockWaited) -> Run | None:
        """The statement that waited: the one that shares most time with the wait, which both clocks tell.

        Its beginning alone does not tell: the server's log may place it before the statement was sent.
        """
        mine = [run for run in self.runs if run.started.pid == pid and run.span.start_ns <= wait.end_ns]
        return max(
            mine,
            key=lambda run: min(run.span.end_ns, wait.end_ns) - max(run.span.start_ns, wait.start_ns),
            default=None,
        )

    def _waits_during(self, pid: int, wait: LockWaited) -> list[LockWaited]:
        return [
            other for other in self.waits.get(pid, ())
            if other.start_ns <= wait.end_ns + wait.error_ns + other.error_ns
            and other.end_ns >= wait.start_ns - wait.error_ns - other.error_ns
        ]  # fmt: skip

    def holds_of(self, pid: int, wait: LockWaited) -> list[LockHeld]:
        """What polling saw a session hold on the relation waited for, at the time."""
        return [
            hold for hold in self.holds.get(pid, ())
            if hold.relation == wait.relation
            and hold.start_ns - hold.error_ns <= wait.end_ns and hold.end_ns + hold.error_ns >= wait.start_ns
        ]  # fmt: skip

    def _waits_in_conflict(self, pid: int, wait: LockWaited) -> bool:
        mine = [w for w in self._waits_during(pid, wait) if w.target == "relation" and w.relation == wait.relation]
        if not mine:
            # Its own wait was too short to be logged or ended otherwise; only the migration asks for strong modes.
            return self.sessions.role(pid) is Role.MIGRATION
        return any(_conflict(other.mode, wait.mode) for other in mine)

    def _holds_in_conflict(self, pid: int, wait: LockWaited) -> bool:
        """Whether a holder's modes conflict; the log names every holder of the lock, whatever its mode."""
        modes = [hold.mode for hold in self.holds_of(pid, wait)]
        role = self.sessions.role(pid)
        if role is Role.MIGRATION:
            run = self.holder(pid, wait)
            traced = self._traced_modes(run, wait.relation)
            return not (modes or traced) or any(_conflict(mode, wait.mode) for mode in (*modes, *traced))
        if modes:
            return any(_conflict(mode, wait.mode) for mode in modes)
        wanted = mode_of(wait.mode)
        # Applications hold at most ROW EXCLUSIVE on a relation, which conflicts with strong requests only.
        return role is not Role.TRAFFIC or (wanted is not None and wanted.is_strong)

    def _by_overlap(self, wait: LockWaited) -> list[int]:
        """Without the log's list: sessions of the migration that waited before it or hold a conflicting mode."""
        pids = [pid for pid in self.waits if self.sessions.role(pid) is Role.MIGRATION]
        queued = [p for p in pids if any(self._queues_before(w, wait) for w in self._waits_during(p, wait))]
        holders = [p for p in self.holds if self.sessions.role(p) is Role.MIGRATION]
        return queued + [
            p for p in holders if any(_conflict(hold.mode, wait.mode) for hold in self.holds_of(p, wait))
        ]  # fmt: skip


def wait_graph(history: History, *, sessions: Sessions, runs: Sequence[Run], book: LockBook) -> WaitGraph:
    """The graph of the load pass; `runs` are the migration's runs under load."""
    waits: defaultdict[int, list[LockWaited]] = defaultdict(list)
    holds: defaultdict[int, list[LockHeld]] = defaultdict(list)
    for wait in sorted((*book.waits, *book.others), key=lambda one: (one.at_ns, one.start_ns)):
        waits[wait.pid].append(wait)
    for hold in history.of(LockHeld):
        if hold.pass_ is Pass.LOAD:
            holds[hold.pid].append(hold)
    return WaitGraph(sessions, dict(waits), dict(holds), runs, book, polled_holds(book, runs))


def _together(labels: Sequence[str]) -> tuple[str, ...]:
    return (told(tuple(dict.fromkeys(labels))),) if labels else ()


def _conflict(one: str, other: str) -> bool:
    a, b = mode_of(one), mode_of(other)
    return a is None or b is None or a.conflicts_with(b)


def _weakness(mode: str) -> int:
    known = mode_of(mode)
    return -int(known) if known is not None else 0
