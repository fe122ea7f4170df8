"""What a run says of itself, so that it can be repeated: versions, digests, commit, the scenario as resolved."""

import datetime as dt
import hashlib
import platform
import secrets
import subprocess
from pathlib import Path

from harness import __version__
from harness.events.codec import SCHEMA_VERSION
from harness.events.history import RunInfo
from harness.rehearsal.options import Options
from harness.spec.load import LoadedScenario


def new_run_id(now: dt.datetime) -> str:
    """A run id that sorts by time and does not collide: 2026-11-22T063314-7c1e."""
    return f"{now:%Y-%m-%dT%H%M%S}-{secrets.token_hex(2)}"


def describe_run(loaded: LoadedScenario, *, options: Options, sources: dict[str, str]) -> RunInfo:
    """The RunInfo of a run that begins now; `sources` are the migration files by path, relative to the scenario."""
    texts = {loaded.path.name: loaded.path.read_text(encoding="utf-8"), **sources}
    return RunInfo(
        schema_version=SCHEMA_VERSION,
        run_id=options.run_id,
        tool_version=__version__,
        started_at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        command=options.command,
        scenario_file=_relative(loaded.path),
        scenario=loaded.scenario,
        sources=sources,
        digests={name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()},
        commit=_commit(loaded.folder),
        platform=f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
    )


def _relative(path: Path) -> str:
    """As seen from here where it is below, else the last two parts: a run directory names no home folders."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(Path(path.parent.name) / path.name)


def _commit(folder: Path) -> str:
    """The commit of the repository that holds the scenario, "" where there is none or no git."""
    try:
        answer = subprocess.run(
            ["git", "-C", str(folder), "rev-parse", "--short=12", "HEAD"],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""
