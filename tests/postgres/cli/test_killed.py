"""kill -9 in the middle: the journal up to then reads, and `rehearse gc` or the next run removes what was left."""

import os
import signal

import pytest

from tests.postgres.cli.shell import UP, Running, Shell, wait_for

pytestmark = [pytest.mark.postgres, pytest.mark.alone]


def _kill(shell: Shell, running: Running) -> None:
    os.kill(running.process.pid, signal.SIGKILL)
    assert running.process.wait() == -signal.SIGKILL
    # Traffic and antagonists notice that their conductor is gone; servers do not, and need not.
    wait_for(lambda: all("postgres" in line for line in shell.processes()), f"orphans end: {shell.processes()}")
    assert shell.processes()


def _journal_reads(shell: Shell) -> None:
    judged = shell.run("judge", shell.runs()[0])
    assert judged.returncode == 3, judged.stderr
    assert "INCONCLUSIVE" in judged.stdout
    reported = shell.run("report", shell.runs()[0])
    assert reported.returncode == 0, reported.stderr


def test_in_the_trace_pass_then_gc(shell: Shell) -> None:
    shell.write(up=UP.replace("ALTER", "SELECT pg_sleep(60);\nALTER"))
    running = shell.start("run", "-v", "scenario.toml")
    running.until_said("S2 trace SELECT pg_sleep")
    _kill(shell, running)
    collected = shell.run("gc")
    assert collected.returncode == 0, collected.stderr
    assert "and its server (pid" in collected.stdout
    assert shell.lying_around() == []
    assert shell.run("gc").stdout == "nothing was left behind\n"
    _journal_reads(shell)


def test_under_load_then_gc(shell: Shell) -> None:
    shell.edit('baseline = "500ms"', 'baseline = "60s"')
    write = 'sql = "UPDATE users SET name = name WHERE id = :id"'
    shell.edit('sql = "SELECT id, name FROM users WHERE id = :id"', write)
    antagonist = '[[traffic.antagonist]]\nkind = "long_reader"\ntable = "users"\nevery = "1s"\nhold = "500ms"\n'
    shell.edit("[[traffic.operation]]", f"{antagonist}\n[[traffic.operation]]")
    running = shell.start("run", "-v", "scenario.toml")
    running.until_said("\nbaseline …\n")
    wait_for(lambda: any(file.stat().st_size for file in shell.the_run().glob("operations-*.bin")), "operations")
    assert any((shell.home / "private").iterdir())
    _kill(shell, running)
    collected = shell.run("gc")
    assert "private" in collected.stdout
    assert shell.lying_around() == []
    _journal_reads(shell)


def test_then_simply_run_again(shell: Shell) -> None:
    original = (shell.cwd / "scenario.toml").read_text(encoding="utf-8")
    shell.edit('baseline = "500ms"', 'baseline = "60s"')
    running = shell.start("run", "-v", "scenario.toml")
    running.until_said("\nbaseline …\n")
    _kill(shell, running)
    (shell.cwd / "scenario.toml").write_text(original, encoding="utf-8")
    again = shell.run("run", "scenario.toml", "-q")
    assert again.returncode == 0, again.stderr
    assert shell.lying_around() == []


def test_while_restoring_then_simply_run_again(bare: Shell) -> None:
    original = (bare.cwd / "setup.sql").read_text(encoding="utf-8")
    (bare.cwd / "setup.sql").write_text(f"{original}SELECT pg_sleep(60);\n", encoding="utf-8")
    running = bare.start("run", "scenario.toml")
    running.until(lambda _: any("setup.sql" in line for line in bare.processes()), "setup")
    os.kill(running.process.pid, signal.SIGKILL)
    running.process.wait()
    (bare.cwd / "setup.sql").write_text(original, encoding="utf-8")
    again = bare.run("run", "scenario.toml", "-q")
    assert again.returncode == 0, again.stderr
    wait_for(lambda: bare.lying_around() == [], "psql, whose server is gone, ends")
