"""The server dies under the rehearsal: an environment's fault, told as such, with the report of what came before."""

import os
import signal
from collections.abc import Callable

import pytest

from tests.postgres.cli.shell import Shell, verdict_of

pytestmark = [pytest.mark.postgres, pytest.mark.alone]


def kill_the_server(shell: Shell) -> None:
    """At once, as the kernel does when memory is short."""
    (postmaster,) = [line for line in shell.processes() if "postgres -D" in line]
    os.kill(int(postmaster.split()[0]), signal.SIGKILL)


def in_the_baseline(shell: Shell) -> str:
    """Traffic runs, nothing migrates."""
    shell.edit('baseline = "500ms"', 'baseline = "1s"')
    return "\nbaseline …\n"


def in_the_migration(shell: Shell) -> str:
    """A statement of the migration is under way: its failure is not the migration's."""
    shell.write(up="SET lock_timeout = '5s';\nALTER TABLE users ADD COLUMN role text;\nSELECT pg_sleep(1.5);\n")
    return "\nmigrate …\n"


@pytest.mark.parametrize("when", [in_the_baseline, in_the_migration])
def test_somebody_kills_the_server(shell: Shell, when: Callable[[Shell], str]) -> None:
    said = when(shell)
    running = shell.start("run", "-v", "scenario.toml")
    running.until_said(said)
    kill_the_server(shell)
    code, out, err = running.end()
    assert code == 4, err
    assert "the server failed under the rehearsal" in err
    assert "Traceback" not in err
    assert "INCONCLUSIVE" in out
    assert verdict_of(shell.the_run())["verdict"] == "inconclusive"
    assert shell.lying_around() == []
