"""What antagonists are planned to do: kinds, placements, aims, instants; and what a transaction holds."""

import math
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from harness.model.errors import SpecError
from harness.rehearsal.migration.plan import MigrationPlan
from harness.rehearsal.migration.policy import Mode, mode_of, together
from harness.rehearsal.migration.sources import build_plan
from harness.rehearsal.traffic.antagonists.instants import instants, next_after
from harness.rehearsal.traffic.antagonists.kinds.deeds import DEEDS
from harness.rehearsal.traffic.antagonists.plan import (
    Antagonist,
    AntagonistKind,
    Placed,
    plan_antagonists,
    sessions_needed,
)
from harness.spec.checks.antagonists import ANTAGONISTS
from harness.spec.scenario import (
    AntagonistSpec,
    MigrationSpec,
    Placement,
    Scenario,
    ToolCommand,
    TrafficSpec,
    Transaction,
)

SECOND = 1_000_000_000


def planned(plan: MigrationPlan | None = None, **spec: Any) -> Antagonist:
    (antagonist,) = plan_antagonists(
        TrafficSpec(antagonist=(AntagonistSpec(**spec),)), path=Path("s.toml"), plan=plan, seed=7
    )
    return antagonist


@pytest.fixture
def plan(tmp_path: Path) -> MigrationPlan:
    """Two steps: S1, S2 and S3, S4; R1 and R2."""
    (tmp_path / "001_a.up.sql").write_text("CREATE TABLE a (id int); ALTER TABLE orders ADD x int;")
    (tmp_path / "001_a.down.sql").write_text("DROP TABLE a;")
    (tmp_path / "002_b.up.sql").write_text("BEGIN; ALTER  TABLE\norders DROP x; COMMIT; VACUUM;")
    (tmp_path / "002_b.down.sql").write_text("ALTER TABLE orders ADD x int;")
    return build_plan(Scenario(name="t"), folder=tmp_path)


def test_every_kind_is_known_everywhere() -> None:
    assert {kind.value for kind in AntagonistKind} == set(ANTAGONISTS)
    assert set(DEEDS) == set(AntagonistKind)


@pytest.mark.parametrize(
    ("before", "ids"),
    [
        ("S2", {"S2"}),
        ("s2", {"S2"}),
        ("R1", {"R1"}),
        ("001_a", {"S1"}),
        ("002_b", {"S3"}),
        ("alter table ORDERS", {"S2", "S3", "R1"}),
        ("  ALTER TABLE orders ADD ", {"S2", "R1"}),
        ("DROP TABLE", {"R2"}),
    ],
)
def test_a_statement_is_named_by_number_step_or_beginning(plan: MigrationPlan, before: str, ids: set[str]) -> None:
    antagonist = planned(plan, kind="held_snapshot", before=before, lead="50ms")
    assert (antagonist.aims, antagonist.placed, antagonist.before_ns) == (frozenset(ids), Placed.AIMED, 50_000_000)


def test_an_aim_at_nothing_is_refused_with_what_there_is(plan: MigrationPlan) -> None:
    with pytest.raises(SpecError, match="did you mean '002_b'") as caught:
        planned(plan, kind="held_snapshot", before="002_c")
    assert caught.value.key == "traffic.antagonist[0].before"
    assert "S1 to R2" in caught.value.hint


def test_nothing_is_aimed_at_inside_a_tools_own_process(tmp_path: Path) -> None:
    spec = MigrationSpec(tool="command", command=ToolCommand(up="true", down="true"))
    tool = build_plan(Scenario(name="t", migration=spec), folder=tmp_path)
    with pytest.raises(SpecError, match="a tool's own process") as caught:
        planned(tool, kind="held_snapshot", before="S1")
    assert "before_migration" in caught.value.hint


def test_random_instants_are_the_seeds_and_of_the_mean_distance() -> None:
    one = planned(kind="held_snapshot", placement=Placement.RANDOM, every="2s", start="1s")
    drawn = list(islice(instants(one, began_ns=5 * SECOND), 2_000))
    assert drawn == list(islice(instants(one, began_ns=5 * SECOND), 2_000))
    gaps = [b - a for a, b in zip([6 * SECOND, *drawn], drawn, strict=False)]
    assert min(gaps) >= 0
    assert sum(gaps) / len(gaps) == pytest.approx(2 * SECOND, rel=5 / math.sqrt(len(gaps)))
    assert sum(gap > 2 * SECOND for gap in gaps) / len(gaps) == pytest.approx(math.exp(-1), abs=0.06)
    (_, other) = plan_antagonists(
        TrafficSpec(antagonist=(AntagonistSpec(kind="pg_dump", placement=Placement.RANDOM),) * 2), path=Path("s.toml")
    )
    assert next(instants(other, began_ns=0)) != drawn[0]


def test_the_clocks_instants_and_those_that_were_missed() -> None:
    every = planned(kind="held_snapshot", start="1s", every="3s")
    assert list(islice(instants(every, began_ns=0), 3)) == [1 * SECOND, 4 * SECOND, 7 * SECOND]
    assert next_after(instants(every, began_ns=0), 5 * SECOND) == 7 * SECOND
    assert list(instants(planned(kind="held_snapshot", every="0s", start="1s"), began_ns=2)) == [SECOND + 2]
    assert next_after(iter(()), 1) is None
    assert list(instants(planned(kind="held_snapshot", before_migration="1s"), began_ns=0)) == []


def test_sessions_of_their_own_are_counted() -> None:
    kinds = ("long_reader", "pg_dump", "wraparound_vacuum", "sql")
    specs = tuple(AntagonistSpec(kind=kind, table="t", sql="SELECT 1") for kind in kinds)
    assert sessions_needed(TrafficSpec(antagonist=specs)) == 6


@pytest.mark.parametrize(
    ("text", "index", "count"),
    [
        ("SELECT 1; SELECT 2; SELECT 3;", 1, 1),
        ("BEGIN; SELECT 1; SELECT 2; COMMIT; SELECT 3;", 0, 4),
        ("BEGIN; SELECT 1; COMMIT AND CHAIN; SELECT 2; ROLLBACK; SELECT 3;", 0, 5),
        ("BEGIN; SELECT 1;", 0, 2),
        ("SELECT 3; BEGIN; SELECT 1; COMMIT;", 0, 1),
    ],
)
def test_what_comes_in_one_transaction_as_written(tmp_path: Path, text: str, index: int, count: int) -> None:
    (tmp_path / "001_a.up.sql").write_text(text)
    (tmp_path / "001_a.down.sql").write_text("SELECT 1;")
    spec = MigrationSpec(transaction=Transaction.AS_WRITTEN)
    plan = build_plan(Scenario(name="t", migration=spec), folder=tmp_path)
    script = plan.steps[0].up
    assert len(together(script, index=index, mode=Mode.AS_WRITTEN)) == count
    assert len(together(script, index=index, mode=Mode.WRAPPED)) >= count


def test_what_comes_in_one_transaction_of_a_step(tmp_path: Path) -> None:
    (tmp_path / "001_a.up.sql").write_text("SELECT 1; SELECT 2; SELECT 3;")
    (tmp_path / "001_a.down.sql").write_text("SELECT 1;")
    plan = build_plan(Scenario(name="t"), folder=tmp_path)
    script = plan.steps[0].up
    assert mode_of(script, plan=plan) is Mode.WRAPPED
    assert [s.id for s in together(script, index=0, mode=Mode.WRAPPED)] == ["S1", "S2", "S3"]
    assert [s.id for s in together(script, index=1, mode=Mode.IMPLICIT)] == ["S2", "S3"]
