"""The lock queue as a tree at any moment, and at the worst one of each statement."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.analysis.facts import BlockedFacts, StatementFacts
from harness.analysis.facts.chains import BlockedShare, ChainFacts, ChainNode
from harness.analysis.names import short
from harness.analysis.runs import Run
from harness.analysis.sessions import OperationFinder
from harness.analysis.wait_graph import HELD, QUEUE, WaitGraph
from harness.analysis.wait_words import MOST_NAMED, wanted
from harness.events.history import History
from harness.events.observation import BlockerSeen, LockWaited
from harness.events.traffic import AntagonistActed
from harness.model.spans import Span
from harness.model.words import Pass, Role


@dataclass(frozen=True, slots=True)
class Tree:
    """What a tree is built from: the graph, what actors ran, and what the server said of those in the way."""

    graph: WaitGraph
    finder: OperationFinder | None
    blockers: Mapping[tuple[int, int], BlockerSeen]
    details: Mapping[int, str]

    def roots(self, at_ns: int, *, run: Run, known: Sequence[BlockedFacts] = ()) -> tuple[ChainNode, ...]:
        """The tree around a run of a statement at a moment; `known` are waits that it is known to have caused."""
        waits = self._waiting(at_ns)
        mine = run.started.pid
        below: defaultdict[int, list[LockWaited]] = defaultdict(list)
        for wait in waits.values():
            parent = self._parent(wait, waits, mine=mine)
            if parent is not None and wait.pid != mine:
                below[parent].append(wait)
        self._hang(below, waits, mine, known)
        node = self._statement(run, waits.get(mine), below, at_ns)
        own = waits.get(mine)
        return self._above(own, node, waits, at_ns) if own is not None else (node,)

    def _waiting(self, at_ns: int) -> dict[int, LockWaited]:
        """The wait of each session at a moment, by pid."""
        found: dict[int, LockWaited] = {}
        for pid, waits in self.graph.waits.items():
            for wait in waits:
                if wait.start_ns <= at_ns < wait.end_ns:
                    found[pid] = wait
        return found

    def _parent(self, wait: LockWaited, waits: Mapping[int, LockWaited], *, mine: int) -> int | None:
        """Whom a session waits for: the migration where it is one of them, else one that waits itself, else the first.

        A session behind several waits until all of them are gone; the one named is the one that leads on.
        """
        blockers = [pid for pid in self.graph.blockers(wait) if pid != wait.pid]
        if mine in blockers:
            return mine
        return next((pid for pid in blockers if pid in waits), next(iter(blockers), None))

    def _hang(
        self,
        below: defaultdict[int, list[LockWaited]],
        waits: Mapping[int, LockWaited],
        mine: int,
        known: Sequence[BlockedFacts],
    ) -> None:
        """Waits that the statement caused stand below it, also where the log's list of holders leads elsewhere."""
        reached, fresh = {mine}, [mine]
        while fresh:
            fresh = [w.pid for pid in fresh for w in below[pid] if w.pid not in reached]
            reached.update(fresh)
        for pid in {wait.pid for wait in known} - reached:
            wait = waits.get(pid)
            if wait is not None:
                for others in below.values():
                    others[:] = [other for other in others if other.pid != pid]
                below[mine].append(wait)

    def _statement(
        self, run: Run, wait: LockWaited | None, below: Mapping[int, list[LockWaited]], at_ns: int
    ) -> ChainNode:
        mine = run.started.pid
        waiting = self._children(mine, below, at_ns, seen=frozenset({mine}))
        node = ChainNode(
            pid=mine,
            who=run.started.statement,
            role=Role.MIGRATION.value,
            statement=run.started.statement,
            sql=run.started.sql,
            waiting=waiting,
        )
        if wait is not None:
            return self._waits(node, wait, at_ns)
        held = next((w for w in below.get(mine, ()) if w.target == "relation"), next(iter(below.get(mine, ())), None))
        if held is None:
            return node
        text = self.graph.held_text(self.graph.holder(mine, held), held)
        return replace(node, holds=text.replace("public.", ""), since_ns=run.span.start_ns)

    def _children(
        self, pid: int, below: Mapping[int, list[LockWaited]], at_ns: int, *, seen: frozenset[int]
    ) -> tuple[ChainNode, ...]:
        waits = sorted((w for w in below.get(pid, ()) if w.pid not in seen), key=lambda w: (w.start_ns, w.pid))
        return tuple(
            replace(
                self._waits(self._session(wait.pid, at_ns, span=_span(wait, wait.end_ns)), wait, at_ns),
                sql=wait.query,
                waiting=self._children(wait.pid, below, at_ns, seen=seen | {wait.pid}),
            )
            for wait in waits
        )

    def _above(
        self, wait: LockWaited, node: ChainNode, waits: Mapping[int, LockWaited], at_ns: int
    ) -> tuple[ChainNode, ...]:
        """The sessions that the statement waits for, the one that leads on last with the statement below it."""
        pids = list(dict.fromkeys(pid for pid in self.graph.waited_for(wait) if pid != wait.pid))
        if not pids:
            return (node,)
        pids.sort(key=lambda pid: pid in waits)
        *others, leading = pids[-MOST_NAMED:]
        top = self._holder(leading, wait, at_ns, below=node)
        seen = {wait.pid, leading}
        while (own := waits.get(top.pid)) is not None:
            above = self._parent(own, waits, mine=wait.pid)
            top = self._waits(top, own, at_ns)
            if above is None or above in seen:
                break
            seen.add(above)
            top = self._holder(above, own, at_ns, below=top)
        beside = tuple(self._holder(pid, wait, at_ns) for pid in others)
        more = len(pids) - MOST_NAMED
        if more > 0:
            text = f"{more} other session{'s' if more > 1 else ''}"
            beside = (ChainNode(pid=0, who=text, role=Role.OTHER.value), *beside)
        return (*beside, top)

    def _holder(self, pid: int, wait: LockWaited, at_ns: int, *, below: ChainNode | None = None) -> ChainNode:
        told = self.blockers.get((wait.pid, pid))
        node = self._session(pid, at_ns, span=_span(wait, at_ns))
        holds = self._holds(pid, wait, told)
        return replace(
            node,
            sql=(told.query if told else "") or self.details.get(pid, ""),
            holds=holds,
            since_ns=told.transaction_start_ns if told else None,
            waiting=(below,) if below is not None else (),
        )

    def _holds(self, pid: int, wait: LockWaited, told: BlockerSeen | None) -> str:
        if wait.target != "relation":
            return {"virtualxid": "a snapshot", "transactionid": "a row"}.get(wait.target, wait.relation)
        modes = told.modes if told and told.modes else sorted({h.mode for h in self.graph.holds_of(pid, wait)})
        return f"{' and '.join(modes) or 'a lock'} on {short(wait.relation)}"

    def _session(self, pid: int, at_ns: int, *, span: Span) -> ChainNode:
        sessions = self.graph.sessions
        actor = sessions.actor(pid, at_ns=at_ns)
        known = self.finder is not None and sessions.role(pid) is Role.TRAFFIC
        return ChainNode(
            pid=pid,
            who=sessions.label(pid, at_ns=at_ns),
            role=sessions.role(pid).value,
            operation=self.finder.name(actor, span) if self.finder is not None and known else "",
        )

    def _waits(self, node: ChainNode, wait: LockWaited, at_ns: int) -> ChainNode:
        """The node as one that waits."""
        queued = any(pid in wait.queue for pid in self.graph.blockers(wait))
        return replace(
            node,
            wants=wanted(wait).replace("public.", ""),
            behind=QUEUE if queued else HELD,
            waited_ns=min(at_ns, wait.end_ns) - wait.start_ns,
            error_ns=wait.error_ns,
        )


def _span(wait: LockWaited, until_ns: int) -> Span:
    return Span(wait.start_ns, max(wait.start_ns, min(until_ns, wait.end_ns)))


def tree_of(history: History, *, graph: WaitGraph, finder: OperationFinder | None) -> Tree:
    """The trees of the load pass."""
    blockers = {(e.blocked, e.pid): e for e in history.of(BlockerSeen) if e.pass_ is Pass.LOAD}
    details = {e.pid: e.detail for e in history.of(AntagonistActed)}
    return Tree(graph, finder, blockers, details)


def chains_of(statements: Iterable[StatementFacts], *, tree: Tree) -> tuple[ChainFacts, ...]:
    """The chain of every statement that waited or made others wait, in the statements' order."""
    found = []
    for statement in statements:
        at = worst_moment(statement)
        run = _run_at(statement, tree.graph.runs, at) if at is not None else None
        if at is None or run is None:
            continue
        known = [wait for wait in statement.blocked if wait.span.start_ns <= at < wait.span.end_ns]
        chain = ChainFacts(
            statement=statement.id,
            direction=statement.direction,
            at_ns=at,
            roots=tree.roots(at, run=run, known=known),
            blocked=len(known),
            shares=shares_of(statement.blocked),
        )
        found.append(chain)
    return tuple(found)


def worst_moment(statement: StatementFacts) -> int | None:
    """When most sessions waited because of it, just before the first of them went on; None where nobody waited.

    While the statement waits itself, where nearly as many waited then: a queue is explained by whom it stands behind.
    For a statement that only waited, the end of its longest wait.
    """
    own = sorted(statement.waits, key=lambda wait: -wait.waited_ns)
    ends = [wait.span.end_ns - 1 for wait in own if wait.span.duration_ns > 0]
    spans = [wait.span for wait in statement.blocked if wait.span.duration_ns > 0]
    if not spans:
        return next(iter(ends), None)
    worst, most = _most(spans)
    return next((at for at in ends if _count(spans, at) >= _NEARLY * most), worst)


_NEARLY = 0.8
"""Some more come in the milliseconds between getting the lock and giving it back."""


def _most(spans: Sequence[Span]) -> tuple[int, int]:
    """The moment at which most of the spans overlap, just before the first of them ends, and how many do."""
    edges = sorted([(span.start_ns, 1) for span in spans] + [(span.end_ns, -1) for span in spans])
    most = now = worst = 0
    for number, (_, step) in enumerate(edges):
        now += step
        if now > most:
            # It stays so until the next edge, which is an end: a beginning would be more.
            most, worst = now, edges[number + 1][0] - 1
    return worst, most


def _count(spans: Sequence[Span], at_ns: int) -> int:
    return sum(span.start_ns <= at_ns < span.end_ns for span in spans)


def shares_of(blocked: Iterable[BlockedFacts]) -> tuple[BlockedShare, ...]:
    """Blocked time by lock and operation, greatest total first."""
    groups: defaultdict[tuple[str, str, str], list[BlockedFacts]] = defaultdict(list)
    for wait in blocked:
        groups[wait.lock, wait.behind, wait.operation].append(wait)
    shares = [
        BlockedShare(
            lock=lock,
            behind=behind,
            operation=operation,
            waits=len(waits),
            actors=len({w.actor if w.actor >= 0 else -w.pid for w in waits}),
            total_ns=sum(w.waited_ns for w in waits),
            max_ns=max(w.waited_ns for w in waits),
        )
        for (lock, behind, operation), waits in groups.items()
    ]
    return tuple(sorted(shares, key=lambda share: (-share.total_ns, share.lock, share.operation)))


def _run_at(statement: StatementFacts, runs: Sequence[Run], at_ns: int) -> Run | None:
    mine = [run for run in runs if run.key == (statement.direction, statement.id)]
    under_way = [run for run in mine if run.span.start_ns <= at_ns]
    return under_way[-1] if under_way else next(iter(mine), None)
