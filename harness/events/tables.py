"""What the tables that a migration names look like before it: enough to write a safer statement for them."""

import msgspec

from harness.events.base import Event
from harness.model.words import Pass


class ColumnShape(msgspec.Struct, frozen=True, kw_only=True):
    """A live column; `default` is the expression, "" for none. `generated`: identity or a generated column."""

    name: str
    type: str
    not_null: bool = False
    default: str = ""
    generated: bool = False


class TableSeen(Event, tag="table_seen", frozen=True, kw_only=True):
    """A table, partitioned table or materialized view at the start of a pass; definitions only, no data.

    `relation` is the qualified name, `kind` `pg_class.relkind`. `bound` are the columns that an index, a constraint
    (NOT NULL excepted), a view or a rule depends on. `partition_strategy` is `pg_partitioned_table.partstrat`, ""
    where it is not partitioned; `partition_key` its columns, "" for an expression. `partitions` are the direct ones,
    `constraints` their names.
    """

    pass_: Pass
    relation: str
    kind: str
    columns: tuple[ColumnShape, ...]
    primary_key: tuple[str, ...] = ()
    bound: tuple[str, ...] = ()
    has_unique_index: bool = False
    partition_strategy: str = ""
    partition_key: tuple[str, ...] = ()
    partitions: tuple[str, ...] = ()
    default_partition: str = ""
    constraints: tuple[str, ...] = ()

    def column(self, name: str) -> ColumnShape | None:
        """The column of that name."""
        return next((column for column in self.columns if column.name == name), None)
