"""Homes and folders of their own for tests of the `rehearse` command."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.places import place_for_servers
from tests.postgres.cli.shell import Shell, living, wait_for

INCONCLUSIVE = 3
ATTEMPTS = 3


@pytest.fixture(scope="session")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A home that holds the tiny snapshot already; its first run is one that passes."""
    home = _new_home()
    shell = Shell(home, tmp_path_factory.mktemp("warm"))
    shell.write()
    # Another process may starve the generator; the run then says so instead of judging, and is repeated.
    while shell.run("run", "scenario.toml").returncode == INCONCLUSIVE and len(shell.ended) < ATTEMPTS:
        shutil.rmtree(shell.cwd / "reports")
    del shell.ended[:-1]
    yield shell
    shutil.rmtree(home)


@pytest.fixture
def shell(warm: Shell, tmp_path: Path) -> Iterator[Shell]:
    """A home of the test's own that has the tiny snapshot, and the tiny scenario; nothing may be left at its end."""
    yield from _shell(tmp_path, warm.home)


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Shell]:
    """A home of the test's own with nothing in it, and the tiny scenario."""
    yield from _shell(tmp_path, None)


def _shell(tmp_path: Path, warm: Path | None) -> Iterator[Shell]:
    home = _new_home()
    for room in ("snapshots", "prepared", "programs") if warm else ():
        if warm and (warm / room).exists():
            subprocess.run(["cp", "-al", str(warm / room), str(home)], check=True)
    shell = Shell(home, tmp_path)
    shell.write()
    yield shell
    for pid in living(home):
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not living(home), "killed processes end")
    for process in shell.started:
        process.wait()
    shutil.rmtree(home)


def _new_home() -> Path:
    home = Path(tempfile.mkdtemp(prefix="rehearse-cli-", dir=place_for_servers()))
    home.chmod(0o711)
    return home
