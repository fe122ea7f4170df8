"""[budgets] preset and [[budget]]: what is taken, and what is refused with the way out."""

from pathlib import Path

import pytest

from harness.spec.metrics import METRICS
from harness.spec.presets import PRESETS
from harness.spec.scenario import BudgetsSpec, Preset
from harness.spec.toml_text import scenario_toml
from tests.unit.spec.loading import accepted, refused_with

PAGE = Path(__file__).parents[3] / "docs" / "budgets.md"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("up.sql", "down.sql"):
        (tmp_path / name).write_text("SELECT 1;", encoding="utf-8")
    return tmp_path


def test_a_preset_and_what_is_written_out_before_it(folder: Path) -> None:
    budgets = accepted(folder, '[budgets]\npreset = "strict"\nheld = "2s"').budgets
    assert (budgets.blocked, budgets.p99, budgets.held, budgets.preset) == ("100ms", "3x", "2s", Preset.STRICT)


def test_web_is_what_holds_without_a_preset() -> None:
    plain = BudgetsSpec()
    assert {name: getattr(plain, name) for name in PRESETS[Preset.WEB]} == PRESETS[Preset.WEB]


def test_a_scenario_with_a_preset_reads_back_as_it_was_resolved(folder: Path) -> None:
    scenario = accepted(folder, '[budgets]\npreset = "strict"\nblocked = "500ms"')
    again = accepted(folder, scenario_toml(scenario), migration="")
    assert (again.budgets.blocked, again.budgets.p99) == ("500ms", "3x")


def test_the_text_of_a_scenario_reads_back(folder: Path) -> None:
    scenario = accepted(
        folder,
        'name = "a \\"b\\"\\n"\nseed = 7\n[traffic]\nrate = 12.5\n[[traffic.operation]]\nname = "view"\n'
        'sql = ["SELECT 1", "SELECT 2"]\nparams = { a = 1 }\n'
        '[[budget]]\nmetric = "errors"\nlimit = 0\nsqlstate = "40"\n'
        '[[invariant]]\nname = "i"\nsql = "SELECT 0"\n[snapshot]\nvariables = { "rows" = 3 }'.replace("\\n", ""),
    )
    assert accepted(folder, scenario_toml(scenario), migration="") == scenario


@pytest.mark.parametrize(
    ("text", "key", "message", "hint"),
    [
        ('preset = "wbe"', "budgets.preset", "'wbe' is not known here (did you mean 'web'?)", "strict, web, batch"),
        ('replica_lag = "1s"', "budgets.replica_lag", "not in this version", "no standby"),
    ],
)
def test_a_wrong_budget_is_refused(folder: Path, text: str, key: str, message: str, hint: str) -> None:
    refused_with(folder, f"[budgets]\n{text}", key=key, message=message, hint=hint)


@pytest.mark.parametrize(
    ("text", "key", "message", "hint"),
    [
        ('metric = "latency.p96"\nlimit = "1s"', "budget[0].metric", "did you mean 'latency.p9", "write one of: "),
        ('metric = "replica_lag"\nlimit = "1s"', "budget[0].metric", "is not measured", "migration.wal"),
        ('metric = "errors"\nlimit = "1s"', "budget[0].limit", "is not a whole number", "without quotes"),
        ('metric = "latency.p99"\nlimit = 3', "budget[0].limit", "has no unit", '"3x"'),
        ('metric = "statement.wal"\nlimit = "3s"', "budget[0].limit", "is not a size", "MB"),
        ('metric = "statement.held"\nlimit = "3x"', "budget[0].limit", "is not a duration", "ms"),
        ('metric = "errors"\nlimit = 0\nstatement = "S1"', "budget[0].statement", "not told by statement", "operation"),
        (
            'metric = "statement.held"\nlimit = "1s"\nduring = "settle"',
            "budget[0].during",
            "not told by phase",
            "leave",
        ),
        (
            'metric = "latency.p99"\nlimit = "1s"\nduring = "setle"',
            "budget[0].during",
            "did you mean 'settle'",
            "baseline",
        ),
        ('metric = "errors"', "budget[0]", "'limit' is missing", "add limit"),
    ],
)
def test_a_wrong_metric_is_refused(folder: Path, text: str, key: str, message: str, hint: str) -> None:
    refused_with(folder, f"[[budget]]\n{text}", key=key, message=message, hint=hint)


@pytest.mark.parametrize("text", ["", 'reason = ""', 'reason = "  "'])
def test_accepting_needs_a_reason(folder: Path, text: str) -> None:
    refused_with(folder, f'[[accept]]\nhazard = "table_rewrite"\n{text}', key="accept[0]", message="reason", hint="")


def test_the_page_lists_every_metric_and_every_preset() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for name in METRICS:
        assert f"| `{name}` |" in page
    for key in ("blocked", "outage", "p99", "failed", "held", "rollback_time"):
        row = next(line for line in page.splitlines() if line.startswith(f"| `{key}` |"))
        assert [cell.strip(" `") for cell in row.split("|")[2:5]] == [str(PRESETS[preset][key]) for preset in Preset]
