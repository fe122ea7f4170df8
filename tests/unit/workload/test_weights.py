"""How often derived operations run."""

import pytest

from harness.workload.candidates import Candidate, Kind
from harness.workload.catalog import Catalog, Counters, ForeignKey, Table
from harness.workload.weights import counts_an_application, weigh


def table(name: str, *, rows: float = 90.0, keys: tuple[ForeignKey, ...] = (), **counted: int) -> Table:
    return Table("public", name, (), rows=rows, foreign_keys=keys, counters=Counters(**counted))


def shares(catalog: Catalog, *kinds: Kind) -> dict[tuple[str, Kind], float]:
    candidates = [Candidate(table, kind, f"{kind.value} {table.name}") for table in catalog.tables for kind in kinds]
    weights = weigh(candidates, catalog)
    return {(one.table.name, one.kind): weight for one, weight in zip(candidates, weights, strict=True)}


def test_without_statistics_four_reads_to_a_write_and_tables_by_the_logarithm_of_their_size() -> None:
    catalog = Catalog((table("small"), table("large", rows=9_990.0)))
    found = shares(catalog, *Kind)
    reads = sum(weight for (_, kind), weight in found.items() if not kind.writes)
    assert reads == pytest.approx(800, rel=1e-3)
    assert sum(found.values()) == pytest.approx(1000, rel=1e-3)
    assert found["large", Kind.POINT] / found["small", Kind.POINT] == pytest.approx(2.0, rel=1e-3)


def test_several_operations_of_a_kind_share_its_weight() -> None:
    catalog = Catalog((table("one"),))
    twice = shares(catalog, Kind.POINT, Kind.JOIN)
    candidates = [Candidate(catalog.tables[0], kind, "x") for kind in (Kind.POINT, Kind.JOIN, Kind.JOIN)]
    weights = weigh(candidates, catalog)
    assert weights[0] == pytest.approx(twice["one", Kind.POINT])
    assert weights[1] == weights[2] == pytest.approx(twice["one", Kind.JOIN] / 2)


def test_counters_of_an_application_decide() -> None:
    busy = table("busy", idx_scan=90_000, inserted=1_000, updated=9_000)
    idle = table("idle", idx_scan=10)
    catalog = Catalog((busy, idle))
    assert counts_an_application(catalog)
    found = shares(catalog, Kind.POINT, Kind.INSERT, Kind.UPDATE)
    assert found["busy", Kind.UPDATE] == pytest.approx(9 * found["busy", Kind.INSERT], rel=1e-3)
    assert found["idle", Kind.INSERT] == 2.0, "no table goes untouched"


def test_loaded_rows_and_their_parents_lookups_are_no_application() -> None:
    key = ForeignKey("k", ("p",), "public.parent", ("id",))
    loaded = Catalog((table("child", inserted=50_000, keys=(key,)), table("parent", inserted=100, idx_scan=50_400)))
    assert not counts_an_application(loaded)
    assert not counts_an_application(Catalog((table("fresh"),)))
    assert weigh([], loaded) == ()
