"""Recorded statements, with constants or bound values, to what they have in common and the values apart from it."""

import hashlib
import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import postgast

from harness.workload.bound_arrays import array_items, array_type
from harness.workload.catalog import Catalog
from harness.workload.constants import (
    Constant,
    Constants,
    is_code,
    is_number,
    put_array,
    put_cast,
    put_null,
    put_parameter,
    shorten_array,
)
from harness.workload.distribute import find_table
from harness.workload.literals import Template, template_of
from harness.workload.outline import Outline, UnsuitedError, command_word, outline_of, uses_of
from harness.workload.parameter_use import ParameterUse, Role, main_use

_CACHED: Final = 20_000  # templates: at a few kB each, some tens of MB
_MAX_VARIANTS: Final = 8  # of kept constants; more of them are data, not code
_MAX_TEXT: Final = 200_000  # characters: longer ones are bulk loads in disguise
_HEAD: Final = 1_000  # characters in which the first word is looked for
_EXACT_LENGTH: Final = 8
_BUCKET: Final = 1.25  # lists longer than that are alike up to a quarter
_NUMBERED: Final = re.compile(r"\$\d+")


@dataclass(frozen=True, slots=True)
class Slot:
    """A parameter `$n` of a variant: its main use, and the list (with its place in the items) it belongs to."""

    use: ParameterUse
    group: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Variant:
    """What many calls have in common.

    `identity` is equal for statements that differ in values, and in list lengths that are nearly the same; `slots[n]`
    is `$n+1` of `text`. `lengths` are its lists'. `kept_names`: keys of JSON values stand in the text.
    """

    identity: str
    text: str
    command: str
    slots: tuple[Slot, ...]
    ordinals: tuple[int, ...]
    """For each slot the number of its distribution: elements at the same place of one list share theirs."""
    lengths: tuple[int, ...] = ()
    target: str = ""
    returned: tuple[str, ...] = ()
    kept_names: bool = False


@dataclass(frozen=True, slots=True)
class Recorded:
    """One call: its variant and the value of each slot; None where the log does not say it."""

    variant: Variant
    values: tuple[str | None, ...]


class StatementReader:
    """Statements of a log to variants; what it keeps is bounded, and knows no values."""

    def __init__(self, catalog: Catalog | None = None) -> None:
        self._catalog = catalog
        self._outlines: OrderedDict[str, Outline | UnsuitedError] = OrderedDict()
        self._variants: OrderedDict[tuple[object, ...], tuple[Variant, tuple[object, ...]]] = OrderedDict()
        self._kept: OrderedDict[str, set[tuple[str, ...]]] = OrderedDict()

    def read(self, sql: str, parameters: Mapping[int, str | None]) -> Recorded:
        """One statement (not several); `parameters` are bound values, None for NULL. UnsuitedError says why not."""
        if len(sql) > _MAX_TEXT:
            raise UnsuitedError(f"longer than {_MAX_TEXT:,} characters", statement=command_word(sql[:_HEAD]))
        if "\0" in sql:
            raise UnsuitedError("no text of PostgreSQL", statement="")
        template = template_of(sql)
        outline = self._outline(sql, template)
        values = [
            _value(source, template, parameters, negative=index in outline.negative)
            for index, source in enumerate(outline.sources)
        ]
        kept = self._kept_values(template.text, outline, values)
        nulls = tuple(
            i for i, source in enumerate(outline.sources) if source < 0 and parameters.get(-1 - source, "") is None
        )
        arrays = {i: array_items(values[i]) for i in outline.arrays if values[i] is not None}
        key = (template.text, kept, nulls, tuple((i, len(items or ())) for i, items in arrays.items()))
        found = self._variants.get(key)
        if found is None:
            found = self._build(sql, outline, kept, nulls, arrays)
            _remember(self._variants, key, found)
        variant, order = found
        return Recorded(variant, tuple(_ordered(order, values, arrays)))

    def _outline(self, sql: str, template: Template) -> Outline:
        outline = self._outlines.get(template.text)
        if outline is None:
            try:
                outline = outline_of(sql, template, self._catalog)
            except UnsuitedError as error:
                outline = error
            _remember(self._outlines, template.text, outline)
        if isinstance(outline, UnsuitedError):
            raise outline
        return outline

    def _kept_values(self, template: str, outline: Outline, values: Sequence[str | None]) -> tuple[str, ...]:
        """The constants that stay in the text; none where they differ too often to be code."""
        kept = tuple(
            value if value is not None and is_code(kept, value) else "\0"
            for kept, value in zip(outline.maybe_code, values, strict=True)
        )
        if not any(value != "\0" for value in kept):
            return ()
        seen = self._kept.get(template)
        if seen is None:
            seen = set()
            _remember(self._kept, template, seen)
        if kept not in seen and len(seen) >= _MAX_VARIANTS:
            return ()
        seen.add(kept)
        return kept

    def _build(
        self,
        sql: str,
        outline: Outline,
        kept: tuple[str, ...],
        nulls: tuple[int, ...],
        arrays: Mapping[int, list[str] | None],
    ) -> tuple[Variant, tuple[object, ...]]:
        tree: Any = postgast.parse(sql)
        constants = Constants(tree.stmts[0].stmt)
        placed = _Placed()
        for index, constant in enumerate(constants.found):
            if kept and kept[index] != "\0":
                placed.keep(constant)
            elif index in nulls:
                put_null(constant.wrapper)
            elif (items := arrays.get(index)) is not None:
                placed.put_items(index, constant, items)
            else:
                placed.put_one(index, constant, source=outline.sources[index])
        uses = uses_of(tree, self._catalog)
        for constant, number, type_ in placed.single:
            if type_ and not constant.is_cast and self._needs_type(main_use(uses, number)):
                put_cast(constant.wrapper, type_)
        text = str(postgast.deparse(tree))
        slots = tuple(Slot(main_use(uses, n + 1), group) for n, group in enumerate(placed.groups))
        lengths = (*constants.lengths(), *(len(items or ()) for items in arrays.values()))
        target, returned = _written(tree.stmts[0].stmt)
        variant = Variant(
            identity=_identity(_skeleton(tree, constants, placed), lengths),
            text=text,
            command=outline.command,
            slots=slots,
            ordinals=_ordinals(placed.groups),
            lengths=lengths,
            target=target,
            returned=returned,
            kept_names=placed.keeps_names,
        )
        return variant, tuple(placed.order)

    def _needs_type(self, use: ParameterUse) -> bool:
        """Whether the server could take a parameter for something else than the number that stood here."""
        if use.role is Role.TERM:
            table = find_table(use.table, self._catalog)
            column = table.column(use.column) if table else None
            return column is None or column.category != "N"
        return use.role is Role.OTHER


@dataclass(slots=True)
class _Placed:
    """The parameters that took the places of constants.

    `order[n]` says whose value `$n+1` takes: a constant's index, or that and the place among its items.
    `single` are those for one value, with their number and, for a number, its type; `arrays` the nodes of lists.
    """

    order: list[object] = field(default_factory=list)
    groups: list[tuple[int, int] | None] = field(default_factory=list)
    single: list[tuple[Constant, int, str]] = field(default_factory=list)
    arrays: list[Any] = field(default_factory=list)
    keeps_names: bool = False
    _numbers: dict[int, int] = field(default_factory=dict)

    def keep(self, constant: Constant) -> None:
        """It stays in the text."""
        self.keeps_names = self.keeps_names or constant.kept == "name"

    def put_items(self, index: int, constant: Constant, items: list[str]) -> None:
        """A parameter for each item of a list that was one value."""
        first = len(self.order) + 1
        self.order += [(index, place) for place in range(len(items))]
        self.groups += [(-1 - index, 0)] * len(items)
        put_array(constant.wrapper, range(first, first + len(items)), array_type(constant, items))
        self.arrays.append(constant.wrapper)

    def put_one(self, index: int, constant: Constant, *, source: int) -> None:
        """A parameter; a bound one (`source` below 0) that stands in several places is one parameter still."""
        number = self._numbers.get(source) if source < 0 else None
        if number is None:
            self.order.append(index)
            self.groups.append(constant.group)
            number = len(self.order)
            if source < 0:
                self._numbers[source] = number
        self.single.append((constant, number, "" if constant.is_parameter else is_number(constant.wrapper)))
        put_parameter(constant.wrapper, number)


def _skeleton(tree: Any, constants: Constants, placed: _Placed) -> str:
    """The text with every list cut to one item; changes the tree."""
    constants.shorten()
    for array in placed.arrays:
        shorten_array(array)
    return str(postgast.deparse(tree))


def _value(source: int, template: Template, parameters: Mapping[int, str | None], *, negative: bool) -> str | None:
    if source < 0:
        return parameters.get(-1 - source)
    value = template.literals[source].value
    return f"-{value}" if negative else value


def _ordered(
    order: Sequence[object], values: Sequence[str | None], arrays: Mapping[int, list[str] | None]
) -> list[Any]:
    return [
        (arrays[place[0]] or [])[place[1]] if isinstance(place, tuple) else values[place]  # type: ignore[call-overload]
        for place in order
    ]


def _ordinals(groups: Sequence[tuple[int, int] | None]) -> tuple[int, ...]:
    known: dict[object, int] = {}
    return tuple(known.setdefault(group or f"slot {n}", len(known)) for n, group in enumerate(groups))


def _identity(skeleton: str, lengths: tuple[int, ...]) -> str:
    numbers: dict[str, int] = {}
    plain = _NUMBERED.sub(lambda match: f"${numbers.setdefault(match[0], len(numbers))}", skeleton)
    text = f"{plain} {[_bucket(length) for length in lengths]}"
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def _bucket(length: int) -> int:
    bucket = float(_EXACT_LENGTH)
    if length <= _EXACT_LENGTH:
        return length
    while bucket * _BUCKET < length:
        bucket *= _BUCKET
    return int(bucket) + 1


def _written(statement: Any) -> tuple[str, tuple[str, ...]]:
    """The table an INSERT writes, as it is named there, and the columns it returns, all of them by name."""
    node = postgast.unwrap_node(statement)
    if type(node).__name__ != "InsertStmt":
        return "", ()
    returned = []
    for wrapped in node.returning_clause.exprs if node.HasField("returning_clause") else ():
        value = postgast.unwrap_node(postgast.unwrap_node(wrapped).val)
        named = type(value).__name__ == "ColumnRef" and value.fields[-1].WhichOneof("node") == "string"
        returned.append(value.fields[-1].string.sval if named else "")
    return node.relation.relname, tuple(returned) if all(returned) else ()


def _remember(cache: OrderedDict[Any, Any], key: Any, value: Any) -> None:
    cache[key] = value
    if len(cache) > _CACHED:
        cache.popitem(last=False)
