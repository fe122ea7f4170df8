"""Values that belong together in a transaction: the same one used again, or one that an INSERT returned."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Final, TypeAlias

from harness.workload.catalog import Catalog
from harness.workload.distribute import find_table
from harness.workload.log_book import Instance, ShapeKey
from harness.workload.parameter_use import Role
from harness.workload.recorded import Variant

_ENOUGH: Final = 3  # transactions in which two values must be known
_ALWAYS: Final = 0.95  # of the transactions: the odd one may differ (a retry, a bug)
_CHANCE: Final = 1e-4
_MOST_SLOTS: Final = 300  # every pair of them is looked at
_RISING: Final = 0.7  # of neighbours: sessions that run at once swap places

Slot: TypeAlias = tuple[int, int, int]
"""Block, statement in the block, slot of the statement."""


@dataclass(frozen=True, slots=True)
class SameValue:
    """The value of an earlier slot; in the same repetition where both are in one block."""

    slot: Slot


@dataclass(frozen=True, slots=True)
class Returned:
    """Column `column` of what an earlier INSERT (block, statement) returned."""

    block: int
    statement: int
    column: int


Link: TypeAlias = SameValue | Returned


def find_links(
    key: ShapeKey, instances: Sequence[Instance], variants: Mapping[str, Variant], catalog: Catalog | None
) -> dict[Slot, Link]:
    """What each slot of a shape takes its value from, where that is another place of the transaction."""
    search = _Search(key, instances, variants, catalog)
    found: dict[Slot, Link] = {}
    slots = list(islice(search.slots(), _MOST_SLOTS))
    for index, slot in enumerate(slots):
        if slot in found:
            continue
        if (same := search.same_list(slot, slots[:index])) is not None:
            found |= {own: SameValue(other) for own, other in same.items() if other not in found}
            continue
        earlier = next((other for other in slots[:index] if other not in found and search.equal(other, slot)), None)
        if earlier is not None:
            found[slot] = SameValue(earlier)
        elif (returned := search.returned(slot)) is not None:
            found[slot] = returned
    return found


@dataclass(frozen=True, slots=True)
class _Search:
    key: ShapeKey
    instances: Sequence[Instance]
    variants: Mapping[str, Variant]
    catalog: Catalog | None

    def slots(self) -> Iterator[Slot]:
        for block, tokens in enumerate(self.key.blocks):
            for place, token in enumerate(tokens):
                if token in self.variants:
                    yield from ((block, place, slot) for slot in range(len(self.variants[token].slots)))

    def equal(self, earlier: Slot, later: Slot) -> bool:
        """Whether the two are equal in nearly all transactions, and differ between them."""
        pairs = [pair for instance in self.instances for pair in self._pairs(instance, earlier, later)]
        known = [(a, b) for a, b in pairs if a is not None and b is not None]
        if len(known) < _ENOUGH or sum(a == b for a, b in known) < _ALWAYS * len(known):
            return False
        # If the two were drawn apart, as often as their values occur, so many would hardly be equal by chance.
        chance = sum((n / len(known)) ** 2 for n in Counter(a for a, _ in known).values())
        return chance ** len(known) < _CHANCE

    def same_list(self, slot: Slot, before: Sequence[Slot]) -> dict[Slot, Slot] | None:
        """For a list that has the elements of an earlier one, in whatever order: each slot with one of that."""
        own = self._list(slot)
        if len(own) < 2 or own[0] != slot:
            return None
        for other in before:
            theirs = self._list(other)
            if len(theirs) == len(own) and theirs[0] == other and self._equal_lists(theirs, own):
                return dict(zip(own, theirs, strict=True))
        return None

    def _list(self, slot: Slot) -> list[Slot]:
        """All slots of the list that `slot` is an element of."""
        slots = self.variants[self.key.blocks[slot[0]][slot[1]]].slots
        group = slots[slot[2]].group
        return [(slot[0], slot[1], n) for n, one in enumerate(slots) if group is not None and one.group == group]

    def _equal_lists(self, earlier: Sequence[Slot], later: Sequence[Slot]) -> bool:
        known = 0
        for instance in self.instances:
            if instance.counts[earlier[0][0]] != 1 or instance.counts[later[0][0]] != 1:
                return False
            one, other = ([self._value(instance, slot, 0) for slot in slots] for slots in (earlier, later))
            if None in one or None in other:
                continue
            known += 1
            if Counter(one) != Counter(other):
                return False
        return known >= _ENOUGH

    def _pairs(self, instance: Instance, earlier: Slot, later: Slot) -> Iterator[tuple[str | None, str | None]]:
        times = instance.counts[later[0]]
        same = earlier[0] == later[0]
        if not same and instance.counts[earlier[0]] != 1:
            yield None, None  # which of the repetitions it would be, nobody can tell
            return
        for repetition in range(times):
            yield (
                self._value(instance, earlier, repetition if same else 0),
                self._value(instance, later, repetition),
            )

    def _value(self, instance: Instance, slot: Slot, repetition: int) -> str | None:
        block, place, number = slot
        blocks = self.key.blocks
        before = sum(len(blocks[i]) * instance.counts[i] for i in range(block))
        values = instance.values[before + repetition * len(blocks[block]) + place]
        expected = len(self.variants[blocks[block][place]].slots)
        return values[number] if len(values) == expected else None

    def returned(self, slot: Slot) -> Returned | None:
        """The INSERT before it that must have made this value: of its key, and never seen before."""
        block, place, number = slot
        use = self.variants[self.key.blocks[block][place]].slots[number].use
        if not use.column or use.role not in (Role.EQUAL, Role.IN, Role.INSERTED, Role.SET):
            return None
        if not self._is_new(slot):
            return None
        for earlier in range(block, -1, -1):
            tokens = self.key.blocks[earlier]
            once = earlier == block or all(instance.counts[earlier] == 1 for instance in self.instances)
            for statement in range((place if earlier == block else len(tokens)) - 1, -1, -1):
                inserted = self.variants.get(tokens[statement])
                if once and inserted is not None and (column := self._column(inserted, use.table, use.column)) >= 0:
                    return Returned(earlier, statement, column)
        return None

    def _is_new(self, slot: Slot) -> bool:
        """Whether it looks like a key made just before: each transaction has another one, mostly a greater one."""
        values = [
            value
            for instance in self.instances
            if instance.counts[slot[0]] and (value := self._value(instance, slot, 0)) is not None
        ]
        if len(values) < _ENOUGH or len(set(values)) < _ALWAYS * len(values):
            return False
        if not all(value.isdigit() and len(value) < 19 for value in values):
            return all(len(value) == 36 for value in values)  # UUIDs
        rising = sum(int(a) < int(b) for a, b in pairwise(values))
        return rising >= _RISING * (len(values) - 1)

    def _column(self, inserted: Variant, table: str, column: str) -> int:
        """Which returned column of `inserted` (one row) table.column refers to; -1 for none."""
        if not inserted.target or not inserted.returned or any(length > 1 for length in inserted.lengths):
            return -1
        known = find_table(table, self.catalog)
        bare = table.rpartition(".")[2].strip('"')
        if bare == inserted.target and column in inserted.returned:
            return inserted.returned.index(column)
        if known is not None:
            for key in known.foreign_keys:
                if key.columns == (column,) and key.target.rpartition(".")[2] == inserted.target:
                    wanted = key.target_columns[0]
                    return inserted.returned.index(wanted) if wanted in inserted.returned else -1
            return -1
        return _by_name(inserted, column)


def _by_name(inserted: Variant, column: str) -> int:
    """order_id is orders.id, by the habit of naming; only asked where no catalog knows."""
    for index, returned in enumerate(inserted.returned):
        stem = column.removesuffix(f"_{returned}")
        if stem != column and stem and inserted.target.startswith(stem.rstrip("y")):
            return index
    return -1
