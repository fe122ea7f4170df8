"""Statistics without data: numbers about a database that may leave production where its rows may not."""

from collections import defaultdict
from pathlib import Path
from typing import Any, Final

import msgspec

from harness.model.errors import SnapshotError
from harness.postgres.connect import Connection
from harness.snapshot.restore import room_query

SCHEMA_VERSION: Final = 1


class _Numbers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the file."""


class ColumnNumbers(_Numbers, frozen=True, kw_only=True):
    """What pg_stats says of a column; `frequencies` of its most common values, greatest first, without the values.

    `n_distinct` as PostgreSQL writes it: negative is a share of the rows. `correlation` None: the type has no order.
    """

    name: str
    null_frac: float
    avg_width: int
    n_distinct: float
    frequencies: tuple[float, ...] = ()
    correlation: float | None = None


class IndexNumbers(_Numbers, frozen=True, kw_only=True):
    """An index: its size, and the scans since the statistics were reset."""

    name: str
    unique: bool
    bytes: int
    pages: int
    scans: int


class TableNumbers(_Numbers, frozen=True, kw_only=True):
    """A table, a partition or (`partitioned`) a parent without rows of its own; counters since the reset.

    `rows` is the planner's estimate; `toast_bytes` with the TOAST table's index; `per_s` the rates of rows inserted,
    updated and deleted, None where the length of the window is not known.
    """

    schema: str
    name: str
    partitioned: bool
    partition_of: str
    rows: float
    pages: int
    all_visible_pages: int
    heap_bytes: int
    toast_bytes: int
    index_bytes: int
    sequential_scans: int
    index_scans: int
    inserted: int
    updated: int
    hot_updated: int
    deleted: int
    live: int
    dead: int
    inserted_per_s: float | None = None
    updated_per_s: float | None = None
    deleted_per_s: float | None = None
    columns: tuple[ColumnNumbers, ...] = ()
    indexes: tuple[IndexNumbers, ...] = ()

    @property
    def qualified(self) -> str:
        """schema.table, unquoted."""
        return f"{self.schema}.{self.name}"


class ProductionStatistics(_Numbers, frozen=True, kw_only=True):
    """The file `rehearse snapshot stats` writes; `window_s` is how long the counters have counted."""

    schema_version: int
    server_version_num: int
    exported_at: str
    window_s: float | None
    database_bytes: int
    settings: dict[str, str]
    tables: tuple[TableNumbers, ...]


_TABLE_FIELDS: Final = (
    "schema", "name", "partitioned", "partition_of", "rows", "pages", "all_visible_pages", "heap_bytes", "toast_bytes",
    "index_bytes", "sequential_scans", "index_scans", "inserted", "updated", "hot_updated", "deleted", "live", "dead",
)  # fmt: skip


def export_statistics(conn: Connection) -> ProductionStatistics:
    """Numbers and names only, from catalogs and statistics: no table is read, no value leaves.

    Columns show where the role may read them: `pg_read_all_data` or the owner sees all.
    """
    row = conn.execute(
        "SELECT current_setting('server_version_num')::int,"
        " to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'),"
        " extract(epoch FROM now() - coalesce(stats_reset, pg_postmaster_start_time()))::float8,"
        " pg_database_size(current_database()) FROM pg_stat_database WHERE datname = current_database()"
    ).fetchone()
    version, exported, window, size = row or (0, "", None, 0)
    columns = _grouped(conn.execute(room_query("statistics_columns")).fetchall())
    indexes = _grouped(conn.execute(room_query("statistics_indexes")).fetchall())
    return ProductionStatistics(
        schema_version=SCHEMA_VERSION,
        server_version_num=version,
        exported_at=exported,
        window_s=window,
        database_bytes=size,
        settings=dict(conn.execute(room_query("statistics_settings")).fetchall()),
        tables=tuple(
            _table(row, window, columns[row[0], row[1]], indexes[row[0], row[1]])
            for row in conn.execute(room_query("statistics_tables")).fetchall()
        ),
    )


def statistics_json(statistics: ProductionStatistics) -> bytes:
    """The file's content."""
    return msgspec.json.format(msgspec.json.encode(statistics), indent=1) + b"\n"


def read_statistics(path: Path) -> ProductionStatistics:
    """The content of such a file; SnapshotError where it is none, or from a newer version."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise SnapshotError(f"{path} cannot be read: {error.strerror}") from None
    hint = "write it with `rehearse snapshot stats --dsn … > prod.json`"
    try:
        version = msgspec.json.decode(raw, type=_Version).schema_version
        if version > SCHEMA_VERSION:
            raise SnapshotError(f"{path} is of version {version}, this program reads {SCHEMA_VERSION}", hint=hint)
        return msgspec.json.decode(raw, type=ProductionStatistics)
    except msgspec.DecodeError as error:
        raise SnapshotError(f"{path} holds no statistics of a database: {error}", hint=hint) from None


class _Version(msgspec.Struct):
    schema_version: int


def _table(
    row: tuple[Any, ...], window_s: float | None, columns: list[tuple[Any, ...]], indexes: list[tuple[Any, ...]]
) -> TableNumbers:
    values: dict[str, Any] = dict(zip(_TABLE_FIELDS, row, strict=False))
    rates: dict[str, Any] = {
        f"{what}_per_s": round(values[what] / window_s, 6) if window_s else None
        for what in ("inserted", "updated", "deleted")
    }
    return TableNumbers(
        **values,
        **rates,
        columns=tuple(
            ColumnNumbers(
                name=name,
                null_frac=nulls,
                avg_width=width,
                n_distinct=distinct,
                frequencies=tuple(frequencies),
                correlation=correlation,
            )
            for name, nulls, width, distinct, frequencies, correlation in columns
        ),
        indexes=tuple(
            IndexNumbers(name=name, unique=unique, bytes=size, pages=pages, scans=scans)
            for name, unique, size, pages, scans in indexes
        ),
    )


def _grouped(rows: list[tuple[Any, ...]]) -> defaultdict[tuple[str, str], list[tuple[Any, ...]]]:
    found: defaultdict[tuple[str, str], list[tuple[Any, ...]]] = defaultdict(list)
    for schema, table, *rest in rows:
        found[schema, table].append(tuple(rest))
    return found
