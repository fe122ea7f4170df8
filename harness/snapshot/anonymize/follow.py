"""Which columns a policy must name, and which follow another's line: those of partitions, and those inherited."""

from harness.snapshot.anonymize.policy import ColumnPolicy, Policy
from harness.snapshot.anonymize.schema import Column, Schema, Table

Place = tuple[str, str]
"""A column: its table's "schema.name", its own name."""


def parents_of(table: Table) -> tuple[str, ...]:
    """The tables whose columns this one has: the partitioned table, or those of INHERITS."""
    return (*((table.partition_of,) if table.partition_of else ()), *table.inherits)


def followed(schema: Schema, table: str, column: str) -> Place | None:
    """The parent's column that this one is; None for a column of the table's own."""
    for parent in parents_of(schema.tables[table]):
        above = schema.tables.get(parent)
        if above is not None and any(one.name == column for one in above.columns):
            return parent, column
    return None


def own_columns(schema: Schema) -> dict[Place, Column]:
    """The columns that a policy has to name: with data, and no parent's."""
    return {
        (name, column.name): column
        for name, table in schema.tables.items()
        for column in table.columns
        if not column.generated and followed(schema, name, column.name) is None
    }


def all_columns(schema: Schema) -> dict[Place, Column]:
    """Every column that has data."""
    return {
        (name, column.name): column
        for name, table in schema.tables.items()
        for column in table.columns
        if not column.generated
    }


def policy_of(policy: Policy, schema: Schema, place: Place) -> ColumnPolicy | None:
    """What the policy says of a column, by a line of its own or by its parent's; None where it says nothing."""
    at: Place | None = place
    for _ in range(len(schema.tables) + 1):
        if at is None:
            break
        if (found := policy.tables.get(at[0], {}).get(at[1])) is not None:
            return found
        at = followed(schema, *at) if at[0] in schema.tables else None
    return None
