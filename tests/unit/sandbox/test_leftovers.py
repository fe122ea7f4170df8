"""Owners: a process by pid and start time."""

import os
import subprocess
import sys
from pathlib import Path

from harness.sandbox.leftovers import Owner, new_owned_folder, owner_of, postmaster_pid


def test_this_process_lives_and_survives_its_label() -> None:
    here = Owner.here()
    assert here.alive
    assert Owner.parse(here.label) == here


def test_a_pid_used_again_is_somebody_else() -> None:
    assert not Owner(pid=os.getpid(), started="1").alive
    assert not Owner(pid=0, started="").alive


def test_a_dead_process_is_dead_even_before_it_is_reaped() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        owner = Owner.of(process.pid)
        assert owner.alive
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not owner.alive


def test_labels_that_are_none_never_live() -> None:
    for label in ("", ":", "x:1", "12"):
        assert not Owner.parse(label).alive


def test_a_new_folder_names_its_owner(tmp_path: Path) -> None:
    folder = new_owned_folder(tmp_path, "a")
    assert owner_of(folder) == Owner.here()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_pid_file_that_outlived_its_server_names_nobody(tmp_path: Path) -> None:
    assert postmaster_pid(tmp_path) == 0
    (tmp_path / "postmaster.pid").write_text("garbage\n", encoding="utf-8")
    assert postmaster_pid(tmp_path) == 0
    (tmp_path / "postmaster.pid").write_text(f"{os.getpid()}\n{tmp_path}\n", encoding="utf-8")
    assert postmaster_pid(tmp_path) == 0
