"""Ctrl-C and SIGTERM in every phase: quick, in order, nothing left, and an inconclusive report of what was seen."""

import json
import signal
import time
from pathlib import Path

import pytest

from tests.postgres.cli.shell import DOWN, UP, Running, Shell, verdict_of

pytestmark = [pytest.mark.postgres, pytest.mark.alone]

# The brief's limit for a loaded machine.
QUICK_S = 15.0
# Holds the table for longer than any test waits.
ANTAGONIST = """\
[[traffic.antagonist]]
kind = "sql"
sql = "BEGIN; LOCK TABLE users IN ROW EXCLUSIVE MODE; SELECT pg_sleep(60)"
before_migration = "200ms"
hold = "60s"
"""


def stop(running: Running, number: signal.Signals = signal.SIGINT, *, group: bool = True) -> tuple[str, str]:
    """Send it, expect 130 soon; what was printed."""
    began = time.monotonic()
    running.interrupt(number, group=group)
    code, out, err = running.end()
    assert time.monotonic() - began < QUICK_S
    assert code == 130, err
    assert "everything that was started has been removed" in err
    assert "Traceback" not in err
    return out, err


def events(run: Path) -> list[dict[str, object]]:
    """The journal's lines behind the header."""
    lines = (run / "events.ndjson").read_text(encoding="utf-8").splitlines()[1:]
    return [json.loads(line) for line in lines]


def is_inconclusive(shell: Shell, out: str) -> None:
    """The run directory says that it was broken off, in every place where somebody may look."""
    run = shell.the_run()
    assert "INCONCLUSIVE" in out
    assert verdict_of(run)["verdict"] == "inconclusive"
    assert (run / "report.html").stat().st_size > 10_000
    assert [e["event"] for e in events(run)].count("run_interrupted") == 1
    judged = shell.run("judge", run)
    assert judged.returncode == 3, judged.stderr
    assert "INCONCLUSIVE" in judged.stdout
    assert shell.lying_around() == []


@pytest.mark.parametrize(("number", "group"), [(signal.SIGINT, True), (signal.SIGTERM, False)])
def test_while_restoring_leaves_no_run(bare: Shell, number: signal.Signals, group: bool) -> None:
    (bare.cwd / "setup.sql").write_text("SELECT 1;\nSELECT pg_sleep(60);\n", encoding="utf-8")
    running = bare.start("run", "-v", "scenario.toml")
    running.until(lambda _: any("setup.sql" in line for line in bare.processes()), "setup")
    out, _ = stop(running, number, group=group)
    assert out == ""
    assert bare.runs() == []
    assert bare.lying_around() == []


def test_while_cloning_leaves_no_run(shell: Shell) -> None:
    running = shell.start("run", "-v", "scenario.toml")
    running.until_said("\nclone …\n")
    out, _ = stop(running)
    assert out == ""
    assert not (shell.cwd / "reports").exists()
    assert shell.lying_around() == []


PHASES = {
    # phase: its migration, what standard error says when it is under way, signal, to the whole group?
    "trace": ("SELECT pg_sleep(60);", "S2 trace SELECT pg_sleep", signal.SIGINT, True),
    "baseline": ("", "\nbaseline …\n", signal.SIGINT, True),
    "settle": ("", "\nsettle up …\n", signal.SIGTERM, False),
}


@pytest.mark.parametrize("phase", PHASES)
def test_in_a_phase(shell: Shell, phase: str) -> None:
    statement, sign, number, group = PHASES[phase]
    shell.write(up=UP.replace("ALTER", f"{statement}\nALTER"))
    shell.edit('baseline = "500ms"', 'baseline = "20s"' if phase == "baseline" else 'baseline = "100ms"')
    shell.edit('settle = "200ms"', 'settle = "60s"' if phase == "settle" else 'settle = "100ms"')
    running = shell.start("run", "-v", "scenario.toml")
    running.until_said(sign)
    time.sleep(0.3)
    out, _ = stop(running, number, group=group)
    is_inconclusive(shell, out)


@pytest.mark.parametrize(("way", "number"), [("up", signal.SIGINT), ("down", signal.SIGTERM)])
def test_while_a_statement_waits_for_a_lock(shell: Shell, way: str, number: signal.Signals) -> None:
    # The trace pass knows no antagonists; only under load does this lock stand in the way.
    waiting = "LOCK TABLE users IN SHARE MODE;"
    if way == "down":
        shell.write(up="CREATE TABLE other (id int);", down=f"{waiting} DROP TABLE other;")
    else:
        shell.write(up=f"{waiting} CREATE TABLE other (id int);", down="DROP TABLE other;")
    antagonist = ANTAGONIST if way == "up" else ANTAGONIST.replace('before_migration = "200ms"', 'start = "700ms"')
    shell.edit("[[traffic.operation]]", f"{antagonist}\n[[traffic.operation]]")
    running = shell.start("run", "-v", "scenario.toml")
    running.until_said(f"  {'S' if way == 'up' else 'R'}1 load LOCK TABLE")
    time.sleep(0.5)
    out, _ = stop(running, number, group=number is signal.SIGINT)
    is_inconclusive(shell, out)


def test_while_verifying(shell: Shell) -> None:
    # Slow only where the rollback has left its mark, which is when the verify phase asks.
    slow = "SELECT count(*) - 1 FROM pg_sleep(CASE WHEN to_regclass('mark') IS NULL THEN 0 ELSE 60 END)"
    shell.write(down=f"{DOWN}CREATE TABLE mark ();\n")
    shell.edit("[[traffic.operation]]", f'[[invariant]]\nname = "slow"\nsql = """{slow}"""\n\n[[traffic.operation]]')
    running = shell.start("run", "-v", "scenario.toml")
    running.until_said("\nverify …\n")
    time.sleep(0.5)
    out, _ = stop(running)
    is_inconclusive(shell, out)


def test_while_a_tool_runs_its_processes_end_too(shell: Shell) -> None:
    shell.edit(
        'up = "up.sql"\ndown = "down.sql"',
        'tool = "command"\ncommand = { up = "echo ready >&2; trap \'\' TERM; sleep 50 & sleep 50", down = "true" }',
    )
    running = shell.start("run", "-v", "scenario.toml")
    running.until(lambda _: any(line.endswith("sleep 50") for line in shell.processes()), "the tool")
    out, _ = stop(running)
    is_inconclusive(shell, out)


def test_impatience_leaves_nothing_behind(shell: Shell) -> None:
    shell.edit('baseline = "500ms"', 'baseline = "20s"')
    running = shell.start("run", "-v", "scenario.toml")
    running.until_said("\nbaseline …\n")
    for _ in range(40):
        running.interrupt(signal.SIGINT, group=True)
        time.sleep(0.05)
        if running.process.poll() is not None:
            break
    out, _ = stop(running) if running.process.poll() is None else (running.end()[1], "")
    is_inconclusive(shell, out)


def test_the_rest_of_several_scenarios_is_not_begun_and_the_files_are_written(shell: Shell) -> None:
    shell.edit('baseline = "500ms"', 'baseline = "20s"')
    second = shell.cwd / "second.toml"
    second.write_text((shell.cwd / "scenario.toml").read_text(encoding="utf-8"), encoding="utf-8")
    running = shell.start("run", "-v", "scenario.toml", "second.toml", "--junit", "junit.xml")
    running.until_said("\nbaseline …\n")
    out, _ = stop(running)
    is_inconclusive(shell, out)
    assert "inconclusive" in (shell.cwd / "junit.xml").read_text(encoding="utf-8")


def test_before_the_program_is_there(shell: Shell) -> None:
    """The first second goes into imports; Ctrl-C in it is not answered with a traceback."""
    running = shell.start("run", "scenario.toml")
    time.sleep(0.4)
    running.interrupt(signal.SIGTERM, group=False)
    code, out, err = running.end()
    assert code in (130, -signal.SIGTERM)
    assert "Traceback" not in err
    assert out == ""
    assert shell.lying_around() == []
