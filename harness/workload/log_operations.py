"""Operations out of the shapes of a log's transactions."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from harness.spec.placeholders import Piece, pieces
from harness.spec.scenario import OperationSpec, StatementSpec
from harness.spec.targets import find_targets
from harness.workload.catalog import Catalog, quoted
from harness.workload.derived import Expectation
from harness.workload.links import Returned, SameValue, Slot, find_links
from harness.workload.log_book import LogBook, Shape, ShapeKey, Token
from harness.workload.parameter_use import ParameterUse, Role
from harness.workload.recorded import Variant
from harness.workload.shape_plan import Plan, ranges, width_of

MOST_STATEMENTS: Final = 250
"""Of one operation: operations.bin tells 255 apart, and BEGIN, COMMIT and the like are some of them."""
_NAMED: Final = 3  # relations that an operation's name tells
_NUMBERED: Final = re.compile(r"\$(\d+)")
_PLAIN: Final = re.compile(r"[a-z_][a-z0-9_]*")
_ROLES: Final = {Role.LIMIT: "limit", Role.OFFSET: "offset"}

Step: TypeAlias = tuple[int, int, int]
"""Block, repetition, statement in the block."""


@dataclass(slots=True)
class Made:
    """Operations of one shape, and the statements that had to be left out of them, with the reason."""

    operations: list[OperationSpec] = field(default_factory=list)
    expectations: list[Expectation] = field(default_factory=list)
    left_out: dict[Token, str] = field(default_factory=dict)
    shortened: int = 0


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes operations of shapes; names are given once."""

    book: LogBook
    catalog: Catalog | None
    keep_common: bool
    names: Counter[str] = field(default_factory=Counter)

    def make(self, key: ShapeKey, shape: Shape) -> Made:
        """The operations that stand for a shape: one for each number of repetitions that is told apart."""
        made = Made()
        variants = {
            token: totals.typical
            for block in key.blocks
            for token in block
            if (totals := self.book.statements.get(token)) is not None
        }
        links = find_links(key, shape.instances, variants, self.catalog)
        plan = Plan(self.book, self.catalog, self.keep_common, key, shape, variants, links, made.left_out)
        while plan.check():
            # Links to what is left out are gone; what was linked to one INSERT may still be the same value.
            sound = {token: variant for token, variant in variants.items() if token not in made.left_out}
            links = find_links(key, shape.instances, sound, self.catalog)
            plan = Plan(self.book, self.catalog, self.keep_common, key, shape, variants, links, made.left_out)
        if all(token in made.left_out or token.startswith(" ") for block in key.blocks for token in block):
            return made
        for counts, weight in shape.repetitions.operations():
            fitting, factor = _fitting(key, counts)
            made.shortened += fitting != counts
            operation = _Operation(plan, self.name).build(fitting, weight * factor)
            made.operations.append(operation.spec)
            made.expectations += operation.expectations
        return made

    def name(self, variants: Sequence[Variant]) -> str:
        """What an operation is called: its first relations, those it writes first."""
        writes: dict[str, None] = {}
        reads: dict[str, None] = {}
        for variant in variants:
            targets = find_targets(variant.text)
            writes |= dict.fromkeys(f"{variant.command.lower()} {table}" for table in targets.writes)
            if not targets.writes:
                reads |= dict.fromkeys(f"select {table}" for table in targets.reads[:1])
        told = [*writes, *reads]
        rest = f", {len(told) - _NAMED} more" if len(told) > _NAMED else ""
        name = ", ".join(told[:_NAMED]) + rest if told else variants[0].command.lower()
        self.names[name] += 1
        return name if self.names[name] == 1 else f"{name} #{self.names[name]}"


def _fitting(key: ShapeKey, counts: tuple[int, ...]) -> tuple[tuple[int, ...], float]:
    """`counts` so that the operation is not too long, and how much more often it then runs."""
    total = sum(len(block) * count for block, count in zip(key.blocks, counts, strict=True))
    if total <= MOST_STATEMENTS:
        return counts, 1.0
    share = MOST_STATEMENTS / total
    fewer = tuple(max(1, int(count * share)) for count in counts)
    new = sum(len(block) * count for block, count in zip(key.blocks, fewer, strict=True))
    return fewer, total / new


@dataclass(slots=True)
class _Built:
    spec: OperationSpec
    expectations: list[Expectation]


@dataclass(slots=True)
class _Operation:
    """One operation while it is put together."""

    plan: Plan
    namer: Callable[[Sequence[Variant]], str]
    params: dict[str, str | int | float] = field(default_factory=dict)
    known: dict[tuple[Slot, int], str] = field(default_factory=dict)
    """The name of the parameter of a slot in a repetition."""
    returned: dict[tuple[int, int, int], dict[int, str]] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    rows: Counter[str] = field(default_factory=Counter)

    def build(self, counts: tuple[int, ...], weight: float) -> _Built:
        """The operation with these repetitions."""
        plan, key = self.plan, self.plan.key
        steps = [
            (block, repetition, place)
            for block, times in enumerate(counts)
            for repetition in range(times)
            for place in range(len(key.blocks[block]))
            if key.blocks[block][place] not in plan.left_out
        ]
        tokens = [key.blocks[block][place] for block, _, place in steps]
        texts = [self._text(step, token) for step, token in zip(steps, tokens, strict=True)]
        sql: list[str | StatementSpec] = [
            self._spec(step, token, text) for step, token, text in zip(steps, tokens, texts, strict=True)
        ]
        first = 0
        if key.explicit and (len(sql) == 1 or key.rolls_back or key.begin != "BEGIN"):
            sql = [key.begin, *sql, "ROLLBACK" if key.rolls_back else "COMMIT"]
            first = 1
        variants = [plan.variants[token] for token in tokens if token in plan.variants]
        name = self.namer(variants)
        weight = float(f"{weight:.6g}")
        only = sql[0] if len(sql) == 1 and isinstance(sql[0], str) else None
        spec = OperationSpec(name=name, weight=weight, sql=only if only is not None else tuple(sql), params=self.params)
        return _Built(spec, list(self._expectations(name, tokens, first, weight)))

    def _expectations(self, name: str, tokens: Sequence[Token], first: int, weight: float) -> Iterator[Expectation]:
        for number, token in enumerate(tokens, start=first):
            if token in self.plan.variants:
                totals = self.plan.totals(token)
                taken = totals.time_ns / totals.timed if totals.timed else None
                yield Expectation(name, number, round(weight), time_per_call_ns=taken)

    def _text(self, step: Step, token: Token) -> str:
        if token not in self.plan.variants:
            return token.strip()
        block, repetition, place = step
        variant = self.plan.variants[token]
        row_names = {}
        for slot in range(len(variant.slots)):
            table = self.plan.rows.get((block, place, slot), "")
            if table and table not in row_names:
                self.rows[table] += 1
                row_names[table] = "" if self.rows[table] == 1 else f", {self.rows[table]}"
            self._name((block, place, slot), repetition, variant, row_names.get(table, ""))
        self._order(block, repetition, place, variant)
        return _with_names(variant.text, [self.known[(block, place, n), repetition] for n in range(len(variant.slots))])

    def _name(self, slot: Slot, repetition: int, variant: Variant, row: str) -> None:
        """Give the slot a parameter of its own, or that of the slot it shares its value with."""
        link = self.plan.links.get(slot)
        use = variant.slots[slot[2]].use
        if isinstance(link, SameValue):
            at = repetition if link.slot[0] == slot[0] else 0
            if (known := self.known.get((link.slot, at))) is not None:
                self.known[slot, repetition] = known
                return
        if isinstance(link, Returned):
            at = repetition if link.block == slot[0] else 0
            inserted = self.returned.setdefault((link.block, at, link.statement), {})
            name = inserted.get(link.column) or self._free(f"new_{_base(use)}")
            inserted[link.column] = self.known[slot, repetition] = name
            return
        name = self.known[slot, repetition] = self._free(_base(use))
        if slot in self.plan.rows:
            self.params[name] = f"row({use.table}.{quoted(use.column)}{row})"
        else:
            self.params[name] = self.plan.drawn[slot]

    def _free(self, base: str) -> str:
        name, number = base, 1
        while name in self.taken:
            number += 1
            name = f"{base}_{number}"
        self.taken.add(name)
        return name

    def _order(self, block: int, repetition: int, place: int, variant: Variant) -> None:
        """The upper bound of a range lies above its lower one, as far as it does in the log."""
        for lower, upper in ranges(variant):
            slots = [(block, place, lower), (block, place, upper)]
            if any(slot in self.plan.links or slot in self.plan.rows for slot in slots):
                continue
            width = width_of(self.plan, block, place, lower, upper)
            low, high = (self.known[slot, repetition] for slot in slots)
            if width is not None:
                self.params[high] = f"expr(:{low} + random({width[0]}, {width[1]}))"

    def _spec(self, step: Step, token: Token, text: str) -> str | StatementSpec:
        """The statement, with the names that take what it returns."""
        inserted = self.returned.get(step)
        if not inserted or token not in self.plan.variants:
            return text
        columns = self.plan.variants[token].returned
        into = tuple(inserted.get(n) or self._free(f"unused_{_plain(column)}") for n, column in enumerate(columns))
        return StatementSpec(sql=text, into=into[0] if len(into) == 1 else into)


def _with_names(text: str, names: Sequence[str]) -> str:
    """`text` with `:name` for each `$n`."""

    def named(match: re.Match[str]) -> str:
        return f":{names[int(match[1]) - 1]}"

    return "".join(_NUMBERED.sub(named, part) if kind is Piece.CODE else part for kind, part in pieces(text))


def _base(use: ParameterUse) -> str:
    return _ROLES.get(use.role) or _plain(use.column)


def _plain(column: str) -> str:
    return column if _PLAIN.fullmatch(column) else "value"
