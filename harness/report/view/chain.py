"""The lock queue of a statement as lines: who held, who waited, indented below whom it waited for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.analysis.facts import ChainFacts, ChainNode, Facts, StatementFacts
from harness.model.units import plural
from harness.model.words import Role
from harness.report.view.model import ChainLink, ChainView
from harness.report.words import duration, one_line

_MOST_SQL = 90
"""Characters of a query that a line shows: it is there to be recognised."""

_MOST_SHARES = 6

NO_CHAIN = ChainView(moment="", links=(), shares=())
"""The chain of a statement that neither waited nor made others wait."""


def chain_view(statement: StatementFacts | None, facts: Facts) -> ChainView:
    """The chain of a statement at its worst moment; without lines where it neither waited nor made others wait."""
    if statement is None:
        return NO_CHAIN
    key = statement.id, statement.direction
    chain = next((one for one in facts.chains if (one.statement, one.direction) == key), None)
    if chain is None:
        return NO_CHAIN
    links = [link for root in chain.roots for link in _lines(root, statement, facts, depth=0)]
    return ChainView(moment=_moment(chain, facts), links=tuple(links), shares=_shares(chain))


def _moment(chain: ChainFacts, facts: Facts) -> str:
    of = f" of {facts.traffic.actors}" if facts.traffic else ""
    waiting = f"{chain.blocked}{of} actors waiting" if chain.blocked else "nobody behind it"
    return f"at {facts.moment(chain.at_ns)}, {waiting}"


def _shares(chain: ChainFacts) -> tuple[str, ...]:
    """What each lock cost each operation; the tree says it where all waits were going on at its moment."""
    if sum(share.waits for share in chain.shares) <= chain.blocked:
        return ()
    lines = [
        f"{share.operation or 'not known'}: {plural(share.waits, 'wait')} of {plural(share.actors, 'actor')}, "
        f"{duration(share.total_ns)} in all, the longest {duration(share.max_ns)}, "
        f"behind {'the request for ' if share.behind == 'queue' else ''}{_short(share.lock)}"
        for share in chain.shares
    ]
    more = len(lines) - _MOST_SHARES
    return tuple(lines if more <= 0 else [*lines[:_MOST_SHARES], f"and {more} more"])


def _lines(node: ChainNode, statement: StatementFacts, facts: Facts, *, depth: int) -> Iterator[ChainLink]:
    yield _link(node, statement, facts, depth=depth)
    for group in _groups(node.waiting):
        if len(group.nodes) == 1 and group.nodes[0].waiting:
            yield from _lines(group.nodes[0], statement, facts, depth=depth + 1)
        else:
            yield _group(group, depth=depth + 1)


def _link(node: ChainNode, statement: StatementFacts, facts: Facts, *, depth: int) -> ChainLink:
    is_migration = node.statement == statement.id
    who = node.who if not node.operation else f"{node.who} ({node.operation})"
    return ChainLink(
        who=who,
        what=" · ".join(part for part in (_holding(node, statement, facts), _waiting(node, statement)) if part),
        role="migration" if is_migration else "actors" if node.role == Role.TRAFFIC.value and node.wants else "root",
        query=one_line(node.sql, limit=_MOST_SQL),
        depth=depth,
    )


def _holding(node: ChainNode, statement: StatementFacts, facts: Facts) -> str:
    if not node.holds:
        return ""
    held = f"held {_short(node.holds)}"
    if node.statement == statement.id and statement.held_ns is not None:
        return f"{held} for {duration(statement.held_ns, error_ns=statement.held_error_ns)}"
    return held + (f", in a transaction since {facts.moment(node.since_ns)}" if node.since_ns is not None else "")


def _waiting(node: ChainNode, statement: StatementFacts) -> str:
    if not node.wants:
        return ""
    if node.statement == statement.id:
        # Its wait as a whole, which is the figure of the statements table, not up to the moment.
        wait = max(statement.waits, key=lambda one: one.waited_ns, default=None)
        if wait is not None:
            return f"waited {duration(wait.waited_ns, error_ns=wait.error_ns)} for {_short(node.wants)}"
    return f"waited {duration(node.waited_ns, error_ns=node.error_ns)} for {_short(node.wants)}"


@dataclass(frozen=True, slots=True)
class _Group:
    nodes: tuple[ChainNode, ...]


def _groups(nodes: Sequence[ChainNode]) -> list[_Group]:
    """Sessions that run the same, wait for the same, and have nobody behind them are told as one, in queue order."""
    groups: dict[object, list[ChainNode]] = {}
    for node in nodes:
        alike = not node.waiting and node.role == Role.TRAFFIC.value
        groups.setdefault((node.operation, node.wants, node.behind) if alike else node.pid, []).append(node)
    return [_Group(tuple(group)) for group in groups.values()]


def _group(group: _Group, *, depth: int) -> ChainLink:
    nodes = group.nodes
    first, waited = nodes[0], [node.waited_ns or 0 for node in nodes]
    if len(nodes) == 1:
        who = f"{first.who} ({first.operation})" if first.operation else first.who
    else:
        who = f"{first.operation or 'actors'} ×{len(nodes)}"
    longest = max(nodes, key=lambda node: node.waited_ns or 0)
    up_to = "up to " if len(set(waited)) > 1 else ""
    return ChainLink(
        who=who,
        what=f"waited {up_to}{duration(longest.waited_ns, error_ns=longest.error_ns)} for {_short(first.wants)}",
        role="actors" if first.role == Role.TRAFFIC.value else "root",
        query=one_line(first.sql, limit=_MOST_SQL),
        depth=depth,
    )


def _short(text: str) -> str:
    return text.replace("public.", "").replace("Lock on ", " on ").replace("Lock of a ", " of a ")
