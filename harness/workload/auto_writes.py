"""Writes that the catalog suggests: copies of rows under new keys, values of other rows, deletes of such copies."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from harness.spec.scenario import OperationSpec
from harness.workload.candidates import Candidate, Kind, by_key
from harness.workload.catalog import Catalog, Column, ForeignKey, Index, Table, quoted, quoted_list
from harness.workload.fresh import Fresh, column_text, fresh_values, parameter_name

_WIDE: Final = 64  # bytes; a sample of 100,000 values of every table has to fit the generator's memory
_FEW: Final = 100  # rows; below it, that every value differs says little
_SHORT: Final = 64  # bytes; a longer text that never repeats is prose and no name of something
_UPDATES: Final = 6  # columns that are tried until one can be updated
_VERSIONS: Final = 4  # ways to new keys that are tried
_NO_KEY: Final = "the table has no key to find a row by"


def write_candidates(table: Table, catalog: Catalog) -> Iterator[Candidate]:
    """An insert, an update and a delete of the table."""
    insert, delete = f"insert {table.written}", f"delete {table.written}"
    copies = list(_copies(table, catalog))
    reason = _NO_KEY if not table.key else "no new value can be made for a column that must not repeat"
    yield _candidate(table, Kind.INSERT, insert, [_insert(copy, insert) for copy in copies], reason)
    yield _candidate(table, Kind.UPDATE, f"update {table.written}", _updates(table), _NO_KEY)
    deletes = [_delete(copy, delete) for copy in copies if copy.can_be_found]
    yield _candidate(table, Kind.DELETE, delete, deletes, reason)


def _candidate(table: Table, kind: Kind, name: str, found: list[OperationSpec], reason: str) -> Candidate:
    versions = tuple(one for number, one in enumerate(found) if one not in found[:number])
    return Candidate(table, kind, name, versions, "" if versions else reason)


@dataclass(frozen=True, slots=True)
class _Copy:
    """The copy of a row under new values, of which those that are not certain may meet ON CONFLICT DO NOTHING."""

    table: Table
    fresh: dict[str, Fresh] = field(default_factory=dict)

    @property
    def certain(self) -> bool:
        return all(value.certain for value in self.fresh.values())

    @property
    def can_be_found(self) -> bool:
        """Whether its key can be told again."""
        values = [self.fresh.get(column) for column in self.table.key]
        return all(v is None or (v.repeatable if v.expression else bool(v.known)) for v in values)

    def key_value(self, column: str) -> str:
        """The SQL of a column of its key."""
        found = self.table.column(column)
        source = f":{parameter_name(self.table, column, prefix='source_')}::{found.type if found else 'text'}"
        fresh = self.fresh.get(column)
        if fresh is None:
            return source
        return fresh.expression(source) if fresh.expression else fresh.known


def _copies(table: Table, catalog: Catalog) -> Iterator[_Copy]:
    if not table.key:
        return
    names = _never_repeating(table)
    for number in range(_VERSIONS):
        fresh = _fresh(table, catalog, number)
        if fresh is None:
            return
        yield _Copy(table, {**{name: fresh_values(table, column)[0] for name, column in names.items()}, **fresh})
        yield _Copy(table, fresh)


def _never_repeating(table: Table) -> dict[str, Column]:
    """Texts and UUIDs that no constraint keeps from repeating, and that never do: a migration may demand it."""
    if table.rows < _FEW:
        return {}
    foreign = {name for key in table.foreign_keys for name in key.columns}
    return {
        column.name: column
        for column in table.columns
        if column.distinct == -1.0
        and column.base in ("text", "varchar", "citext", "uuid")
        and column.width <= _SHORT
        and column.name not in foreign
        and not column.generated
    }


def _fresh(table: Table, catalog: Catalog, number: int) -> dict[str, Fresh] | None:
    """New values so that no unique index and no exclusion constraint refuses the copy; None where there are none."""
    fresh: dict[str, Fresh] = {
        column.name: fresh_values(table, column)[0]
        for column in table.columns
        if column.sequence and not column.generated
    }
    for index in sorted(table.indexes, key=lambda index: (not index.primary, index.name)):
        if not (index.unique or index.exclusion):
            continue
        if any(name in fresh and fresh[name].certain for name in index.involved):
            continue
        ways = list(_ways(table, index, catalog))
        if not ways:
            return None
        fresh |= ways[min(number, len(ways) - 1)]
    return fresh


def _ways(table: Table, index: Index, catalog: Catalog) -> Iterator[dict[str, Fresh]]:
    foreign = {name for key in table.foreign_keys for name in key.columns}
    own = [c for name in index.involved if name not in foreign and (c := table.column(name))]
    for column in sorted(own, key=_order):
        for value in fresh_values(table, column):
            yield {column.name: value}
    parents: dict[str, Fresh] = {}
    for key in table.foreign_keys:
        if set(key.columns) & set(index.involved):
            parents |= _other_parent(table, key, catalog)
    if parents:
        yield parents


def _order(column: Column) -> tuple[bool, bool, bool]:
    """Columns whose new values cannot repeat first; instants, dates and short texts last."""
    roomy = column.base in ("int4", "int8", "numeric", "text", "varchar", "citext", "bytea")
    return not column.sequence, column.base != "uuid", not roomy


def _other_parent(table: Table, key: ForeignKey, catalog: Catalog) -> dict[str, Fresh]:
    """The key of another row of the parent, drawn at random."""
    parent = catalog.qualified(key.target)
    if parent is None:
        return {}
    function = "sample({})" if len(key.columns) == 1 else f"row({{}}, {parameter_name(table, key.columns[0])})"
    found = {}
    for mine, theirs in zip(key.columns, key.target_columns, strict=True):
        column, name = table.column(mine), parameter_name(table, mine, prefix="new_")
        text = f":{name}::{column.type if column else 'text'}"
        params = {name: function.format(column_text(parent, theirs))}
        found[mine] = Fresh(lambda _, text=text: text, params, certain=False)  # type: ignore[misc]
    return found


def _insert(copy: _Copy, name: str) -> OperationSpec:
    sql, params = _insert_text(copy)
    return OperationSpec(name=name, sql=sql, params=params)


def _insert_text(copy: _Copy) -> tuple[str, dict[str, str | int | float]]:
    table, key = copy.table, by_key(copy.table, of="source", prefix="source_")
    values: dict[str, str] = {}
    params: dict[str, str | int | float] = dict(key.params)
    overriding = False
    for column in table.columns:
        fresh, source = copy.fresh.get(column.name), f"source.{quoted(column.name)}"
        if column.generated or (fresh is not None and fresh.expression is None):
            continue
        values[column.name] = fresh.expression(source) if fresh and fresh.expression else source
        params |= fresh.params if fresh else {}
        overriding |= column.identity == "a"
    head = f"INSERT INTO {table.written} ({quoted_list(values)})" if values else f"INSERT INTO {table.written}"
    sql = (
        f"{head}{' OVERRIDING SYSTEM VALUE' if overriding else ''}\n"
        f"SELECT {', '.join(values.values())}\n  FROM {table.written} AS source\n WHERE {key.text}\n LIMIT 1"
        + ("" if copy.certain else "\nON CONFLICT DO NOTHING")
    )
    return sql, params


def _delete(copy: _Copy, name: str) -> OperationSpec:
    """Insert and delete in one transaction: no row of the snapshot goes, and rows to delete never run out."""
    insert, params = _insert_text(copy)
    key = " AND ".join(f"{quoted(column)} = {copy.key_value(column)}" for column in copy.table.key)
    delete = f"DELETE FROM {copy.table.written} WHERE {key} AND xmin = pg_current_xact_id()::xid"
    return OperationSpec(name=name, sql=(insert, delete), params=params)


def _updates(table: Table) -> list[OperationSpec]:
    if not table.key:
        return []
    unique = {name for index in table.indexes if index.unique or index.exclusion for name in index.involved}
    fixed = unique | set(table.partitioned_by)
    free = [c for c in table.columns if c.name not in fixed and not c.generated and c.identity != "a"]
    ranked = sorted(free, key=lambda column: _update_rank(table, column))[:_UPDATES]
    others = [_update(table, column, own=True) for column in ranked[:1]]
    keys = [c for name in table.key if (c := table.column(name)) and not c.generated and c.identity != "a"]
    own_key = [_update(table, column, own=True) for column in keys]
    return [_update(table, column, own=_keeps(table, column)) for column in ranked] + others + own_key


def _update_rank(table: Table, column: Column) -> tuple[bool, bool, bool, bool, int]:
    foreign = any(column.name in key.columns for key in table.foreign_keys)
    indexed = any(column.name in index.involved for index in table.indexes)
    return _keeps(table, column), column.nulls >= 1.0, foreign, indexed, table.columns.index(column)


def _keeps(table: Table, column: Column) -> bool:
    """Whether an update must leave the value: another row's may not suit this one, or is too wide to sample."""
    together = any(column.name in columns and len(columns) > 1 for columns in table.checks)
    in_key = any(column.name in key.columns and len(key.columns) > 1 for key in table.foreign_keys)
    return together or in_key or column.width > _WIDE


def _update(table: Table, column: Column, *, own: bool) -> OperationSpec:
    key = by_key(table)
    params: dict[str, str | int | float] = dict(key.params)
    name, value = parameter_name(table, column.name, prefix="new_"), quoted(column.name)
    if not own:
        value = f":{name}::{column.type}"
        params[name] = f"sample({column_text(table, column.name)})"
    sql = f"UPDATE {table.written} SET {quoted(column.name)} = {value} WHERE {key.text}"
    return OperationSpec(name=f"update {table.written}", sql=sql, params=params)
