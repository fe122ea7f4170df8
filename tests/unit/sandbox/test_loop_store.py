"""What `rehearse doctor --make-store` would do, and what it refuses; fakes of the tools on PATH record their calls."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.model.errors import SandboxError
from harness.sandbox.loop_store import make_store, plan_store, require_root

GB = 1024**3
TOOLS = ("mkfs.xfs", "mount", "umount", "chown")


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Puts the tools on PATH, of which `failing` fails; gives the file with their calls."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")

    def put(failing: str = "") -> Path:
        for name in TOOLS:
            ending = "echo 'must not be' >&2; exit 32" if name == failing else ""
            (folder / name).write_text(f'#!/bin/sh\necho "{name} $*" >> {tmp_path}/calls\n{ending}\n', encoding="utf-8")
            (folder / name).chmod(0o755)
        return tmp_path / "calls"

    return put


def test_the_commands_are_those_shown(tmp_path: Path, tools: Callable[..., Path]) -> None:
    calls = tools()
    home = tmp_path / "the home"
    plan = plan_store(GB, home=home, environment={**os.environ, "SUDO_UID": "1000", "SUDO_GID": "1001"})
    assert plan.lines == [
        f"mkdir -p '{home}'",
        f"truncate -s 1073741824 '{home}.xfs'",
        f"chmod 600 '{home}.xfs'",
        f"mkfs.xfs -q -m reflink=1 '{home}.xfs'",
        f"mount -o loop '{home}.xfs' '{home}'",
        f"chown 1000:1001 '{home}'",
    ]
    assert not home.exists()
    make_store(plan)
    assert (plan.image.stat().st_size, plan.image.stat().st_mode & 0o777) == (GB, 0o600)
    assert calls.read_text(encoding="utf-8").splitlines() == [
        f"mkfs.xfs -q -m reflink=1 {home}.xfs",
        f"mount -o loop {home}.xfs {home}",
        f"chown 1000:1001 {home}",
    ]


@pytest.mark.parametrize("failing", ["mkfs.xfs", "mount", "chown"])
def test_a_step_that_fails_leaves_nothing(tmp_path: Path, tools: Callable[..., Path], failing: str) -> None:
    tools(failing)
    with pytest.raises(SandboxError, match=f"{failing} failed: must not be"):
        make_store(plan_store(GB, home=tmp_path / "home"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bin", "calls"]


def test_a_home_in_use_is_left_alone(tmp_path: Path, tools: Callable[..., Path]) -> None:
    tools()
    (tmp_path / "home" / "snapshots").mkdir(parents=True)
    plan = plan_store(GB, home=tmp_path / "home")
    assert (plan.mounted_at, plan.image) == (tmp_path / "home-store", tmp_path / "home-store.xfs")
    plan.image.touch()
    with pytest.raises(
        SandboxError, match=r"(?s)home-store.xfs is there already.*hint: use it \(export REHEARSE_HOME="
    ):
        plan_store(GB, home=tmp_path / "home")


def test_what_cannot_be_is_refused_before_anything_is_done(tmp_path: Path, tools: Callable[..., Path]) -> None:
    tools()
    with pytest.raises(SandboxError, match=r"(?s)too small.*hint: give it 1GB"):
        plan_store(GB // 4, home=tmp_path / "home")
    with pytest.raises(SandboxError, match=r"(?s)free, not 1,024 TB.*hint: make it smaller"):
        plan_store(1024**5, home=tmp_path / "home")
    with pytest.raises(SandboxError, match=r"(?s)only root.*hint: type the commands above with sudo"):
        require_root(plan_store(GB, home=tmp_path / "home"), user_id=1000)
    assert not (tmp_path / "home").exists()
