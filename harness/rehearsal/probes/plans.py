"""What the planner thinks of the application's statements before and after: the same statement, the same values."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from harness.events.versions import PlanCompared
from harness.model.clock import Clock
from harness.model.words import Pass
from harness.rehearsal.execution import DONE
from harness.rehearsal.probes.app import AppSession, Caller, Sent

_EXPLAINED: Final = frozenset({"select_stmt", "insert_stmt", "update_stmt", "delete_stmt", "merge_stmt"})
_GREW: Final = 2.0  # a smaller difference is not worth a line in the journal
_DEEPEST: Final = 12  # levels of a plan that are told


@dataclass(frozen=True, slots=True)
class _Plan:
    """A plan's total cost and its nodes, without conditions, which quote values."""

    cost: float
    nodes: tuple[str, ...]


@dataclass(slots=True)
class Plans:
    """The plans before, kept to compare with; nothing is executed."""

    pass_: Pass
    clock: Clock
    _before: list[tuple[Caller, AppSession, int, Sent, _Plan]] = field(default_factory=list)

    def look(self, caller: Caller, session: AppSession) -> None:
        """Explain what the operation sent last, in a session that stands as after it."""
        for number, several in caller.sent.items():
            if caller.kind_of(number) not in _EXPLAINED:
                continue
            for sent in several:
                plan = _explain(session, sent)
                if plan is not None:
                    self._before.append((caller, session, number, sent, plan))

    def compare(self) -> Iterator[PlanCompared]:
        """Explain again: of each statement the comparison that grew most, where it grew at all."""
        worst: dict[tuple[int, int], PlanCompared] = {}
        for caller, session, number, sent, before in self._before:
            after = _explain(session, sent)
            if after is None or after.cost < before.cost * _GREW:
                continue
            key = (caller.operation.index, number)
            known = worst.get(key)
            if known is None or after.cost - before.cost > known.cost_after - known.cost_before:
                worst[key] = self._compared(caller, number, before, after)
        yield from worst.values()

    def _compared(self, caller: Caller, number: int, before: _Plan, after: _Plan) -> PlanCompared:
        return PlanCompared(
            at_ns=self.clock.now_ns(),
            pass_=self.pass_,
            operation=caller.operation.name,
            version=caller.operation.version,
            statement=number,
            sql=caller.operation.statements[number].source,
            cost_before=before.cost,
            cost_after=after.cost,
            plan_before=before.nodes,
            plan_after=after.nodes,
        )


def _explain(session: AppSession, sent: Sent) -> _Plan | None:
    """None where the server does not plan it (any more)."""
    text = b"EXPLAIN (FORMAT JSON) " + sent.text
    pgconn = session.pgconn
    result = pgconn.exec_(text) if sent.values is None else pgconn.exec_params(text, sent.values)
    if result.status not in DONE or not result.ntuples:
        return None
    root = json.loads(result.get_value(0, 0) or b"[]")[0]["Plan"]
    return _Plan(float(root["Total Cost"]), tuple(_nodes([root], 0)))


def _nodes(plans: Sequence[dict[str, Any]], depth: int) -> Iterator[str]:
    for plan in plans if depth < _DEEPEST else ():
        index, relation = plan.get("Index Name"), plan.get("Relation Name")
        what = str(plan["Node Type"]) + (f" using {index}" if index else "") + (f" on {relation}" if relation else "")
        yield f"{'  ' * depth}{what}  (cost {plan['Total Cost']:,.0f}, rows {plan['Plan Rows']:,})"
        yield from _nodes(plan.get("Plans", ()), depth + 1)
