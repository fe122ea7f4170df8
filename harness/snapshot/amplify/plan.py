"""What grows, what all copies share, and which columns change how: decided before the first row is written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from psycopg import sql

from harness.model.errors import SnapshotError
from harness.postgres.connect import Connection
from harness.snapshot.amplify.catalog import Column, Place, Reference, Table, Unique
from harness.snapshot.amplify.changes import Change
from harness.snapshot.amplify.links import domains_of, references_by_name
from harness.snapshot.amplify.ranges import change_of

BOOKS: Final = frozenset(
    [
        "alembic_version",
        "schema_migrations",
        "ar_internal_metadata",
        "django_migrations",
        "_prisma_migrations",
        "flyway_schema_history",
        "goose_db_version",
        "knex_migrations",
        "knex_migrations_lock",
        "sequelizemeta",
        "databasechangelog",
        "databasechangeloglock",
        "__efmigrationshistory",
        "__drizzle_migrations",
        "pgmigrations",
        "typeorm_metadata",
        "gorp_migrations",
        "_sqlx_migrations",
        "__diesel_schema_migrations",
        "atlas_schema_revisions",
        "refinery_schema_history",
        "spatial_ref_sys",
    ]
)
"""Where migration tools write what they have done (and PostGIS its constants), by their default names."""
_FEW: Final = 1_000
_BUSY: Final = 10
"""A lookup table's labels stand for at least so many rows each, in the table that refers to it most."""


@dataclass(frozen=True, slots=True)
class Growth:
    """The plan: tables that grow, the change of each of their columns that has one, what is shared and why."""

    scale: int
    tables: tuple[Table, ...]
    changes: dict[Place, Change]
    shared: dict[str, str]
    named: dict[str, tuple[Reference, ...]]

    def change(self, table: Table, column: Column) -> Change | None:
        """How this column's values become others; None: they stay."""
        return self.changes.get((table.name, column.name))

    def notes(self) -> tuple[str, ...]:
        """What somebody who reads figures of such a snapshot has to know."""
        notes = [f"{name} was not amplified: {reason}" for name, reason in sorted(self.shared.items())]
        for name, references in sorted(self.named.items()):
            notes += [
                f"copies of {name}.{one.columns[0]} follow {one.target}.{one.target_columns[0]}, by name and values"
                for one in references
                if (name, one.columns[0]) in self.changes
            ]
        return tuple(notes)


def plan_growth(connection: Connection, tables: Mapping[str, Table], *, scale: int) -> Growth:
    """The plan for these tables; SnapshotError names the column or constraint that stands against it."""
    # A table without rows stands against nothing, and nothing of it grows.
    tables = {name: table for name, table in tables.items() if _count(connection, table, most=1)}
    named = references_by_name(connection, tables)
    planner = _Planner(connection, tables, scale, domains_of(tables, named))
    planner.shared |= {name: "a tool's own records" for name in tables if tables[name].relation.lower() in BOOKS}
    planner.shared |= _lookups(connection, tables)
    while blocked := planner.choose():
        table, unique = blocked
        columns = ", ".join(unique.columns) or "an expression"
        others = sorted({r.target for r in table.references} - {table.name} - set(planner.shared))
        if others:
            raise SnapshotError(
                f"{table.name} cannot be amplified: {unique.name} on {columns} leaves "
                f"no way to make rows differ, and the table refers to {others[0]}, which grows",
                hint="leave [snapshot] scale out, or drop or widen that constraint's columns in a setup file",
            )
        planner.shared[table.name] = f"{unique.name} on {columns} cannot be repeated"
    grown = tuple(table for table in tables.values() if table.name not in planner.shared and table.assignable())
    changes = {place: change for place, change in planner.changes.items() if place[0] not in planner.shared}
    for table in grown:
        _refuse_partition_keys(table, changes)
    return Growth(scale, grown, changes, planner.shared, named)


@dataclass(slots=True)
class _Planner:
    connection: Connection
    tables: Mapping[str, Table]
    scale: int
    domains: dict[Place, frozenset[Place]]
    shared: dict[str, str] = field(default_factory=dict)
    changes: dict[Place, Change] = field(default_factory=dict)
    _known: dict[frozenset[Place], Change | None] = field(default_factory=dict)

    def choose(self) -> tuple[Table, Unique] | None:
        """Choose changes for every table that is not shared; the first key for which there is none."""
        self.changes.clear()
        fixed = self._fixed()
        keys = [(t, u) for t in self.tables.values() if t.name not in self.shared for u in t.uniques]
        # One column leaves no choice; what it decides may settle the composite keys.
        for table, unique in sorted(keys, key=lambda key: len(key[1].columns)):
            columns = self._sources(table, unique)
            if any((table.name, column.name) in self.changes for column in columns):
                continue
            for column in sorted(columns, key=lambda column: self._rank(table, column)):
                domain = self.domains[table.name, column.name]
                if domain & fixed:
                    continue
                if (change := self._change(domain)) is not None:
                    self.changes |= dict.fromkeys(domain, change)
                    break
            else:
                return table, unique
        return None

    def _sources(self, table: Table, unique: Unique) -> list[Column]:
        names = [name for column in unique.columns for name in table.by_name[column].made_of or (column,)]
        return [column for name in names if (column := table.by_name[name]).kind and not column.generated]

    def _fixed(self) -> set[Place]:
        """Columns of shared tables that rows of growing ones refer to."""
        return {
            (reference.target, column)
            for table in self.tables.values()
            if table.name not in self.shared
            for reference in table.references
            if reference.target in self.shared
            for column in reference.target_columns
        }

    def _rank(self, table: Table, column: Column) -> tuple[bool, bool, int]:
        refers = any(column.name in reference.columns for reference in table.references)
        return not column.sequences, not refers, ("uuid", "number", "text").index(column.kind)

    def _change(self, domain: frozenset[Place]) -> Change | None:
        if domain not in self._known:
            self._known[domain] = change_of(self.connection, domain, self.tables, scale=self.scale)
        return self._known[domain]


def _lookups(connection: Connection, tables: Mapping[str, Table]) -> dict[str, str]:
    """Small tables with unique labels that others refer to and that refer to nothing: countries, currencies, roles."""
    found = {}
    for table in tables.values():
        referring = [
            other for other in tables.values() if any(one.target == table.name for one in other.references)
            and other is not table
        ]  # fmt: skip
        labels = [
            u.columns[0] for u in table.uniques if len(u.columns) == 1 and table.by_name[u.columns[0]].kind == "text"
        ]
        if not referring or not labels or any(one.target != table.name for one in table.references):
            continue
        rows = _count(connection, table, most=_FEW)
        mail = sql.SQL("SELECT EXISTS (SELECT FROM {} WHERE {}::text LIKE '%@%')").format(
            table.rows, sql.Identifier(labels[0])
        )
        if rows == _FEW or any((connection.execute(mail).fetchone() or (False,))[0] for _ in labels[:1]):
            continue
        if any(_count(connection, other, most=_BUSY * rows) == _BUSY * rows for other in referring):
            found[table.name] = "a small table of labels, which all copies share"
    return found


def _count(connection: Connection, table: Table, *, most: int) -> int:
    statement = sql.SQL("SELECT count(*) FROM (SELECT FROM {} LIMIT {}) AS found").format(table.rows, sql.Literal(most))
    return int((connection.execute(statement).fetchone() or (0,))[0])


def _refuse_partition_keys(table: Table, changes: Mapping[Place, Change]) -> None:
    changed = [column for column in table.partition_columns if (table.name, column) in changes]
    if changed and table.strategy in ("r", "l") and not table.has_default:
        raise SnapshotError(
            f"{table.name} is partitioned by {', '.join(changed)}, which changes in every copy, and no partition takes "
            "the new values",
            hint="leave [snapshot] scale out, or give the table a default partition, or wider ones, in a setup file",
        )
