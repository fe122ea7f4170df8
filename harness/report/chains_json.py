"""Blocking chains and deadlocks of rehearsal.json."""

from harness.analysis.facts import BlockedShare, ChainNode, DeadlockSideFacts, Facts
from harness.report import shapes
from harness.report.words import milliseconds


def chains(facts: Facts) -> tuple[shapes.Chain, ...]:
    """The lock queue around each statement that waited or made others wait."""
    return tuple(
        shapes.Chain(
            statement=chain.statement,
            direction=chain.direction.value,
            at_ms=milliseconds(chain.at_ns),
            blocked=chain.blocked,
            roots=tuple(map(_node, chain.roots)),
            shares=tuple(map(_share, chain.shares)),
        )
        for chain in facts.chains
    )


def deadlocks(facts: Facts) -> tuple[shapes.Deadlock, ...]:
    """The deadlocks with all their sides."""
    return tuple(
        shapes.Deadlock(
            at_ms=milliseconds(one.at_ns),
            victim=one.victim,
            role=one.role,
            statement=one.statement or None,
            sides=tuple(map(_side, one.sides)),
        )
        for one in facts.deadlocks
    )


def _node(node: ChainNode) -> shapes.ChainNode:
    return shapes.ChainNode(
        pid=node.pid,
        who=node.who,
        role=node.role,
        statement=node.statement,
        operation=node.operation,
        sql=node.sql,
        wants=node.wants,
        behind=node.behind,
        waited_ms=milliseconds(node.waited_ns),
        error_ms=milliseconds(node.error_ns) if node.wants else None,
        holds=node.holds,
        since_ms=milliseconds(node.since_ns),
        waiting=tuple(map(_node, node.waiting)),
    )


def _share(share: BlockedShare) -> shapes.BlockedShare:
    return shapes.BlockedShare(
        lock=share.lock,
        behind=share.behind,
        operation=share.operation,
        waits=share.waits,
        actors=share.actors,
        total_ms=milliseconds(share.total_ns),
        max_ms=milliseconds(share.max_ns),
    )


def _side(side: DeadlockSideFacts) -> shapes.DeadlockSide:
    return shapes.DeadlockSide(
        pid=side.pid,
        who=side.who,
        role=side.role,
        what=side.what,
        wanted=side.wanted,
        blocked_by=side.blocked_by,
        query=side.query,
    )
