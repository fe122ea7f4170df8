"""Copying a data directory."""

import errno
import os
from pathlib import Path

import pytest

from harness.model.errors import SandboxError
from harness.sandbox import clone_files
from harness.sandbox.clone import can_reflink, copy_data, tree_bytes
from harness.sandbox.clone_files import copy_tree


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
    with pytest.raises(SandboxError, match=r"copying the snapshot failed: .*nothing: No such file"):
        copy_data(tmp_path / "nothing", tmp_path / "to", size_bytes=1)


def test_links_modes_and_every_byte_are_kept(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    sizes = {"empty": 0, "one": 1, "page": 8192, "large": 3 * 1024 * 1024 + 17}
    for name, size in sizes.items():
        (source / name).write_bytes(os.urandom(size))
        (source / name).chmod(0o640)
    (source / "link").symlink_to("large")
    os.mkfifo(source / "pipe")
    told: list[int] = []
    copy_tree(source, tmp_path / "to", reflink=False, on_bytes=told.append)
    assert sorted(path.name for path in (tmp_path / "to").iterdir()) == ["empty", "large", "link", "one", "page"]
    for name in sizes:
        copied = tmp_path / "to" / name
        assert copied.read_bytes() == (source / name).read_bytes()
        assert copied.stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "to" / "link").readlink() == Path("large")


def test_where_the_kernel_copies_nothing_the_program_does(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> int:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "copy_file_range", refused)
    monkeypatch.setattr(clone_files, "share_extents", refused)
    copy_tree(data, tmp_path / "to", reflink=True)
    assert (tmp_path / "to" / "base" / "1" / "112").read_bytes() == bytes(8192)


def test_a_full_disk_in_one_thread_ends_the_copy(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "copy_file_range", full)
    monkeypatch.setattr(clone_files, "share_extents", full)
    with pytest.raises(SandboxError, match="No space left on device"):
        copy_data(data, tmp_path / "to", size_bytes=8195)
