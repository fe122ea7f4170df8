"""Where the parameters of a normalized statement get their values: the columns they are compared with or stored in."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Final

from harness.workload.catalog import Catalog, Column, Table, quoted
from harness.workload.parameter_use import ParameterUse, Role, main_use

_MOST_ELEMENTS: Final = 20
"""Values of a list whose length the source does not tell."""
_INTEGERS: Final = ("smallint", "integer", "bigint", "numeric", "real", "double precision")
_BY_TYPE: Final = {
    "interval": "1 day",
    "date": "now()",
    "timestamp": "now()",
    "timestamptz": "now()",
    "timestamp with time zone": "now()",
    "timestamp without time zone": "now()",
    "boolean": "bool()",
    "bool": "bool()",
    "uuid": "uuid()",
    "json": "{}",
    "jsonb": "{}",
}
_BY_FUNCTION: Final = {
    "date_trunc": "day",
    "date_part": "day",
    "extract": "day",
    "to_char": "YYYY-MM-DD",
    "timezone": "UTC",
    "pg_advisory_lock": "int(1, 1000000)",
    "pg_advisory_xact_lock": "int(1, 1000000)",
    "pg_try_advisory_lock": "int(1, 1000000)",
    "pg_try_advisory_xact_lock": "int(1, 1000000)",
}
"""Arguments that are nearly always so; what else a function takes nobody can tell from its call."""
_NAMED: Final = {"int2": "smallint", "int4": "integer", "int8": "bigint", "float8": "double precision"}


class NoSourceError(ValueError):
    """A parameter whose values nobody can tell."""


@dataclass(frozen=True, slots=True)
class Filled:
    """What takes the place of `$n`, and the parameters in it."""

    text: str
    params: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Statement:
    """A normalized statement with the uses of its parameters; `types` are the server's, {} where nobody asked.

    `rows` is rows per call. `squashed` are the parameters that stand for a list of any length. `deletes`: each row is
    there once only.
    """

    uses: tuple[ParameterUse, ...]
    rows: float
    types: Mapping[int, str] = field(default_factory=dict)
    squashed: frozenset[int] = frozenset()
    deletes: bool = False


def fill(statement: Statement, catalog: Catalog | None) -> dict[int, Filled]:
    """What to put for each `$n`; NoSourceError names the first that has no source."""
    numbers = sorted({use.number for use in statement.uses})
    uses = {number: main_use(statement.uses, number) for number in numbers}
    names = _names(uses)
    compared = {(use.table, use.column) for use in uses.values() if use.role is Role.EQUAL and use.column}
    together = Counter(table for table, _ in compared)
    filled = {}
    for number, use in uses.items():
        filled[number] = _fill(_Place(statement, use, names[number], catalog, together[use.table] > 1))
    return filled


@dataclass(frozen=True, slots=True)
class _Place:
    """A parameter in its statement."""

    statement: Statement
    use: ParameterUse
    name: str
    catalog: Catalog | None
    together: bool

    @property
    def type(self) -> str:
        """Its type as far as it is known."""
        return self.use.type or self.statement.types.get(self.use.number, "")

    @property
    def table(self) -> Table | None:
        """The table of its column."""
        if self.catalog is None:
            return None
        parts = [part.strip('"') for part in self.use.table.rpartition(".")]
        return self.catalog.find(parts[2], schema=parts[0])

    @property
    def column(self) -> Column | None:
        """Its column in the catalog."""
        return self.table.column(self.use.column) if self.table else None

    @property
    def path(self) -> str:
        """table.column, as a parameter names it."""
        return f"{self.use.table}.{quoted(self.use.column)}"

    def one(self, source: str) -> Filled:
        """A single parameter."""
        return Filled(f":{self.name}", {self.name: source})


def _names(uses: Mapping[int, ParameterUse]) -> dict[int, str]:
    names: dict[int, str] = {}
    for number, use in uses.items():
        plain = use.column.isascii() and use.column.isidentifier()
        name = use.column if plain else {Role.LIMIT: "rows", Role.OFFSET: "skipped"}.get(use.role, f"p{number}")
        names[number] = name if name not in names.values() else f"{name}_{number}"
    return names


def _fill(place: _Place) -> Filled:
    use = place.use
    match use.role:
        case Role.LIMIT:
            return place.one(str(max(1, ceil(place.statement.rows))))
        case Role.OFFSET:
            return place.one("0")
        case _ if not use.column:
            return _without_column(place)
        case Role.ANY:
            return _array(place)
        case Role.IN if use.number in place.statement.squashed:
            return _list(place)
        case Role.EQUAL if place.together:
            return place.one(f"row({place.path})")
        case Role.EQUAL if place.statement.deletes:
            return place.one(f"once({place.path})")
        case Role.INSERTED | Role.SET:
            return place.one(_stored(place))
        case Role.TERM:
            return place.one(_term(place))
        case Role.OTHER:
            return _without_column(place)
        case _:
            return place.one(f"sample({place.path})")


def _elements(place: _Place) -> list[str]:
    count = min(_MOST_ELEMENTS, max(1, round(place.statement.rows)))
    return [f"{place.name}_{number}" for number in range(1, count + 1)]


def _array(place: _Place) -> Filled:
    kind = place.column.type if place.column else place.statement.types.get(place.use.number, "").removesuffix("[]")
    if not kind:
        raise NoSourceError(f"the type of the array ${place.use.number} is not known: give a database")
    names = _elements(place)
    text = f"ARRAY[{', '.join(f':{name}' for name in names)}]::{kind}[]"
    return Filled(text, dict.fromkeys(names, f"sample({place.path})"))


def _list(place: _Place) -> Filled:
    names = _elements(place)
    return Filled(", ".join(f":{name}" for name in names), dict.fromkeys(names, f"sample({place.path})"))


def _stored(place: _Place) -> str:
    """Keys are new, references point to rows that exist, everything else comes from one row, so that checks hold."""
    table, column = place.table, place.column
    if table is None or column is None:
        return f"sample({place.path})"
    for key in table.foreign_keys:
        if column.name in key.columns and place.catalog is not None:
            parent = place.catalog.qualified(key.target)
            if parent is not None and len(key.columns) == 1:
                return f"sample({parent.written}.{quoted(key.target_columns[0])})"
    if any(index.unique and not index.exclusion and column.name in index.involved for index in table.indexes):
        return _new(place, column)
    if column.nulls > 0.0:
        return f"null({column.nulls:.4g}, sample({place.path}))" if column.nulls < 1.0 else "null(1, choice(''))"
    return f"row({place.path})" if place.use.role is Role.INSERTED else f"sample({place.path})"


def _new(place: _Place, column: Column) -> str:
    if column.category == "N" or column.base == "uuid":
        return f"new_key({place.path})"
    if column.category == "S":
        return "uuid()" if column.length is None or column.length >= 36 else f"text({column.length})"
    if column.category == "D":
        return "now()"
    raise NoSourceError(f"${place.use.number} is stored in {place.path}, which must not repeat")


def _term(place: _Place) -> str:
    column = place.column
    if place.type in _BY_TYPE:
        return _BY_TYPE[place.type]
    if column is None or column.category == "N":
        return "int(1, 9)"
    if column.category == "S":
        return "1"
    raise NoSourceError(f"${place.use.number} is computed with {place.path}, and its type is not known")


def _without_column(place: _Place) -> Filled:
    use, kind = place.use, _NAMED.get(place.type, place.type)
    if use.function in _BY_FUNCTION:
        return place.one(_BY_FUNCTION[use.function])
    if kind in _BY_TYPE:
        return place.one(_BY_TYPE[kind])
    if kind in _INTEGERS:
        return place.one("1")
    if use.function and use.function not in ("coalesce", "count"):
        raise NoSourceError(f"nothing tells the values of ${use.number}, an argument of {use.function}()")
    if use.role not in (Role.OTHER, Role.TERM):
        raise NoSourceError(f"nothing tells the values of ${use.number}: it is compared with no column of a table")
    return place.one("1")


def squashed_parameters(sql: str, numbers: Sequence[int]) -> frozenset[int]:
    """The parameters that PostgreSQL 18 and later write for a list: `IN ($1 /*, ... */)`."""
    return frozenset(number for number in numbers if f"${number} /*, ... */" in sql)
