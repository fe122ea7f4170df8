"""Before traffic: what the parameters of all operations need is taken from the clone, or told to be missing."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, assert_never

from harness.postgres.connect import Connection
from harness.rehearsal.traffic.column_facts import column_statistics, key_start
from harness.rehearsal.traffic.inserted import followed_column
from harness.rehearsal.traffic.ledger import resolve
from harness.rehearsal.traffic.relation import Need, Relation, find_relation, query
from harness.rehearsal.traffic.sampling import SampleSizes, sample_rows
from harness.spec.params import (
    ColumnParameter,
    ColumnStatistics,
    Fitted,
    FromStatistics,
    Inserted,
    KeyStart,
    NewKey,
    Once,
    RowValue,
    Sample,
    SampleColumn,
    SampledRow,
    Samples,
    ZipfSample,
    compact,
    sampled_rows,
    walk,
)
from harness.spec.targets import LedgerAction
from harness.spec.workload import Workload

_WHERE_EMPTY: Final = (
    "load rows into it ([snapshot] setup), or use new_key() for keys of new rows, inserted() for those of rows that "
    "the run inserts"
)


def load_samples(
    conn: Connection, workload: Workload, *, seed: int, limit: int | None = None, sizes: SampleSizes | None = None
) -> Samples:
    """What the workload's parameters draw from; the same seed and data give the same.

    At most `limit` rows of a table are kept. SpecError names operation and parameter where a table, a column, every
    value, or the statistics are missing; that holds for operations of every version, because values are taken before
    the migration.
    """
    sizes = sizes or SampleSizes()
    loader = _Loader(conn, workload, seed, sizes if limit is None else replace(sizes, keep=limit))
    for operation in workload.operations:
        rows = sampled_rows(operation.parameters)
        for name, parameter in operation.parameters:
            need = Need(workload.path, operation.name, name)
            for inner in walk(parameter):
                if isinstance(inner, RowValue):
                    loader.row(rows[inner.source.table, inner.row], need)
                elif isinstance(inner, ColumnParameter):
                    loader.column(inner, need)
    return Samples(loader.columns, loader.rows, loader.statistics, loader.new_keys)


@dataclass(slots=True)
class _Loader:
    conn: Connection
    workload: Workload
    seed: int
    sizes: SampleSizes
    columns: dict[SampleColumn, Sequence[str]] = field(default_factory=dict)
    rows: dict[SampledRow, tuple[Sequence[str], ...]] = field(default_factory=dict)
    statistics: dict[SampleColumn, ColumnStatistics] = field(default_factory=dict)
    new_keys: dict[SampleColumn, KeyStart] = field(default_factory=dict)

    def column(
        self, parameter: Sample | Once | Fitted | FromStatistics | NewKey | Inserted | ZipfSample, need: Need
    ) -> None:
        """What `parameter` draws from."""
        source = parameter.source
        match parameter:
            case Sample() | Once() | ZipfSample():
                self._values(source, need)
            case Fitted():
                self._values(source, need)
                found = column_statistics(self.conn, self._relation(source, need), source.column)
                if found is not None:
                    self.statistics[source] = found
            case FromStatistics():
                self._statistics(source, need)
            case NewKey():
                if source not in self.new_keys:
                    self.new_keys[source] = key_start(self.conn, self._relation(source, need), source, need=need)
            case Inserted():
                self._inserted(source, need)
            case _:
                assert_never(parameter)

    def row(self, sampled: SampledRow, need: Need) -> None:
        """Rows of one table, column by column."""
        if sampled in self.rows:
            return
        relation = find_relation(self.conn, sampled.table, sampled.columns, need=need)
        rows = sample_rows(self.conn, relation, sampled.columns, seed=self.seed, sizes=self.sizes)
        if not rows:
            raise need.error(f"{sampled.table} has no row with {' and '.join(sampled.columns)}", hint=_WHERE_EMPTY)
        self.rows[sampled] = tuple(compact(values) for values in zip(*rows, strict=True))

    def _relation(self, source: SampleColumn, need: Need) -> Relation:
        return find_relation(self.conn, source.table, [source.column], need=need)

    def _values(self, source: SampleColumn, need: Need, *, required: bool = True) -> None:
        if source not in self.columns:
            relation = self._relation(source, need)
            rows = sample_rows(self.conn, relation, [source.column], seed=self.seed, sizes=self.sizes)
            self.columns[source] = compact([value for (value,) in rows])
        if required and not self.columns[source]:
            raise need.error(f"{source} has no values", hint=_WHERE_EMPTY)

    def _statistics(self, source: SampleColumn, need: Need) -> None:
        found = column_statistics(self.conn, self._relation(source, need), source.column)
        if found is None:
            raise need.error(
                f"there are no statistics of {source}",
                hint=f"write ANALYZE {source.table} into a file of [snapshot] setup, load rows if it is empty, or use "
                f"sample({source})",
            )
        self.statistics[source] = found

    def _inserted(self, source: SampleColumn, need: Need) -> None:
        """Keys come from the ledger: it must follow an INSERT into the table, and the column be of its primary key."""
        self._values(source, need, required=False)
        followed = followed_column(source, ledger_keys(self.conn, self.workload))
        if followed is None or followed[0] not in self._followed_inserts():
            raise need.error(
                f"inserted({source}) has no INSERT whose keys could be followed",
                hint=f"it takes an operation that says INSERT INTO {source.table} … VALUES, without ON CONFLICT or "
                f"RETURNING, and {source.column} must be of the primary key; or use sample({source})",
            )

    def _followed_inserts(self) -> set[str | None]:
        ledgers = [s.ledger for o in self.workload.operations for s in o.statements if s.ledger is not None]
        keys = ledger_keys(self.conn, self.workload)
        return {resolve(ledger.relation, keys) for ledger in ledgers if ledger.action is LedgerAction.INSERT}


def ledger_keys(conn: Connection, workload: Workload) -> dict[str, tuple[str, ...]]:
    """Primary key columns, by "schema.table", of the tables that the ledger can follow."""
    followed = {s.ledger.relation for o in workload.operations for s in o.statements if s.ledger}
    keys = {f"{schema}.{table}": tuple(columns) for schema, table, columns in conn.execute(query("primary_keys"))}
    wanted = {resolve(relation, keys) for relation in followed}
    return {relation: columns for relation, columns in keys.items() if relation in wanted}
