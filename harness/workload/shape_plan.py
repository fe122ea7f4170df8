"""Where the values of one shape's transactions come from: drawn, shared with an earlier place, or returned."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from harness.workload.catalog import Catalog
from harness.workload.distribute import (
    Place,
    UndrawableError,
    find_table,
    is_unique,
    parameter_for,
    rounded_width,
)
from harness.workload.links import Link, SameValue, Slot
from harness.workload.log_book import LogBook, Shape, ShapeKey, StatementTotals, Token
from harness.workload.observed import COMMON, Observed, ValueKind
from harness.workload.parameter_use import ParameterUse, Role
from harness.workload.recorded import Variant


@dataclass(frozen=True, slots=True)
class Plan:
    """What all operations of one shape share: where each slot's value comes from."""

    book: LogBook
    catalog: Catalog | None
    keep_common: bool
    key: ShapeKey
    shape: Shape
    variants: Mapping[Token, Variant]
    links: Mapping[Slot, Link]
    left_out: dict[Token, str]
    drawn: dict[Slot, str | int | float] = field(default_factory=dict)
    rows: dict[Slot, str] = field(default_factory=dict)
    """Slots whose values are of one row, with the table: drawn together."""

    def check(self) -> bool:
        """Find a parameter for every slot that needs one; a statement with a slot that has none is left out.

        True where others take a value from such a statement: then these need one of their own.
        """
        for block, tokens in enumerate(self.key.blocks):
            for place, token in enumerate(tokens):
                if token in self.variants and token not in self.left_out:
                    try:
                        self._statement(block, place, token)
                    except UndrawableError as error:
                        self.left_out[token] = str(error)
        return any(self._origin(link) in self.left_out for link in self.links.values())

    def _origin(self, link: Link) -> Token:
        block, place = link.slot[:2] if isinstance(link, SameValue) else (link.block, link.statement)
        return self.key.blocks[block][place]

    def totals(self, token: Token) -> StatementTotals:
        """What the log has of a statement."""
        return self.book.statements[token]

    def _statement(self, block: int, place: int, token: Token) -> None:
        variant = self.variants[token]
        if variant.kept_names and not (self.keep_common and self.totals(token).calls >= COMMON):
            raise UndrawableError("a key of JSON stands in its text; --keep-common-values keeps one that is common")
        own = [slot for slot in range(len(variant.slots)) if (block, place, slot) not in self.links]
        for slot in own:
            self.drawn[block, place, slot] = self.parameter((block, place, slot))
        for slots in _same_row(variant, own, self.catalog).values():
            for slot in slots:
                self.rows[block, place, slot] = variant.slots[slot].use.table

    def parameter(self, slot: Slot) -> str | int | float:
        """The distribution of a slot, or of one that has the same value and says more of it."""
        same = [slot, *(later for later, link in self.links.items() if link == SameValue(slot))]
        error = UndrawableError("nothing is known of its values")
        known = [self._known(one) for one in same]
        deletes = any(used_up and use.role is Role.EQUAL for use, _, used_up in known)
        for use, observed, _ in sorted(known, key=lambda one: self._rank(one, first=one is known[0])):
            try:
                return parameter_for(Place(use, deletes), observed, catalog=self.catalog, keep_common=self.keep_common)
            except UndrawableError as undrawable:
                error = undrawable
        raise error

    def _rank(self, known: tuple[ParameterUse, Observed, bool], *, first: bool) -> int:
        """Which use of a value says most of it: a key that is made, what is looked up, what is stored, the rest."""
        use, observed, _ = known
        table = find_table(use.table, self.catalog)
        if use.role is Role.INSERTED and (first or table is not None) and is_unique(use, table, observed):
            return 0
        if use.column and use.role in (Role.EQUAL, Role.IN):
            return 1
        return 2 if use.column and use.role in (Role.INSERTED, Role.SET) else 3

    def _known(self, slot: Slot) -> tuple[ParameterUse, Observed, bool]:
        token = self.key.blocks[slot[0]][slot[1]]
        variant = self.variants[token]
        observed = self.totals(token).observed[variant.ordinals[slot[2]]]
        return variant.slots[slot[2]].use, observed, variant.command == "DELETE"


def _same_row(variant: Variant, own: Sequence[int], catalog: Catalog | None) -> dict[str, list[int]]:
    """Slots that find rows of one table by several of its columns: drawn apart, they would find none."""
    found: dict[str, dict[str, int]] = {}
    for slot in own:
        use = variant.slots[slot].use
        if use.role is Role.EQUAL and use.column and not use.function and variant.slots[slot].group is None:
            found.setdefault(use.table, {}).setdefault(use.column, slot)
    kept = {}
    for name, columns in found.items():
        table = find_table(name, catalog)
        if len(columns) > 1 and (table is None or table.rows > 0):
            kept[name] = list(columns.values())
    return kept


def ranges(variant: Variant) -> Iterator[tuple[int, int]]:
    """Pairs of slots that are the lower and the upper bound of one column."""
    lower = {
        (slot.use.table, slot.use.column): number
        for number, slot in enumerate(variant.slots)
        if slot.use.role is Role.LOWER and slot.use.column
    }
    for number, slot in enumerate(variant.slots):
        if slot.use.role is Role.UPPER and (slot.use.table, slot.use.column) in lower:
            yield lower[slot.use.table, slot.use.column], number


def width_of(plan: Plan, block: int, place: int, lower: int, upper: int) -> tuple[int, int] | None:
    """How far apart two integer bounds are, rounded; None where the log does not say."""
    token = plan.key.blocks[block][place]
    variant, observed = plan.variants[token], plan.totals(token).observed
    if any(observed[variant.ordinals[slot]].kind is not ValueKind.INTEGER for slot in (lower, upper)):
        return None
    widths = []
    for instance in plan.shape.instances:
        before = sum(len(plan.key.blocks[i]) * instance.counts[i] for i in range(block))
        values = instance.values[before + place]
        if len(values) == len(variant.slots):
            low, high = values[lower], values[upper]
            if low is not None and high is not None:
                widths.append(int(high) - int(low))
    return rounded_width(min(widths), max(widths)) if widths else None
