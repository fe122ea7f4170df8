"""`rehearse check`'s words."""

from pathlib import Path

import pytest

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


OPERATION = '[[traffic.operation]]\nname = "view"\nsql = "SELECT 1"\n'


@pytest.mark.parametrize(
    ("traffic", "words"),
    [
        ("rate = 50\n", "1 operation at 50/s over 16 actors"),
        (
            'rate = 50\nburst = [{ rate = 300 }]\nramp = [{ at = "1s", rate = 20 }]\n',
            "1 operation at 50/s, up to 300/s, over 16 actors",
        ),
        (
            'arrival = "trace"\ntrace = "trace.csv"\n',
            "1 operation as recorded in trace.csv, 2/s on average, over 16 actors",
        ),
    ],
)
def test_the_rate_in_words(tmp_path: Path, traffic: str, words: str) -> None:
    (tmp_path / "up.sql").write_text("SELECT 1;")
    (tmp_path / "trace.csv").write_text("0\n0.5\n1\n")
    (tmp_path / "scenario.toml").write_text(
        f'[migration]\nup = "up.sql"\n[rollback]\nrun = false\n[traffic]\n{traffic}{OPERATION}'
    )
    loaded = load_scenario(tmp_path)
    plan = build_plan(loaded.scenario, folder=loaded.folder)
    assert f"  traffic    {words}" in describe(loaded, plan)


def test_a_phase_may_be_the_busiest_time(tmp_path: Path) -> None:
    (tmp_path / "up.sql").write_text("SELECT 1;")
    rates = f'[traffic]\nactors = 1\n{OPERATION}[[phase]]\nname = "p"\nrate = 900\n'
    text = f'[migration]\nup = "up.sql"\n[rollback]\nrun = false\n{rates}'
    (tmp_path / "scenario.toml").write_text(text)
    loaded = load_scenario(tmp_path)
    described = describe(loaded, build_plan(loaded.scenario, folder=loaded.folder))
    assert "  traffic    1 operation at 200/s, up to 900/s, over 1 actor" in described


def test_the_antagonists_and_what_they_are_aimed_at(tmp_path: Path) -> None:
    (tmp_path / "up.sql").write_text("SELECT 1;" * 11)
    (tmp_path / "down.sql").write_text("SELECT 1;")
    antagonists = (
        '[[traffic.antagonist]]\nkind = "long_reader"\ntable = "t"\nbefore = "select"\n'
        '[[traffic.antagonist]]\nkind = "pg_dump"\n'
    )
    (tmp_path / "scenario.toml").write_text(f'[migration]\nup = "up.sql"\ndown = "down.sql"\n{antagonists}')
    loaded = load_scenario(tmp_path)
    described = describe(loaded, build_plan(loaded.scenario, folder=loaded.folder))
    ups = ", ".join(f"S{number}" for number in range(1, 12))
    assert described[-5:-2] == [
        "  traffic    none: locks are measured, but nobody is there to be blocked",
        f"  antagonist long_reader on t, before {ups}, R1",
        "  antagonist pg_dump",
    ]


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("auto = true", "operations derived from the catalog of a clone at 50/s over 3 actors"),
        ('from_log = "app.log"', "operations derived from the server log app.log at 50/s over 3 actors"),
        (
            'from_log = ["app.log", "later.log"]',
            "operations derived from the server log app.log, later.log at 50/s over 3 actors",
        ),
        (
            'from_statements = "app.log"',
            "operations derived from the export of pg_stat_statements app.log at 50/s over 3 actors",
        ),
        (
            'auto = true\n[[traffic.operation]]\nname = "a"\nsql = "SELECT 1"',
            "1 operation and operations derived from the catalog of a clone at 50/s over 3 actors",
        ),
    ],
)
def test_operations_to_derive(tmp_path: Path, key: str, said: str) -> None:
    (tmp_path / "app.log").write_text("x")
    (tmp_path / "later.log").write_text("x")
    (tmp_path / "up.sql").write_text("SELECT 1;")
    text = (
        f'[migration]\nup = "up.sql"\n[rollback]\nrun = false\nreason = "x"\n[traffic]\nrate = 50\nactors = 3\n{key}\n'
    )
    (tmp_path / "scenario.toml").write_text(text)
    loaded = load_scenario(tmp_path)
    lines = describe(loaded, build_plan(loaded.scenario, folder=loaded.folder))
    assert f"  traffic    {said}" in lines
