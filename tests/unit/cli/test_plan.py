"""`rehearse check`'s words."""

from pathlib import Path

from harness.cli.plan import describe
from harness.rehearsal.migration.sources import build_plan
from harness.spec.load import load_scenario

SCENARIO = """\
name = "x"
[migration]
path = "m"
[[phase]]
name = "expand"
steps = ["001_a"]
[[phase]]
name = "roll"
"""


def test_the_plan_in_words(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    for step in ("001_a", "002_b"):
        (tmp_path / "m" / f"{step}.up.sql").write_text("SELECT 1;")
        (tmp_path / "m" / f"{step}.down.sql").write_text("SELECT 1;")
    (tmp_path / "scenario.toml").write_text(SCENARIO)
    loaded = load_scenario(tmp_path)
    plan = build_plan(loaded.scenario, folder=loaded.folder)
    assert describe(loaded, plan) == [
        f"x  ({tmp_path}/scenario.toml)",
        "  postgres   18, engine auto",
        "  snapshot   empty database",
        "  migration  sql, 2 steps",
        "    001_a",
        "    002_b",
        "  traffic    none: locks are measured, but nobody is there to be blocked",
        "  phase      expand: 001_a",
        "  phase      roll: no steps",
        "  rollback   run, must restore schema+data",
        "",
    ]
