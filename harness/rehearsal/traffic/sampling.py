"""Rows of a relation drawn at random, by the way that its size allows."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final, TypeAlias

from psycopg import sql

from harness.postgres.connect import Connection
from harness.rehearsal.traffic.relation import Relation, query

Rows: TypeAlias = list[tuple[str, ...]]

_SPARE: Final = 1.5  # pages differ in rows; half as many again makes too few unlikely
_ROWS_OF_A_PAGE: Final = (
    4  # rows beside one another share a page in memory: a sample of whole pages would be served from few
)
_DENSE: Final = 0.5  # keys per number between least and greatest; below, random numbers favour the keys after gaps
_MOST_BYTES: Final = 16 * 1024 * 1024  # of the values of one sample; every traffic process has them all
_HASH_RANGE: Final = 1 << 20
_NOTHING: Final = sql.SQL("")
_ALWAYS: Final = sql.SQL("true")


@dataclass(frozen=True, slots=True)
class SampleSizes:
    """How many rows a sample has, and up to which size a relation is read in full, or scanned for it.

    100,000 keys lie on so many pages that a large table's working set is not kept in memory by the sample being small.
    Reading 200,000 rows takes under a second; the scan of five million takes a few.
    """

    keep: int = 100_000
    whole: int = 200_000
    scanned: int = 5_000_000

    def of_width(self, width: int) -> "SampleSizes":
        """Fewer rows where each has so many bytes that the sample would not fit its memory."""
        share = min(1.0, _MOST_BYTES / (self.keep * max(1, width)))
        return SampleSizes(max(1, int(self.keep * share)), max(1, int(self.whole * share)), self.scanned)


def sample_rows(
    conn: Connection, relation: Relation, columns: Sequence[str], *, seed: int, sizes: SampleSizes | None = None
) -> Rows:
    """Up to `sizes.keep` rows without NULLs of these columns, as text, in random order; none where there are none.

    The same seed and data give the same. Each row is as likely as any other, so that a value many rows have is drawn as
    often.
    """
    sizes = (sizes or SampleSizes()).of_width(relation.width)
    random = Random(f"{seed} {relation.table} {' '.join(columns)}")  # noqa: S311 - traffic is repeatable, not secret
    with conn.transaction():
        # The order of a scan that begins in the middle, or that several workers share, differs from run to run.
        conn.execute("SET LOCAL synchronize_seqscans = off; SET LOCAL max_parallel_workers_per_gather = 0")
        rows = _drawn(conn, relation, columns, random=random, seed=seed, sizes=sizes)
        if not rows:  # a column that is nearly all NULL may have no value in the sample
            rows = _read(conn, relation, columns, sizes=sizes)
    rows.sort()
    random.shuffle(rows)
    return rows[: sizes.keep]


def _drawn(
    conn: Connection, relation: Relation, columns: Sequence[str], *, random: Random, seed: int, sizes: SampleSizes
) -> Rows:
    if relation.rows <= max(sizes.whole, sizes.keep):
        return _read(conn, relation, columns, sizes=sizes)
    share = min(1.0, _SPARE * sizes.keep / relation.rows)
    if not relation.is_table:
        conn.execute("SELECT setseed(%s)", [random.random()])
        return _read(conn, relation, columns, where=sql.SQL("random() < {}").format(sql.Literal(share)), sizes=sizes)
    if relation.rows <= sizes.scanned:
        return _read(conn, relation, columns, sampled=_tablesample("BERNOULLI", share, seed), sizes=sizes)
    probed = _probe(conn, relation, columns, random=random, sizes=sizes)
    return probed or _thin_pages(conn, relation, columns, seed=seed, sizes=sizes)


def _tablesample(method: str, share: float, seed: int) -> sql.Composable:
    percent = sql.Literal(min(100.0, 100.0 * share))
    return sql.SQL("TABLESAMPLE {} ({}) REPEATABLE ({})").format(sql.Identifier(method.lower()), percent, seed)


def _thin_pages(conn: Connection, relation: Relation, columns: Sequence[str], *, seed: int, sizes: SampleSizes) -> Rows:
    """Some pages, and a few rows of each: nearly as scattered as a sample of rows, without reading every page."""
    pages = max(1, relation.pages)
    wanted = max(_ROWS_OF_A_PAGE, _SPARE * sizes.keep / pages)
    taken = min(1.0, wanted * pages / relation.rows)
    sampled = _tablesample("SYSTEM", _SPARE * sizes.keep / (relation.rows * taken), seed)
    thinned = sql.SQL("hashtextextended(ctid::text, {}) & {} < {}").format(
        seed, _HASH_RANGE - 1, max(1, round(taken * _HASH_RANGE))
    )
    return _read(conn, relation, columns, sampled=sampled, where=thinned, sizes=sizes)


def _probe(conn: Connection, relation: Relation, columns: Sequence[str], *, random: Random, sizes: SampleSizes) -> Rows:
    """The rows at random keys, through a unique index over integers without wide gaps; none where there is no such."""
    found = conn.execute(query("probe_key"), {"oid": relation.oid, "columns": list(columns)}).fetchone()
    if found is None:
        return []
    key = sql.Identifier(found[0])
    ends = sql.SQL("SELECT min({key}), max({key}) FROM {relation}").format(key=key, relation=relation.identifier)
    low, high = conn.execute(ends).fetchone() or (None, None)
    if low is None or relation.rows < _DENSE * (high - low + 1):
        return []
    probes = sorted({random.randint(low, high) for _ in range(round(_SPARE * sizes.keep))})
    select = sql.SQL(
        "SELECT r.* FROM unnest(%s::int8[]) AS p (k) CROSS JOIN LATERAL"
        " (SELECT {texts} FROM {relation} AS t WHERE t.{key} >= p.k AND {known} ORDER BY t.{key} LIMIT 1) r"
    ).format(texts=_texts(columns), relation=relation.identifier, key=key, known=_known(columns))
    return list(dict.fromkeys(conn.execute(select, [probes])))


def _read(
    conn: Connection,
    relation: Relation,
    columns: Sequence[str],
    *,
    sizes: SampleSizes,
    sampled: sql.Composable = _NOTHING,
    where: sql.Composable = _ALWAYS,
) -> Rows:
    select = sql.SQL("SELECT {texts} FROM {relation} {sampled} WHERE {known} AND {where} LIMIT {most}").format(
        texts=_texts(columns),
        relation=relation.identifier,
        sampled=sampled,
        known=_known(columns),
        where=where,
        most=max(sizes.whole, 2 * sizes.keep),
    )
    return conn.execute(select).fetchall()


def _texts(columns: Sequence[str]) -> sql.Composable:
    return sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(column)) for column in columns)


def _known(columns: Sequence[str]) -> sql.Composable:
    return sql.SQL(" AND ").join(sql.SQL("{} IS NOT NULL").format(sql.Identifier(column)) for column in columns)
