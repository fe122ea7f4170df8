"""What trials say: which operations stay, and how near they are to their source."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from harness.model.units import NS_PER_MS
from harness.spec.scenario import OperationSpec, StatementSpec
from harness.workload.auto import derive_auto
from harness.workload.catalog import Catalog, Column, Index, Table
from harness.workload.derived import Coverage, Derived, Expectation
from harness.workload.prove import prove
from harness.workload.realism import check_realism
from harness.workload.trial import OperationTrial, StatementTrial


@dataclass
class Played:
    """A runner that gives what a test says; everything else went well and changed a row."""

    trials: dict[str, OperationTrial] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def try_out(self, operations: Sequence[OperationSpec], *, draws: int) -> tuple[OperationTrial, ...]:
        self.asked += [one.name for one in operations]
        fine = OperationTrial((StatementTrial("", calls=draws, rows=draws),))
        return tuple(self.trials.get(one.name, fine) for one in operations)


REFUSED = OperationTrial((StatementTrial("x"),), "23505", "no")


def derived(**more: object) -> Derived:
    operations = (
        OperationSpec(name="good", sql="SELECT 1", weight=3.0),
        OperationSpec(name="bad", sql=("SELECT 2", StatementSpec(sql="SELECT 3")), weight=1.0),
    )
    expectations = (
        Expectation("good", 0, 90, 2.0, 4.0 * NS_PER_MS),
        Expectation("bad", 0, 10, 1.0, 1.0 * NS_PER_MS),
        Expectation("bad", 1, 10, None, None),
    )
    return Derived(operations, 40.0, Coverage("x", 200, 110, 1_000 * NS_PER_MS, 370 * NS_PER_MS), expectations)


def test_what_gives_an_error_is_left_out_and_no_longer_covered() -> None:
    proven = prove(derived(), Played({"bad": REFUSED}))
    assert [one.name for one in proven.operations] == ["good"]
    assert (proven.coverage.covered_calls, proven.coverage.covered_time_ns) == (90, 360 * NS_PER_MS)
    (lost,) = proven.coverage.uncovered
    assert (lost.statement, lost.calls, lost.reason) == ("SELECT 2; SELECT 3", 20, "no (23505)")
    assert proven.rate == pytest.approx(30.0)
    assert [one.operation for one in proven.expectations] == ["good"]
    assert prove(derived(), Played()) == derived()


@pytest.mark.parametrize(
    ("rows", "time_ms", "ok"),
    [(2.0, 4.0, True), (4.0, 40.0, True), (3.0, 0.1, False), (1.0, 4.0, True), (5.0, 4.0, False), (2.0, 41.0, False)],
)
def test_realism(rows: float, time_ms: float, ok: bool) -> None:
    here = OperationTrial((StatementTrial("SELECT 1", 10, round(rows * 10), round(time_ms * NS_PER_MS * 10)),))
    found = check_realism(derived(), Played({"good": here, "bad": REFUSED}))
    assert [(one.operation, one.statement) for one in found] == [("good", 0), ("bad", 0)]
    assert found[0].rows_here == pytest.approx(rows)
    assert found[0].ok is ok
    assert (found[1].rows_here, found[1].ok, found[1].error) == (None, False, "23505")


def catalog() -> Catalog:
    columns = (Column("id", "integer", "int4", "N", not_null=True), Column("v", "text", "text", "S"))
    index = Index("t_pkey", ("id",), ("id",), unique=True, primary=True)
    return Catalog((Table("public", "t", columns, rows=500, indexes=(index,)),))


def test_the_first_version_that_runs_is_taken() -> None:
    played = Played({"read t": REFUSED})
    found = derive_auto(catalog(), played)
    assert {one.name for one in found.operations} == {"list t by id", "insert t", "update t", "delete t"}
    assert found.coverage.uncovered[0].reason == "no (23505)"
    assert (found.coverage.calls, found.coverage.covered_calls) == (5, 4)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ((0, 0), "no row was changed: every new key is taken"),
        ((5, 4), "what was inserted could not be found again to delete it"),
    ],
)
def test_a_delete_must_find_what_was_inserted(rows: tuple[int, int], reason: str) -> None:
    trial = OperationTrial(tuple(StatementTrial("", calls=5, rows=one) for one in rows))
    found = derive_auto(catalog(), Played({"delete t": trial}))
    assert [(one.statement, one.reason) for one in found.coverage.uncovered] == [("delete t", reason)]


def test_no_table() -> None:
    assert derive_auto(Catalog(()), Played()).operations == ()
