"""A PostgreSQL server as child processes of this one: make a cluster, start it, wait for it, stop it."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from harness.model.errors import SandboxError
from harness.postgres.binaries import Installation
from harness.sandbox.account import Account
from harness.sandbox.address import LOOPBACK, SUPERUSER
from harness.sandbox.failures import start_failure
from harness.sandbox.settings import render

# A cluster that ends in an immediate shutdown replays its WAL first; an hour of it is replayed within this.
_START_TIMEOUT_S = 300.0
# A fast shutdown writes a checkpoint; with gigabytes of dirty buffers on a slow disk that takes a while.
_STOP_TIMEOUT_S = 120.0
_POLL_S = 0.005
# postmaster.pid, line 8 (miscadmin.h, LOCK_FILE_LINE_PM_STATUS).
_STATUS_LINE = 7
_LOG_FLUSH_S = 2.0
_LOG_TAIL_BYTES = 16_384

_HBA = (
    "local all all reject\nhost all all 127.0.0.1/32 scram-sha-256\nhost replication all 127.0.0.1/32 scram-sha-256\n"
)


def reachable(installation: Installation, *, account: Account, home: Path) -> Installation:
    """`installation`, or a copy of it under `home` where the servers' account cannot get at the original.

    A virtual environment below /root is the usual reason. SandboxError where `home` cannot be reached either.
    """
    blocked = account.unreachable(home / "any")
    if blocked:
        raise SandboxError(
            f"PostgreSQL cannot run as root, and the user {account.name} cannot enter {blocked}, above {home}",
            hint=f"choose a home elsewhere, for example /var/lib/rehearse, or `chmod o+x {blocked}`",
        )
    if account.unreachable(installation.folder / "postgres") is None:
        return installation
    copy = home / "programs" / f"{installation.origin}-{installation.version}"
    tree = installation.folder.parent
    if not copy.exists():
        copy.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=copy.parent) as scratch:
            new = Path(scratch) / "new"
            shutil.copytree(tree, new / tree.parent.name / tree.name, symlinks=True)
            # Where wheels keep their shared libraries: beside the package, found by a path relative to the program.
            libraries = tree.parent.with_name(f"{tree.parent.name}.libs")
            if libraries.is_dir():
                shutil.copytree(libraries, new / libraries.name, symlinks=True)
            new.rename(copy)
    folder = copy / tree.parent.name / tree.name / installation.folder.name
    return Installation(folder=folder, version=installation.version, origin=installation.origin)


def make_cluster(installation: Installation, data: Path, *, account: Account, password: str) -> None:
    """initdb in `data`: UTF8, locale C.UTF-8, checksums as the version has them, a superuser with `password`."""
    password_file = data.parent / "initial-password"
    password_file.touch(mode=0o600)
    account.own(password_file)
    password_file.write_text(password + "\n", encoding="utf-8")
    command = [
        str(installation.program("initdb")), "-D", str(data), "--username", SUPERUSER, "--pwfile", str(password_file),
        "--auth-host", "scram-sha-256", "--auth-local", "reject", "--encoding", "UTF8", "--locale", "C.UTF-8",
        "--no-sync", "--no-instructions",
    ]  # fmt: skip
    try:
        run_program(command, account=account, doing="initdb")
    finally:
        password_file.unlink()


def sync_cluster(installation: Installation, data: Path, *, account: Account) -> None:
    """Write everything of the stopped cluster through to the disk."""
    run_program([str(installation.program("initdb")), "--sync-only", "-D", str(data)], account=account, doing="sync")


def known_settings(installation: Installation) -> list[str]:
    """The names of the settings this server version has."""
    done = subprocess.run(
        [str(installation.program("postgres")), "--describe-config"], capture_output=True, text=True, check=False
    )
    return [line.split("\t", 1)[0] for line in done.stdout.splitlines()]


def run_program(command: list[str], *, account: Account, doing: str) -> None:
    """Run one of PostgreSQL's programs as `account`. SandboxError with the last line it said where it fails."""
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd="/", env=_environment(), user=account.switch_uid,
        group=account.switch_gid, extra_groups=account.switch_groups,
    )  # fmt: skip
    if done.returncode != 0:
        raise start_failure(done.stderr, server=doing)


def configure(data: Path, *, port: int, settings: Mapping[str, str], account: Account) -> None:
    """Write the server's whole configuration; nothing of initdb's or of an earlier start stays."""
    own = {"listen_addresses": LOOPBACK, "port": str(port), "unix_socket_directories": "", "ssl": "off"}
    for name, text in (("postgresql.conf", render({**settings, **own})), ("pg_hba.conf", _HBA)):
        path = data / name
        path.write_text(text, encoding="utf-8")
        account.own(path)


class ServerProcess:
    """The postmaster of one data directory; `start` and `stop` may be called again and again."""

    def __init__(self, installation: Installation, data: Path, *, account: Account) -> None:
        self._installation = installation
        self._data = data
        self._account = account
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether the postmaster lives."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it and return when it accepts connections. SandboxError with the end of its log where it does not."""
        # Left by a crash; its "ready" would be taken for this start's.
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        log_from = self._log_size()
        with self._stderr_path.open("wb") as stderr:
            self._process = subprocess.Popen(
                [str(self._installation.program("postgres")), "-D", str(self._data)],
                stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr, cwd="/", env=_environment(),
                start_new_session=True, user=self._account.switch_uid, group=self._account.switch_gid,
                extra_groups=self._account.switch_groups,
            )  # fmt: skip
        deadline = time.monotonic() + _START_TIMEOUT_S
        while not self._is_ready():
            if self._process.poll() is not None:
                raise self._failure(log_from)
            if time.monotonic() > deadline:
                self.stop(crash=True)
                raise self._failure(log_from)
            time.sleep(_POLL_S)

    def stop(self, *, crash: bool) -> None:
        """Fast shutdown, or an immediate one; waits until the postmaster has ended."""
        process = self._process
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGQUIT if crash else signal.SIGINT)
        try:
            process.wait(timeout=_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._process = None

    @property
    def _stderr_path(self) -> Path:
        return self._data.parent / "stderr.log"

    def _is_ready(self) -> bool:
        try:
            lines = (self._data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            return False
        return len(lines) > _STATUS_LINE and lines[_STATUS_LINE].strip() == "ready"

    def _logs(self) -> list[Path]:
        return sorted((self._data / "log").glob("server.[cj]s*"))

    def _log_size(self) -> int:
        return sum(path.stat().st_size for path in self._logs())

    def _failure(self, log_from: int) -> SandboxError:
        text = self._said(log_from)
        deadline = time.monotonic() + _LOG_FLUSH_S
        # The log collector outlives the postmaster by a moment, and the reason may still be with it.
        while "FATAL" not in text and "PANIC" not in text and time.monotonic() < deadline:
            time.sleep(_POLL_S)
            text = self._said(log_from)
        server = f"PostgreSQL {self._installation.version}"
        return start_failure(text, server=server, known_settings=known_settings(self._installation))

    def _said(self, log_from: int) -> str:
        text = self._stderr_path.read_text(encoding="utf-8", errors="replace")
        for path in self._logs():
            with path.open("rb") as log:
                log.seek(max(log_from, path.stat().st_size - _LOG_TAIL_BYTES))
                text += log.read().decode(errors="replace")
        return text


def _environment() -> dict[str, str]:
    # PGDATA, PGPORT and friends of the caller must not reach the server; the locale of its messages is fixed.
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    return {**kept, "LC_ALL": "C"}
