"""Layouts of migration folders, the order of steps, ids, and the errors that say the way out."""

from pathlib import Path

import pytest

from harness.model.errors import SpecError
from harness.model.words import Direction
from harness.rehearsal.migration.plan import MigrationPlan
from harness.rehearsal.migration.policy import Mode, mode_of
from harness.rehearsal.migration.sources import build_plan
from harness.spec.scenario import MigrationSpec, PhaseSpec, Restore, RollbackSpec, Scenario, ToolCommand, Transaction

_UP, _DOWN = "ALTER TABLE t ADD c int;", "ALTER TABLE t DROP c;"


def _write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _plan(folder: Path, spec: MigrationSpec | None = None, **scenario: object) -> MigrationPlan:
    return build_plan(Scenario(name="x", migration=spec or MigrationSpec(), **scenario), folder=folder)  # type: ignore[arg-type]


def _error(folder: Path, spec: MigrationSpec | None = None, **scenario: object) -> SpecError:
    with pytest.raises(SpecError) as caught:
        _plan(folder, spec, **scenario)
    assert caught.value.exit_code == 2
    return caught.value


def _names(plan: MigrationPlan) -> list[str]:
    return [step.name for step in plan.steps]


def test_one_change_beside_the_scenario(tmp_path: Path) -> None:
    _write(tmp_path, {"up.sql": _UP, "down.sql": _DOWN})
    plan = _plan(tmp_path)
    assert (plan.tool, _names(plan)) == ("sql", ["up"])
    assert plan.sources == {"up.sql": _UP, "down.sql": _DOWN}


def test_one_change_by_name_and_in_another_folder(tmp_path: Path) -> None:
    _write(tmp_path, {"sql/0042_c.sql": _UP, "sql/undo.sql": _DOWN})
    plan = _plan(tmp_path, MigrationSpec(path="sql", up="0042_c.sql", down="undo.sql"))
    assert _names(plan) == ["0042_c"]
    assert set(plan.sources) == {"sql/0042_c.sql", "sql/undo.sql"}


def test_numbered_files_are_ordered_by_number(tmp_path: Path) -> None:
    _write(tmp_path, {f"m/{n}.{way}.sql": "SELECT 1" for n in ("10_c", "9_b", "0002_a") for way in ("up", "down")})
    assert _names(_plan(tmp_path, MigrationSpec(path="m"))) == ["0002_a", "9_b", "10_c"]


def test_a_folder_per_migration(tmp_path: Path) -> None:
    _write(tmp_path, {f"m/{n}/{way}.sql": "SELECT 1" for n in ("2026-01_a", "2026-02_b") for way in ("up", "down")})
    _write(tmp_path, {"m/notes/readme.txt": "nothing"})
    assert _names(_plan(tmp_path, MigrationSpec(path="m"))) == ["2026-01_a", "2026-02_b"]


def test_prisma_folders(tmp_path: Path) -> None:
    scripts = {f"prisma/migrations/2026010{n}_m/migration.sql": _UP for n in (2, 1)}
    _write(
        tmp_path,
        {**scripts, "prisma/migrations/migration_lock.toml": "", "prisma/migrations/20260101_m/down.sql": _DOWN},
    )
    plan = _plan(tmp_path)
    assert (plan.tool, _names(plan)) == ("prisma", ["20260101_m", "20260102_m"])
    assert plan.steps[0].down is not None
    with pytest.raises(SpecError, match=r"20260102_m.*no way back"):
        plan.restricted_to(["20260102_m"])
    assert [s.up.statements[0].id for s in plan.restricted_to(["20260101_m"]).steps] == ["S1"]


def test_ids_run_over_all_steps_down_from_the_last_and_skip_transaction_control(tmp_path: Path) -> None:
    _write(
        tmp_path,
        {
            "1_a.up.sql": "BEGIN; SELECT 1; SET a.b = 1; COMMIT;",
            "1_a.down.sql": "SELECT 1",
            "2_b.up.sql": "SELECT 1",
            "2_b.down.sql": "SELECT 1; SELECT 2",
        },
    )
    plan = _plan(tmp_path)
    ups = [s.id for step in plan.ordered(Direction.UP) for s in step.up.statements]
    downs = [s.id for step in plan.ordered(Direction.DOWN) if step.down for s in step.down.statements]
    assert ups == ["", "S1", "S2", "", "S3"]
    assert downs == ["R1", "R2", "R3"]
    assert [s.name for s in plan.ordered(Direction.DOWN)] == ["2_b", "1_a"]


def test_chosen_steps_are_numbered_anew(tmp_path: Path) -> None:
    _write(tmp_path, {f"{n}_x.{way}.sql": "SELECT 1" for n in (1, 2, 3) for way in ("up", "down")})
    plan = _plan(tmp_path, MigrationSpec(steps=("2_x", "3_x")))
    assert [(s.name, s.up.statements[0].id) for s in plan.steps] == [("2_x", "S1"), ("3_x", "S2")]
    assert "did you mean '2_x'" in str(_error(tmp_path, MigrationSpec(steps=("2_y",))))


def test_a_command_has_no_files(tmp_path: Path) -> None:
    plan = _plan(tmp_path, MigrationSpec(tool="command", command=ToolCommand(up="true", down="true")))
    assert (plan.tool, plan.steps, plan.cwd) == ("command", (), str(tmp_path / "."))
    assert "tool" in str(_error(tmp_path, MigrationSpec(tool="command")))
    assert (
        _error(tmp_path, MigrationSpec(tool="command", command=ToolCommand(up="true"))).key == "migration.command.down"
    )
    missing = MigrationSpec(tool="command", command=ToolCommand(up="true", down="true", cwd="nowhere"))
    assert _error(tmp_path, missing).key == "migration.command.cwd"


def test_a_missing_way_back_names_the_file_and_the_ways_out(tmp_path: Path) -> None:
    _write(tmp_path, {"1_a.up.sql": _UP})
    message = str(_error(tmp_path))
    assert "1_a.down.sql" in message
    assert "[rollback] run = false" in message
    assert 'restore = "none"' in message
    assert _plan(tmp_path, rollback=RollbackSpec(run=False)).steps[0].down is None
    assert _plan(tmp_path, rollback=RollbackSpec(restore=Restore.NONE, reason="x")).steps[0].down is None


def test_an_unknown_tool_is_told_how_to_run(tmp_path: Path) -> None:
    message = str(_error(tmp_path, MigrationSpec(tool="alembic")))
    assert 'tool = "command"' in message
    assert "alembic upgrade head" in message
    assert "did you mean 'prisma'" in str(_error(tmp_path, MigrationSpec(tool="prizma")))


def test_what_is_not_there(tmp_path: Path) -> None:
    assert _error(tmp_path, MigrationSpec(path="migrations")).key == "migration.path"
    assert _error(tmp_path, MigrationSpec(up="up.sql")).key == "migration.up"
    assert "there is: nothing" in str(_error(tmp_path))
    _write(tmp_path, {"up.sql": _UP})
    assert _error(tmp_path, MigrationSpec(up="up.sql", down="down.sql")).key == "migration.down"


def test_empty_and_unreadable_files(tmp_path: Path) -> None:
    _write(tmp_path, {"up.sql": "-- nothing yet", "down.sql": ""})
    assert _error(tmp_path).path == "up.sql"
    (tmp_path / "up.sql").write_bytes(b"SELECT '\xe9'")
    assert "UTF-8" in str(_error(tmp_path))
    _write(tmp_path, {"up.sql": "SELECT 1;\nSELEC 2"})
    assert _error(tmp_path).path == "up.sql:2:1"


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    _write(tmp_path, {"up.sql": "\ufeffSELECT 1", "down.sql": _DOWN})
    assert _plan(tmp_path).steps[0].up.statements[0].column == 1


def test_two_files_of_one_number_are_refused(tmp_path: Path) -> None:
    _write(tmp_path, {"01_a.up.sql": _UP, "1_b.up.sql": _UP})
    assert "same number" in str(_error(tmp_path))


def test_a_phase_names_a_step_that_is_not_there(tmp_path: Path) -> None:
    _write(tmp_path, {"up.sql": _UP, "down.sql": _DOWN})
    error = _error(tmp_path, phase=(PhaseSpec(name="p", steps=("upp",)),))
    assert "did you mean 'up'" in str(error)


@pytest.mark.parametrize(
    ("text", "transaction", "mode"),
    [
        ("SELECT 1; SELECT 2", Transaction.STEP, Mode.WRAPPED),
        ("SELECT 1; SELECT 2", Transaction.AS_WRITTEN, Mode.AS_WRITTEN),
        ("SELECT 1; VACUUM t", Transaction.STEP, Mode.AS_WRITTEN),
        ("CREATE INDEX CONCURRENTLY i ON t (a)", Transaction.STEP, Mode.AS_WRITTEN),
        ("BEGIN; SELECT 1; COMMIT", Transaction.STEP, Mode.AS_WRITTEN),
        ("SAVEPOINT a; SELECT 1", Transaction.STEP, Mode.WRAPPED),
    ],
)
def test_how_a_step_is_put_into_transactions(tmp_path: Path, text: str, transaction: Transaction, mode: Mode) -> None:
    _write(tmp_path, {"up.sql": text, "down.sql": _DOWN})
    plan = _plan(tmp_path, MigrationSpec(transaction=transaction))
    assert mode_of(plan.steps[0].up, plan=plan) is mode


def test_prisma_sends_a_file_whole(tmp_path: Path) -> None:
    _write(
        tmp_path, {"1/migration.sql": "SELECT 1; SELECT 2", "2/migration.sql": "VACUUM t", "migration_lock.toml": ""}
    )
    plan = _plan(tmp_path, rollback=RollbackSpec(run=False))
    assert [mode_of(step.up, plan=plan) for step in plan.steps] == [Mode.IMPLICIT, Mode.AS_WRITTEN]
