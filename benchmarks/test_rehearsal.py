"""Overhead of a whole rehearsal: time beyond restore, baseline, migration, rollback and settle."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

from pytest_benchmark.fixture import BenchmarkFixture

from harness.analysis.analyse import analyse
from harness.model.words import Pass, PhaseKind
from harness.rehearsal.conductor import rehearse
from harness.rehearsal.identity import new_run_id
from harness.rehearsal.journal.reader import read_history
from harness.rehearsal.options import Options
from harness.spec.load import load_scenario

SCENARIO = Path(__file__).parent.parent / "scenarios" / "shop" / "not-null-and-index" / "safe"
WANTED = (PhaseKind.BASELINE, PhaseKind.MIGRATE, PhaseKind.SETTLE, PhaseKind.ROLLBACK)


def test_whole_rehearsal(
    benchmark: BenchmarkFixture, home: Path, tmp_path: Path, ratio: Callable[[str, str], None]
) -> None:
    loaded = load_scenario(SCENARIO)

    def once() -> Path:
        run_id = new_run_id(dt.datetime.now(dt.UTC))
        return rehearse(loaded, Options(home=home, out=tmp_path / run_id, run_id=run_id, command=())).path

    once()  # restores the snapshot
    directory: Path = benchmark.pedantic(once, rounds=3)
    facts = analyse(read_history(directory))
    wanted = sum(p.span.duration_ns for p in facts.phases if p.pass_ is Pass.LOAD and p.phase in WANTED) / 1e9
    assert benchmark.stats is not None
    whole: float = benchmark.stats.stats.median
    benchmark.extra_info.update({"wanted_s": wanted, "ratio": whole / wanted})
    ratio(
        "whole rehearsal / its baseline, migration, rollback and settle",
        f"{whole / wanted:.2f}  ({whole:.1f} s / {wanted:.1f} s)",
    )
    assert whole > wanted
