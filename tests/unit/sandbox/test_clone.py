"""Copying a data directory."""

from pathlib import Path

import pytest

from harness.model.errors import SandboxError
from harness.sandbox.clone import can_reflink, copy_data, tree_bytes


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    (folder / "base" / "1").mkdir(parents=True)
    (folder / "PG_VERSION").write_text("18\n", encoding="utf-8")
    (folder / "base" / "1" / "112").write_bytes(bytes(8192))
    (folder / "base").chmod(0o700)
    return folder


def test_a_copy_is_complete_and_its_report_true(data: Path, tmp_path: Path) -> None:
    steps: list[tuple[str, int, int | None]] = []
    size = tree_bytes(data)
    assert size == 8195
    report = copy_data(data, tmp_path / "to", size_bytes=size, on_progress=lambda *step: steps.append(step))
    assert report.method == ("reflink" if can_reflink(data, tmp_path) else "copy")
    assert report.size_bytes == size
    assert (tmp_path / "to" / "base" / "1" / "112").read_bytes() == bytes(8192)
    assert (tmp_path / "to" / "base").stat().st_mode & 0o777 == 0o700
    assert steps[-1] == ("clone", size, size)


def test_the_probe_leaves_nothing(data: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.iterdir())
    can_reflink(data, tmp_path)
    assert sorted(tmp_path.iterdir()) == before


def test_a_disk_that_is_too_small_is_told_before_anything_is_copied(data: Path, tmp_path: Path) -> None:
    if can_reflink(data, tmp_path):
        pytest.skip("a reflink needs no room")
    with pytest.raises(SandboxError, match=r"(?s)a clone needs .* free.*hint: free some space"):
        copy_data(data, tmp_path / "to", size_bytes=1 << 60)
    assert not (tmp_path / "to").exists()


def test_a_copy_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="copying the snapshot failed: cp: "):
        copy_data(tmp_path / "nothing", tmp_path / "to", size_bytes=1)
