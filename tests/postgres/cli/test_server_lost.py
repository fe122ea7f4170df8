"""The server dies under the rehearsal: an environment's fault, told as such, with the report of what came before."""

import os
import signal

import pytest

from tests.postgres.cli.shell import Shell, verdict_of

pytestmark = pytest.mark.postgres


def test_somebody_kills_the_server(shell: Shell) -> None:
    shell.edit('baseline = "500ms"', 'baseline = "1s"')
    running = shell.start("run", "-v", "scenario.toml")
    running.until_said("\nbaseline …\n")
    (postmaster,) = [line for line in shell.processes() if "postgres -D" in line]
    os.kill(int(postmaster.split()[0]), signal.SIGKILL)
    code, out, err = running.end()
    assert code == 4, err
    assert "the server failed under the rehearsal" in err
    assert "Traceback" not in err
    assert "INCONCLUSIVE" in out
    assert verdict_of(shell.the_run())["verdict"] == "inconclusive"
    assert shell.lying_around() == []
