"""What a database holds, read from its catalogs: schema image, relations, row digests, sequences, unfinished work."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from psycopg import sql
from psycopg.pq import TransactionStatus

from harness.model.catalog import CatalogObject, SchemaImage, TableDigest
from harness.postgres.connect import Connection, query

_IMAGE_PARTS = (
    "image_schemas",
    "image_roles",
    "image_relations",
    "image_columns",
    "image_constraints",
    "image_code",
    "image_types",
    "image_publications",
    "image_grants",
    "image_comments",
)
# Everything that changes how a value is written as text, and an empty search path, under which the server qualifies
# names.
_TEXT_SETTINGS = {
    "search_path": "",
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "xmlbinary": "base64",
    "lc_monetary": "C",
    "quote_all_identifiers": "off",
}
# Any constant does; fixed, so that the digests of two runs on the same data agree.
_HASH_SEED = 0


@dataclass(frozen=True, slots=True)
class RelationRow:
    """One relation: a changed `filenode` under the same name is a rewrite.

    `kind` is `pg_class.relkind`; `table_oid` the table an index or TOAST table belongs to and `parent_oid` the
    partitioned parent, 0 for none; `rows_estimate` is reltuples, -1 before the first VACUUM or ANALYZE; `size_bytes`
    the main fork.
    """

    oid: int
    name: str
    kind: str
    filenode: int
    table_oid: int
    parent_oid: int
    rows_estimate: float
    size_bytes: int


@dataclass(frozen=True, slots=True)
class SequenceValue:
    """Where a sequence stands; the next value is `last_value` itself while `is_called` is false."""

    name: str
    last_value: int
    is_called: bool


@dataclass(frozen=True, slots=True)
class InvalidIndex:
    """An index that is not valid; `is_ready` says whether writes maintain it nevertheless."""

    name: str
    table: str
    is_ready: bool
    is_unique: bool


@dataclass(frozen=True, slots=True)
class UnvalidatedConstraint:
    """A constraint that is NOT VALID, with its definition."""

    table: str
    name: str
    definition: str


@dataclass(frozen=True, slots=True)
class LiveColumn:
    """A column by its table's oid and its own number, which no rename changes.

    `is_empty`: ANALYZE saw nothing but NULL in it.
    """

    table_oid: int
    table: str
    number: int
    name: str
    is_empty: bool


def read_schema_image(connection: Connection) -> SchemaImage:
    """Everything of the database's schema that a rollback could fail to restore.

    Objects are named by qualified name, never by OID. Left out: system schemas, the harness's own
    (`rehearse_harness`), and what an extension owns, which the extension's version stands for.
    """
    with _steady(connection):
        version = connection.info.server_version
        rows = [row for part in _IMAGE_PARTS for row in connection.execute(query(part, version_num=version)).fetchall()]
    objects = [CatalogObject(kind=k, identity=i, definition=d or "", position=int(p)) for k, i, d, p in rows]
    return SchemaImage(objects=tuple(sorted(objects)))


def read_relations(connection: Connection, *, sizes: bool = True) -> tuple[RelationRow, ...]:
    """All relations that hold data, by name, TOAST tables and indexes among them.

    `sizes` opens each one, and so waits behind an AccessExclusiveLock; without it `size_bytes` is relpages' estimate
    and no lock on any of them is taken.
    """
    text = query("relations", version_num=connection.info.server_version)
    return tuple(RelationRow(*row) for row in connection.execute(text, {"sizes": sizes}).fetchall())


def read_table_digests(
    connection: Connection,
    *,
    relations: Collection[str] | None = None,
    columns: Mapping[str, Sequence[str]] | None = None,
) -> tuple[TableDigest, ...]:
    """A digest of all rows of each table, in one snapshot, one scan a table.

    `relations` limits it to these qualified names (as `RelationRow.name`); `columns` names, for some of them, the
    columns to take: those that are there are used, in name order, and told in the result. Partitions are digested one
    by one, their parents not at all: each row is read once, and a difference names the very table. The digest is the
    sum, which no order of rows changes and which cannot wrap (the server sums bigint in 128 bits), of a 64-bit hash
    of each row's text; in that text NULL is nothing and an empty string is a pair of quotes, generated columns are
    included, and columns are in name order. Two different sets of rows have the same digest with a probability of
    about 2^-64.
    """
    digests = []
    with _steady(connection):
        for name, schema, table, live in connection.execute(
            query("digest_columns", version_num=connection.info.server_version)
        ).fetchall():
            if relations is not None and name not in relations:
                continue
            wanted = None if columns is None else columns.get(name)
            taken = [column for column in live if wanted is None or column in wanted]
            digests.append(_digest(connection, name=name, table=sql.Identifier(schema, table), columns=taken))
    return tuple(digests)


def read_sequences(connection: Connection) -> tuple[SequenceValue, ...]:
    """Where every sequence stands, by name."""
    found = connection.execute(query("sequences", version_num=connection.info.server_version)).fetchall()
    values = []
    for name, schema, sequence in found:
        statement = sql.SQL("SELECT last_value, is_called FROM {}").format(sql.Identifier(schema, sequence))
        for last_value, is_called in connection.execute(statement):
            values.append(SequenceValue(name=name, last_value=last_value, is_called=is_called))
    return tuple(values)


def read_invalid_indexes(connection: Connection) -> tuple[InvalidIndex, ...]:
    """The indexes that are not valid, by name."""
    text = query("invalid_indexes", version_num=connection.info.server_version)
    return tuple(InvalidIndex(*row) for row in connection.execute(text).fetchall())


def read_relation_bytes(connection: Connection) -> int:
    """Bytes of all tables and materialized views of the user's, with their indexes and TOAST tables."""
    text = query("relation_bytes", version_num=connection.info.server_version)
    row = connection.execute(text).fetchone()
    return int(row[0]) if row else 0


def read_unvalidated_constraints(connection: Connection) -> tuple[UnvalidatedConstraint, ...]:
    """The constraints that were declared NOT VALID and never validated, by table and name."""
    text = query("unvalidated_constraints", version_num=connection.info.server_version)
    return tuple(UnvalidatedConstraint(*row) for row in connection.execute(text).fetchall())


def read_columns(connection: Connection) -> tuple[LiveColumn, ...]:
    """Every live column of every table; numbers and oids tell a renamed column from one that was dropped."""
    text = query("columns", version_num=connection.info.server_version)
    return tuple(LiveColumn(*row) for row in connection.execute(text).fetchall())


def holds_only_null(connection: Connection, *, table: str, column: str) -> bool:
    """Whether no row of the table, its qualified name as SQL writes it, has a value in the column."""
    name = sql.Identifier(column).as_string(connection)
    statement = f"SELECT NOT EXISTS (SELECT FROM ONLY {table} WHERE {name} IS NOT NULL)"  # noqa: S608
    row = connection.execute(statement.encode()).fetchone()
    return row is not None and bool(row[0])


def read_unindexed_foreign_keys(connection: Connection) -> tuple[tuple[str, str], ...]:
    """Table and name of the foreign keys that no valid index on the referencing columns serves."""
    text = query("unindexed_foreign_keys", version_num=connection.info.server_version)
    return tuple((table, name) for table, name in connection.execute(text).fetchall())


def _digest(connection: Connection, *, name: str, table: sql.Identifier, columns: Sequence[str]) -> TableDigest:
    values = sql.SQL(", ").join(sql.SQL("t.{}").format(sql.Identifier(column)) for column in columns)
    statement = sql.SQL(
        "SELECT count(*), coalesce(sum(hashtextextended(ROW({values})::text, {seed})), 0) FROM ONLY {table} AS t"
    ).format(values=values, seed=sql.Literal(_HASH_SEED), table=table)
    # Rolling back to a savepoint gives the locks of the table and its indexes back: thousands of partitions would fill
    # the server's lock table otherwise.
    with connection.transaction(force_rollback=True):
        row = connection.execute(statement).fetchone()
    rows, total = row or (0, 0)
    return TableDigest(relation=name, rows=rows, digest=f"{int(total) & (1 << 128) - 1:032x}", columns=tuple(columns))


@contextmanager
def _steady(connection: Connection) -> Iterator[None]:
    """One snapshot, with everything that shapes text fixed until it ends; inside a transaction, that transaction's
    view.

    Rolled back always: a SET LOCAL made in a savepoint would otherwise stay until the caller's own transaction ends.
    """
    idle = connection.info.transaction_status == TransactionStatus.IDLE
    with connection.transaction(force_rollback=True):
        if idle:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        for setting, value in _TEXT_SETTINGS.items():
            connection.execute("SELECT set_config(%s, %s, true)", (setting, value))
        yield
