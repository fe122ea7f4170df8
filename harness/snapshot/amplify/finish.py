"""After the copies: sequences behind their columns, foreign keys looked up, materialized views filled again."""

from collections.abc import Mapping

from psycopg import sql

from harness.model.errors import SnapshotError
from harness.postgres.connect import Connection
from harness.snapshot.amplify.catalog import Reference, Table, amplify_query
from harness.snapshot.amplify.plan import Growth


def set_sequences(connection: Connection, growth: Growth) -> None:
    """Put every sequence that feeds a changed column behind its greatest value; SnapshotError where it ends before."""
    for table in growth.tables:
        for column in table.columns:
            if growth.change(table, column) is None:
                continue
            for name in column.sequences:
                _set(connection, table, column.name, name)


def prove_references(connection: Connection, tables: Mapping[str, Table]) -> None:
    """Look up what the server did not check while triggers rested; SnapshotError names a foreign key that is broken."""
    for table in tables.values():
        for reference in table.references:
            if reference.proven and _orphans(connection, table, reference, tables[reference.target]):
                raise SnapshotError(
                    f"{table.name}: rows of a copy miss what {reference.name} refers to in {reference.target}",
                    hint="leave [snapshot] scale out for this database, and report it as a defect",
                )


def refresh_views(connection: Connection) -> None:
    """Fill materialized views again."""
    for schema, name in connection.execute(amplify_query("materialized_views")).fetchall():
        connection.execute(sql.SQL("REFRESH MATERIALIZED VIEW {}").format(sql.Identifier(schema, name)))


def _set(connection: Connection, table: Table, column: str, sequence: str) -> None:
    name = sql.SQL(sequence)
    greatest = sql.SQL("(SELECT max({}) FROM {})").format(sql.Identifier(column), table.rows)
    statement = sql.SQL(
        "SELECT {greatest} > seqmax, CASE WHEN {greatest} BETWEEN last_value AND seqmax"
        " THEN setval({literal}, {greatest}::bigint) END FROM {name}, pg_sequence WHERE seqrelid = {literal}::regclass"
    ).format(greatest=greatest, name=name, literal=sql.Literal(sequence))
    row = connection.execute(statement).fetchone()
    if row and row[0]:
        raise SnapshotError(
            f"the sequence {sequence} ends before the greatest value that {table.name}.{column} has now",
            hint="choose a smaller [snapshot] scale, or give the sequence a larger MAXVALUE in a setup file",
        )


def _orphans(connection: Connection, table: Table, reference: Reference, target: Table) -> bool:
    pairs = list(zip(reference.columns, reference.target_columns, strict=True))
    given = sql.SQL(" AND ").join(sql.SQL("c.{} IS NOT NULL").format(sql.Identifier(mine)) for mine, _ in pairs)
    same = sql.SQL(" AND ").join(
        sql.SQL("c.{} = p.{}").format(sql.Identifier(mine), sql.Identifier(theirs)) for mine, theirs in pairs
    )
    form = "{} AS c" if table.partitioned else "ONLY {} AS c"
    statement = sql.SQL(
        "SELECT EXISTS (SELECT FROM {} WHERE {} AND NOT EXISTS (SELECT FROM {} AS p WHERE {}))"
    ).format(sql.SQL(form).format(table.identifier), given, target.identifier, same)  # fmt: skip
    row = connection.execute(statement).fetchone()
    return bool(row and row[0])
