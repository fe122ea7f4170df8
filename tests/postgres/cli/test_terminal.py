"""The live view under a pseudo-terminal: what is seen while it runs, and a terminal left as it was found."""

import os
import pty
import re
import select
import subprocess
import time

import pytest

from tests.postgres.cli.shell import PATIENCE_S, REHEARSE, UP, Shell

pytestmark = [pytest.mark.postgres, pytest.mark.alone]

HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"
LOCKS = """\
[[traffic.antagonist]]
kind = "long_reader"
table = "users"
before_migration = "200ms"
hold = "3s"

[[traffic.operation]]"""


def watched(shell: Shell, *args: str, **env: str) -> tuple[int, str]:
    """The command on a terminal of 100 columns; its exit code and every byte that it was sent."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [str(REHEARSE), *args], cwd=shell.cwd, env=shell.environment({"TERM": "xterm", "COLUMNS": "100", **env}),
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    seen = b""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if not select.select([ours], [], [], 1.0)[0]:
            continue
        try:
            data = os.read(ours, 65536)
        except OSError:  # the terminal's other side is closed
            break
        if not data:
            break
        seen += data
    os.close(ours)
    return process.wait(timeout=10), seen.decode(errors="replace")


def plain(screen: str) -> str:
    """Without control sequences."""
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", screen)


def test_what_is_seen(bare: Shell) -> None:
    bare.write(up=UP, setup=f"{(bare.cwd / 'setup.sql').read_text(encoding='utf-8')}SELECT pg_sleep(1);\n")
    bare.edit("[[traffic.operation]]", LOCKS)
    code, screen = watched(bare, "run", "scenario.toml")
    text = plain(screen)
    assert code == 1, text[-2000:]
    assert "setup" in text
    for phase in ("snapshot", "clone", "trace", "baseline", "migrate", "settle up", "rollback", "verify"):
        assert re.search(rf"{phase} +(✓|…|✗)", text), phase
    # A clock that runs, and the statement that waits, while it waits, with whom it holds up.
    clocks = set(re.findall(r"migrate +… +(\d+\.\d) s", text))
    assert len(clocks) >= 3
    assert re.search(r"S2  ALTER TABLE users ADD COLUMN role text +\d\.\d s", text)
    assert re.search(r"[12] actors? waiting for a lock", text)
    assert re.search(r"\d+ completed/s", text)
    assert screen.count(HIDE) == screen.count(SHOW) > 0
    assert screen.rindex(SHOW) > screen.rindex(HIDE)
    # The last frame is taken away: what stays is the result.
    final = plain(screen[screen.rindex(SHOW) :])
    assert "FAIL  tiny" in final
    assert "…  0." not in final


def test_without_colours_and_in_ascii(shell: Shell) -> None:
    code, screen = watched(shell, "run", "--ascii", "scenario.toml", NO_COLOR="1")
    assert code == 0, screen[-2000:]
    assert not re.search(r"\x1b\[[0-9;]*(3[0-7]|9[0-7])[0-9;]*m", screen)
    assert plain(screen).isascii()


def test_interrupted_the_terminal_is_clean(shell: Shell) -> None:
    shell.edit('baseline = "500ms"', 'baseline = "30s"')
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [str(REHEARSE), "run", "scenario.toml"], cwd=shell.cwd, env=shell.environment({"TERM": "xterm"}),
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    screen = b""
    sent = False
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            data = os.read(ours, 65536)
        except OSError:
            break
        if not data:
            break
        screen += data
        if not sent and b"baseline" in screen:
            os.killpg(process.pid, 2)
            sent = True
    os.close(ours)
    assert process.wait(timeout=10) == 130
    shown = screen.decode(errors="replace")
    assert shown.rindex(SHOW) > shown.rindex(HIDE)
    assert "INCONCLUSIVE" in shown
    assert shell.lying_around() == []
