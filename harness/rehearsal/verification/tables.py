"""The tables that a migration names, as they stand before it."""

from typing import Any

import msgspec

from harness.events.tables import ColumnShape, TableSeen
from harness.model.clock import Clock
from harness.model.words import Pass
from harness.postgres.connect import Connection, query
from harness.rehearsal.migration.plan import MigrationPlan, Script


def see_tables(connection: Connection, plan: MigrationPlan, *, pass_: Pass, clock: Clock) -> tuple[TableSeen, ...]:
    """Those that are there; a tool's own migrations name none beforehand."""
    names = sorted({name for script in _scripts(plan) for s in script.statements for name in s.relations})
    if not names:
        return ()
    parts = [name.rpartition(".") for name in names]
    wanted = {"schemas": [schema for schema, _, _ in parts], "names": [name for _, _, name in parts]}
    rows = connection.execute(query("table_shapes", version_num=connection.info.server_version), wanted)
    return tuple(_seen(row, pass_=pass_, at_ns=clock.now_ns()) for row in rows.fetchall())


def _seen(row: tuple[Any, ...], *, pass_: Pass, at_ns: int) -> TableSeen:
    relation, kind, columns, key, used, unique, strategy, partition_key, partitions, default, names = row
    return TableSeen(
        at_ns=at_ns,
        pass_=pass_,
        relation=relation,
        kind=kind,
        columns=tuple(msgspec.convert(column, ColumnShape) for column in columns),
        primary_key=tuple(key),
        bound=tuple(used),
        has_unique_index=unique,
        partition_strategy=strategy,
        partition_key=tuple(partition_key),
        partitions=tuple(partitions),
        default_partition=default,
        constraints=tuple(names),
    )


def _scripts(plan: MigrationPlan) -> list[Script]:
    return [script for step in plan.steps for script in (step.up, step.down) if script is not None]
