"""The `rehearse` command as a newcomer has it: a process, a home and a folder of its own, a tiny scenario."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

REHEARSE = Path(sys.executable).with_name("rehearse")
# Loaded machines: a whole tiny rehearsal takes five seconds on a quiet one.
PATIENCE_S = 180.0

SETUP = """\
CREATE TABLE users (id bigint PRIMARY KEY, name text NOT NULL, email text UNIQUE);
INSERT INTO users SELECT n, 'name ' || n, 'u' || n || '@shop.example' FROM generate_series(1, 1000) n;
"""
UP = "SET lock_timeout = '5s';\nALTER TABLE users ADD COLUMN role text;\n"
DOWN = "SET lock_timeout = '5s';\nALTER TABLE users DROP COLUMN role;\n"
SCENARIO = """\
name = "tiny"

[postgres]
engine = "embedded"

[snapshot]
setup = ["setup.sql"]

[migration]
up = "up.sql"
down = "down.sql"

[probe] # they take as long as the rest of it, and have tests of their own
versions = false
queue = false
deadlock = false

[traffic]
rate = 20
actors = 2
baseline = "500ms"
settle = "200ms"

[[traffic.operation]]
name = "view user"
sql = "SELECT id, name FROM users WHERE id = :id"
params = { id = "sample(users.id)" }
"""
ROOMS = ("clones", "servers", "private")


@dataclass
class Shell:
    """A folder to work in, a home, and processes that know them by REHEARSE_HOME."""

    home: Path
    cwd: Path
    ended: list[subprocess.CompletedProcess[str]] = field(default_factory=list)
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def write(self, **files: str) -> None:
        """The tiny scenario's files; by name without suffix: scenario, setup, up, down."""
        texts = {"scenario": SCENARIO, "setup": SETUP, "up": UP, "down": DOWN, **files}
        for name, text in texts.items():
            (self.cwd / (name + (".toml" if name == "scenario" else ".sql"))).write_text(text, encoding="utf-8")

    def edit(self, old: str, new: str) -> None:
        """Replace `old`, which must be there, in the scenario."""
        file = self.cwd / "scenario.toml"
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")

    def environment(self, env: Mapping[str, str]) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS", "DOCKER_HOST", "PYTHONPATH")}
        return {**kept, "REHEARSE_HOME": str(self.home), **env}

    def run(self, *args: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
        """The command to its end."""
        done = subprocess.run(
            [str(REHEARSE), *map(str, args)],
            cwd=self.cwd, env=self.environment(env), capture_output=True, text=True, timeout=PATIENCE_S, check=False,
        )  # fmt: skip
        self.ended.append(done)
        return done

    @property
    def first(self) -> subprocess.CompletedProcess[str]:
        """The first command that was run here."""
        return self.ended[0]

    def start(self, *args: str | Path, **env: str) -> "Running":
        """The command in a session of its own, as a terminal starts it; its output goes to files."""
        out, err = self.cwd / "stdout.txt", self.cwd / "stderr.txt"
        with out.open("w") as stdout, err.open("w") as stderr:
            process = subprocess.Popen(
                [str(REHEARSE), *map(str, args)],
                cwd=self.cwd, env=self.environment(env), stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr,
                text=True, start_new_session=True,
            )  # fmt: skip
        self.started.append(process)
        return Running(process, out, err)

    def processes(self) -> list[str]:
        """The processes of this home that live: servers, and whatever inherited its environment."""
        return [f"{pid} {line}" for pid, line in living(self.home).items()]

    def lying_around(self) -> list[str]:
        """Processes and folders that belong to runs which are over."""
        rooms = [str(path) for room in ROOMS if (self.home / room).is_dir() for path in (self.home / room).iterdir()]
        # What ends by itself once its parent is gone (multiprocessing's resource tracker) needs a moment to see it.
        deadline = time.monotonic() + 10
        while (left := self.processes()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return left + rooms

    def runs(self) -> list[Path]:
        """The run directories below `reports/`."""
        folder = self.cwd / "reports"
        return sorted(p for p in folder.iterdir() if not p.is_symlink()) if folder.is_dir() else []

    def the_run(self) -> Path:
        """The only run directory."""
        (run,) = self.runs()
        return run


@dataclass
class Running:
    """A command under way."""

    process: subprocess.Popen[str]
    out: Path
    err: Path

    def until(self, seen: Callable[[str], bool], what: str) -> None:
        """Wait until standard error holds something."""
        deadline = time.monotonic() + PATIENCE_S
        while not seen(self.err.read_text(encoding="utf-8")):
            assert self.process.poll() is None, f"ended before {what}: {self.err.read_text(encoding='utf-8')}"
            assert time.monotonic() < deadline, f"{what} did not come: {self.err.read_text(encoding='utf-8')}"
            time.sleep(0.01)

    def until_said(self, text: str) -> None:
        """Wait until standard error holds `text`."""
        self.until(lambda said: text in said, text)

    def interrupt(self, number: signal.Signals, *, group: bool) -> None:
        """The signal to the whole process group, as a terminal sends it, or to the command alone."""
        (os.killpg if group else os.kill)(self.process.pid, number)

    def end(self) -> tuple[int, str, str]:
        """Exit code, stdout, stderr."""
        code = self.process.wait(timeout=PATIENCE_S)
        return code, self.out.read_text(encoding="utf-8"), self.err.read_text(encoding="utf-8")


def living(home: Path) -> dict[int, str]:
    found = {}
    mark, ours = f"REHEARSE_HOME={home}\0".encode(), str(home).encode()
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            line = (folder / "cmdline").read_bytes()
            if ours in line or mark in (folder / "environ").read_bytes():
                found[int(folder.name)] = line.replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue
    return {pid: line for pid, line in found.items() if line}


def wait_for(condition: Callable[[], bool], what: str, *, within_s: float = 20.0) -> None:
    """Poll until it holds."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def verdict_of(run: Path) -> dict[str, Any]:
    """rehearsal.json of a run directory."""
    found: dict[str, Any] = json.loads((run / "rehearsal.json").read_text(encoding="utf-8"))
    return found
