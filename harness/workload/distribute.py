"""A parameter of an operation from what a log shows of its values: a distribution, never the values."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from harness.workload.catalog import Catalog, Column, Table, quoted
from harness.workload.observed import Observed, ValueKind
from harness.workload.parameter_use import ParameterUse, Role

_SMALL: Final = 1_000_000
"""Counts of rows (LIMIT, OFFSET) up to this are told one by one where they are few."""
_SMALL_TERM: Final = 100  # terms of arithmetic (n + 1) that are told one by one
_FIGURES: Final = 2  # of a range's bounds: enough for a distribution, too few to be somebody's number
_INT8: Final = 2**63 - 1
_LIMITS: Final = {"int2": 2**15 - 1, "int4": 2**31 - 1, "int8": _INT8}
_SALT: Final = 12  # characters: random text this long does not repeat in a run
_TEXTS: Final = frozenset({"text", "varchar", "bpchar", "citext", "name"})
_COMPARED: Final = frozenset({Role.EQUAL, Role.IN, Role.LOWER, Role.UPPER, Role.LIKE})
_STORED: Final = frozenset({Role.INSERTED, Role.SET})


class UndrawableError(ValueError):
    """Nothing is known that a value could be drawn from; the message says why, without a value."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a parameter is used; `deletes`: the statement deletes the rows that it finds."""

    use: ParameterUse
    deletes: bool = False


def parameter_for(place: Place, observed: Observed, *, catalog: Catalog | None, keep_common: bool) -> str | int | float:
    """The parameter as the scenario writes it; UndrawableError where there is none."""
    use = place.use
    if use.role is Role.ANY:
        raise UndrawableError("an array whose elements are not in the log")
    if use.role in (Role.LIMIT, Role.OFFSET):
        return _rows(observed)
    if keep_common and (words := observed.common_words()):
        return _choice(words)
    if use.column and use.role in _COMPARED:
        return _compared(place, observed, catalog)
    if use.column and use.role in _STORED:
        return _stored(use, observed, catalog)
    return _free(use, observed)


def _compared(place: Place, observed: Observed, catalog: Catalog | None) -> str:
    use = place.use
    table = find_table(use.table, catalog)
    column = table.column(use.column) if table else None
    if column is not None and column.category == "B":
        return _truth(observed)
    source = (
        _referred(use, table, catalog) if use.role in (Role.EQUAL, Role.IN) else f"{use.table}.{quoted(use.column)}"
    )
    if place.deletes and use.role is Role.EQUAL:
        return f"once({source})"
    skew = observed.skew()
    return f"zipf({source}, {skew:g})" if skew else f"sample({source})"


def _referred(use: ParameterUse, table: Table | None, catalog: Catalog | None) -> str:
    """The key that the column refers to, so that each parent is as likely; else the column itself."""
    target = _target(use.column, table, catalog)
    return target or f"{use.table}.{quoted(use.column)}"


def _target(column: str, table: Table | None, catalog: Catalog | None) -> str:
    for key in table.foreign_keys if table else ():
        parent = catalog.qualified(key.target) if catalog and key.columns == (column,) else None
        if parent is not None and parent.rows > 0:
            return f"{parent.written}.{quoted(key.target_columns[0])}"
    return ""


def _stored(use: ParameterUse, observed: Observed, catalog: Catalog | None) -> str | int | float:
    table = find_table(use.table, catalog)
    column = table.column(use.column) if table else None
    source = f"{use.table}.{quoted(use.column)}"
    if target := _target(use.column, table, catalog):
        skew = observed.skew()
        return f"zipf({target}, {skew:g})" if skew else f"sample({target})"
    if is_unique(use, table, observed):
        return _unique(source, column, observed)
    if observed.kind is ValueKind.TRUTH or (column is not None and column.category == "B"):
        return _truth(observed)
    if observed.kind is ValueKind.MOMENT and observed.is_now:
        return "now()"
    if observed.kind in (ValueKind.INTEGER, ValueKind.NUMBER) and (column is None or column.category == "N"):
        return _number(observed, column)
    if table is None or table.rows > 0:
        return f"sample({source})"
    return _for_empty(column, observed)


def is_unique(use: ParameterUse, table: Table | None, observed: Observed) -> bool:
    """Whether a value that is stored must be one that no row has; without a catalog, whether those of the log are."""
    if table is not None:
        return any(index.unique and index.columns == (use.column,) for index in table.indexes)
    if use.role is not Role.INSERTED or not _may_be_key(use):
        return False
    return observed.is_rising or (observed.kind is ValueKind.UUID and observed.distinct == observed.tracked)


def _may_be_key(use: ParameterUse) -> bool:
    """Whether its name is not that of a reference: order_id is orders' own, and everywhere else one to them."""
    stem = use.column.removesuffix("_id")
    return stem == use.column or use.table.rpartition(".")[2].strip('"').startswith(stem)


def _unique(source: str, column: Column | None, observed: Observed) -> str:
    base = column.base if column else ""
    if base == "uuid" or observed.kind is ValueKind.UUID:
        return "uuid()"
    if base in _LIMITS or base == "numeric" or (not base and observed.kind is ValueKind.INTEGER):
        return f"new_key({source})"
    if base in _TEXTS or not base:
        most = column.length if column and column.length else max(observed.longest, _SALT)
        return f"text({min(most, max(observed.shortest, _SALT))}, {max(min(most, max(observed.longest, _SALT)), 1)})"
    raise UndrawableError(f"new values of type {base} for a unique column")


def _for_empty(column: Column | None, observed: Observed) -> str:
    """A value for a column of a table without rows: like those of the log in kind and length."""
    base = column.base if column else ""
    match observed.kind:
        case ValueKind.UUID:
            return "uuid()"
        case ValueKind.MOMENT | ValueKind.DAY:
            return "now()"
        case _ if base in _TEXTS and observed.calls:
            most = column.length if column and column.length else observed.longest
            return f"text({min(observed.shortest, most)}, {min(observed.longest, most)})"
        case _ if base in ("json", "jsonb"):
            return "json()"
    raise UndrawableError("the table has no rows to take values from")


def _free(use: ParameterUse, observed: Observed) -> str | int | float:
    """A value that belongs to no column, or is a term of arithmetic with one."""
    if observed.calls == 0:
        raise UndrawableError("its values are not in the log (log_parameter_max_length?)")
    if observed.kind in (ValueKind.INTEGER, ValueKind.NUMBER):
        if (few := observed.small_numbers(_SMALL_TERM)) is not None:
            return _choice(few)
        return _number(observed, None)
    if observed.kind is ValueKind.TRUTH:
        return _truth(observed)
    if observed.kind is ValueKind.UUID:
        return "uuid()"
    if observed.kind is ValueKind.MOMENT and observed.is_now:
        return "now()"
    where = f"argument of {use.function}()" if use.function else "text"
    raise UndrawableError(f"a {observed.kind.value} value that belongs to no column ({where})")


def _rows(observed: Observed) -> str | int:
    if observed.calls == 0:
        raise UndrawableError("the number of rows (LIMIT, OFFSET) is not in the log")
    if (few := observed.small_numbers(_SMALL)) is not None:
        return _choice(few)
    number = _number(observed, None)
    return number if isinstance(number, str | int) else round(number)


def _choice(counts: Mapping[str, int]) -> str | int:
    if len(counts) == 1:
        (only,) = counts
        return int(only) if only.lstrip("+-").isdigit() else f"choice('{only}')"
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return "choice(" + ", ".join(f"'{value}': {count}" for value, count in ordered) + ")"


def _truth(observed: Observed) -> str:
    known = observed.kinds.total()
    return f"bool({observed.true / known:.3g})" if known else "bool(0.5)"


def _number(observed: Observed, column: Column | None) -> str | int:
    if observed.least is None or observed.greatest is None:
        raise UndrawableError("its values are not in the log (log_parameter_max_length?)")
    low, high = rounded_down(observed.least), -rounded_down(-observed.greatest)
    if observed.kind is ValueKind.INTEGER:
        if low == high:
            return int(low)
        limit = _LIMITS.get(column.base, _INT8) if column else _INT8
        return f"int({max(int(low), -limit)}, {min(int(high), limit)})"
    digits = min(observed.digits, 15)
    return f"float({low}, {high}, {digits})"


def rounded_down(number: Decimal) -> Decimal:
    """`number` to two figures, away from zero where it is negative: a bound, and nobody's number.

    >>> rounded_down(Decimal("5550123")), rounded_down(Decimal("-4987")), rounded_down(Decimal("1.256"))
    (Decimal('5500000'), Decimal('-5000'), Decimal('1.2'))
    """
    if not number:
        return Decimal(0)
    unit = Decimal(10) ** (number.adjusted() - _FIGURES + 1)
    rounded = Decimal(math.floor(number / unit)) * unit
    if number == number.to_integral_value():
        rounded = Decimal(math.floor(rounded))
    return Decimal(f"{rounded:f}")


def rounded_width(least: int, greatest: int) -> tuple[int, int]:
    """The width of ranges, from `least` to `greatest`, to two figures."""
    return int(rounded_down(Decimal(least))), int(-rounded_down(Decimal(-greatest)))


def find_table(written: str, catalog: Catalog | None) -> Table | None:
    """The table of a name as SQL writes it."""
    if catalog is None or not written:
        return None
    full = (f"{quoted(table.schema)}.{quoted(table.name)}" for table in catalog.tables)
    for table, name in zip(catalog.tables, full, strict=True):
        if written in (table.written, name):
            return table
    return None
