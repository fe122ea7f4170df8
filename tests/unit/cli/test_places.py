"""Where state goes, and the link to the latest run."""

from pathlib import Path

import pytest

from harness.cli import places


def test_the_home_that_was_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REHEARSE_HOME", "state")
    assert places.state_home() == tmp_path / "state"


def test_the_home_of_a_user_and_of_root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("REHEARSE_HOME", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert places.state_home() == tmp_path / "rehearse"
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert places.state_home() == places.SYSTEM_HOME


def test_latest_points_at_the_newest_run_and_moves_with_its_folder(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        places.point_latest(tmp_path / name)
    assert (tmp_path / "latest").readlink() == Path("b")


def test_a_real_folder_called_latest_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "latest").mkdir()
    (tmp_path / "a").mkdir()
    places.point_latest(tmp_path / "a")
    assert not (tmp_path / "latest").is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "latest"]
