"""Thin clones by command: what is asked and run, with programs of that name on PATH that write down their arguments."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.model.errors import SandboxError
from harness.sandbox.clone import can_reflink, copy_data
from harness.sandbox.leftovers import collect_folders
from harness.sandbox.thin import Volume, find_volume, make_thin, release_thin

# `zfs` as far as it is used: `clone` copies what the dataset holds, `destroy` removes it.
_ZFS = """#!/bin/sh
echo "zfs $*" >> {log}
case "$1" in
list) printf 'tank/store\\t{root}\\n' ;;
clone) place="${{3#mountpoint=}}"; mkdir -p "$place"; cp -a {root}/snapshots "$place/" ;;
destroy) case "$3" in */*/*) rm -rf {root}/thin/one ;; esac ;;
esac
{ending}
"""
Install = Callable[..., Path]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    root = tmp_path / "home"
    (root / "snapshots" / "d" / "data").mkdir(parents=True)
    (root / "snapshots" / "d" / "data" / "PG_VERSION").write_text("18\n", encoding="utf-8")
    (root / "clones" / "one").mkdir(parents=True)
    return root


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Puts programs on PATH; gives the file in which they write what they were called with."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")

    def put(**programs: str) -> Path:
        for name, text in programs.items():
            (folder / name).write_text(text, encoding="utf-8")
            (folder / name).chmod(0o755)
        return tmp_path / "calls"

    return put


def _zfs(home: Path, tmp_path: Path, ending: str = "") -> str:
    return _ZFS.format(log=tmp_path / "calls", root=home, ending=ending)


def test_looking_changes_nothing_and_needs_root(home: Path, install: Install, tmp_path: Path) -> None:
    calls = install(zfs=_zfs(home, tmp_path))
    assert find_volume(home, is_root=False) is None
    assert not calls.exists()
    assert find_volume(home, is_root=True) == Volume("zfs", "tank/store", str(home), "zfs")
    assert calls.read_text(encoding="utf-8") == f"zfs list -H -o name,mountpoint {home}\n"


def test_a_clone_of_the_dataset_stands_where_a_copy_would(home: Path, install: Install, tmp_path: Path) -> None:
    calls = install(zfs=_zfs(home, tmp_path))
    volume = Volume("zfs", "tank/store", str(home), "zfs")
    owner = home / "clones" / "one"
    make_thin(volume, home / "snapshots" / "d" / "data", owner / "data")
    assert (owner / "data" / "PG_VERSION").read_text(encoding="utf-8") == "18\n"
    (owner / "data" / "PG_VERSION").write_text("changed", encoding="utf-8")
    assert (home / "snapshots" / "d" / "data" / "PG_VERSION").read_text(encoding="utf-8") == "18\n"
    release_thin(owner)
    release_thin(owner)
    assert list((home / "thin").iterdir()) == []
    assert calls.read_text(encoding="utf-8").splitlines() == [
        "zfs snapshot tank/store@rehearse-one",
        f"zfs clone -o mountpoint={home}/thin/one tank/store@rehearse-one tank/store/rehearse-one",
        "zfs destroy -f tank/store/rehearse-one",
        "zfs destroy tank/store@rehearse-one",
    ]


def test_what_a_killed_run_left_is_destroyed(home: Path, install: Install, tmp_path: Path) -> None:
    calls = install(zfs=_zfs(home, tmp_path))
    owner = home / "clones" / "one"
    make_thin(
        Volume("zfs", "tank/store", str(home), "zfs"), source=home / "snapshots" / "d" / "data", target=owner / "data"
    )
    assert collect_folders(home / "clones") == [f"folder {owner}"]
    assert list((home / "thin").iterdir()) == []
    assert "zfs destroy tank/store@rehearse-one" in calls.read_text(encoding="utf-8")


def test_a_command_that_fails_leaves_nothing(home: Path, install: Install, tmp_path: Path) -> None:
    install(zfs=_zfs(home, tmp_path, ending="echo 'cannot open: no such pool' >&2; exit 1"))
    with pytest.raises(SandboxError, match="zfs snapshot failed: cannot open: no such pool"):
        make_thin(
            Volume("zfs", "tank/store", str(home), "zfs"),
            source=home / "snapshots" / "d" / "data",
            target=home / "clones" / "one" / "data",
        )
    assert list((home / "thin").iterdir()) == []
    assert list((home / "clones" / "one").iterdir()) == []


def test_a_note_cut_short_or_strange_runs_nothing(home: Path, install: Install, tmp_path: Path) -> None:
    calls = install(zfs=_zfs(home, tmp_path))
    (home / "thin").mkdir()
    for text in ('{"kind": "zf', '{"kind": "zfs", "name": "-rf tank", "mounted_at": "/", "filesystem": "zfs"}'):
        (home / "thin" / "one.json").write_text(text, encoding="utf-8")
        release_thin(home / "clones" / "one")
        assert list((home / "thin").iterdir()) == []
    assert not calls.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
def test_copying_takes_it_where_extents_are_not_shared(home: Path, install: Install, tmp_path: Path) -> None:
    source, target = home / "snapshots" / "d" / "data", home / "clones" / "one" / "data"
    if can_reflink(source, target.parent):
        pytest.skip("sharing extents comes first")
    install(zfs=_zfs(home, tmp_path))
    assert copy_data(source, target, size_bytes=3).method == "copy"  # not disposable: it is to be kept
    (target / "PG_VERSION").unlink()
    target.rmdir()
    assert copy_data(source, target, size_bytes=3, disposable=True).method == "zfs"
    release_thin(target.parent)


@pytest.mark.parametrize(("pool", "found"), [("thinpool", True), ("", False)])
def test_a_logical_volume_only_in_a_thin_pool(home: Path, install: Install, pool: str, found: bool) -> None:
    install(
        lvs=f"#!/bin/sh\nprintf '  vg0\\tstore\\t{pool}\\n'\n",
        findmnt=f"#!/bin/sh\necho '/dev/mapper/vg0-store xfs {home}'\n",
        zfs="#!/bin/sh\nexit 1\n",
    )
    volume = find_volume(home / "snapshots", is_root=True)
    assert volume == (Volume("lvm", "vg0/store", str(home), "xfs") if found else None)


def test_commands_for_a_logical_volume(tmp_path: Path) -> None:
    volume = Volume("lvm", "vg0/store", "/srv", "xfs")
    assert volume.make_commands("one", place=Path("/srv/thin/one")) == [
        ["lvcreate", "--quiet", "--snapshot", "--setactivationskip", "n", "--name", "rehearse-one", "vg0/store"],
        ["mount", "-o", "nouuid", "/dev/vg0/rehearse-one", "/srv/thin/one"],
    ]
    assert volume.remove_commands("one", place=Path("/srv/thin/one")) == [
        ["umount", "/srv/thin/one"],
        ["lvremove", "--quiet", "--yes", "vg0/rehearse-one"],
    ]
    plain = Volume("lvm", "vg0/store", "/srv", "ext4").make_commands("one", place=Path("/srv/thin/one"))
    assert plain[1] == ["mount", "/dev/vg0/rehearse-one", "/srv/thin/one"]
