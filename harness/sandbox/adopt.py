"""Making a foreign cluster's files usable: recovery, our superuser's password, and the working database's name.

All of it in single-user mode (manual, postgres, "Single-user mode"): no port is open before the passwords are ours.
"""

import os
import re
import subprocess
from pathlib import Path
from typing import Final, Protocol

from psycopg import sql

from harness.model.errors import SnapshotError
from harness.model.redaction import redact_message
from harness.postgres.binaries import Installation
from harness.sandbox.account import Account
from harness.sandbox.address import DATABASE, SUPERUSER

# An hour of WAL is replayed within this.
_TIMEOUT_S: Final = 3600.0
_VALUE: Final = r'^\s*1: {column} = "(.*)"\s+\(typeid'
_ERROR: Final = re.compile(r"(?:ERROR|FATAL|PANIC):\s+(?P<text>.*)$", re.MULTILINE)
_QUIET: Final = (
    "logging_collector=off", "log_destination=stderr", "log_statement=none", "log_min_error_statement=panic",
    "log_min_duration_statement=-1", "log_line_prefix=", "password_encryption=scram-sha-256",
)  # fmt: skip
FOLDERS: Final = (
    "pg_commit_ts", "pg_dynshmem", "pg_notify", "pg_replslot", "pg_serial", "pg_snapshots", "pg_stat", "pg_stat_tmp",
    "pg_subtrans", "pg_tblspc", "pg_twophase",
)  # fmt: skip
"""Folders that must be there though they hold nothing that is kept (pg_basebackup's list; manual, 68.1)."""

_HINTS: Final = {
    "could not locate required checkpoint record": "the backup lacks its WAL: pg_basebackup -X stream (the default)",
    "could not find redo location": "the backup lacks its WAL: pg_basebackup -X stream (the default)",
    "WAL ends before end of online backup": "the backup lacks its WAL: pg_basebackup -X stream (the default)",
    "incompatible with operating system": "install that locale on this machine, or rehearse on a dump",
    "incompatible with server": "it was made by another major version or a differently built server",
}


def check_version(data: Path, *, major: int) -> None:
    """SnapshotError where the files are of another major version than the server's."""
    found = (data / "PG_VERSION").read_text(encoding="ascii").strip()
    if found != str(major):
        raise SnapshotError(
            f"the stored data directory is of PostgreSQL {found}, the scenario's is {major}",
            hint=f'write [postgres] version = "{found}"',
        )


def prepare_files(data: Path, *, account: Account) -> None:
    """Hand the copied files over to the servers' account, and make the folders that a backup leaves out."""
    for name in FOLDERS:
        (data / name).mkdir(mode=0o700, exist_ok=True)
    (data / "postmaster.pid").unlink(missing_ok=True)
    for path in (data, *data.rglob("*")):
        account.own(path)


class SingleUser(Protocol):
    """`postgres --single` on the cluster's files, a process for each call."""

    def __call__(self, statements: list[str]) -> str:
        """What it printed; statements are single lines, and stand in no argument. SnapshotError where it failed."""
        ...


def take_over(single: SingleUser, *, password: str, database: str) -> None:
    """Recover the cluster, and make our superuser and the working database out of what is there.

    `database` is the one to work on; "" is the only one besides `postgres`, or `postgres` itself. SnapshotError says
    why it cannot be started, or which databases there are to choose from.
    """
    answer = single(["SELECT datname FROM pg_database WHERE NOT datistemplate;", "SELECT rolname FROM pg_roles;"])
    chosen = choose_database(_values("datname", answer), wanted=database)
    role = sql.Identifier(SUPERUSER).as_string(None)
    secret = sql.Literal(password).as_string(None)
    verb = "ALTER" if SUPERUSER in _values("rolname", answer) else "CREATE"
    statements = [f"{verb} ROLE {role} SUPERUSER LOGIN REPLICATION PASSWORD {secret} VALID UNTIL 'infinity';"]
    if chosen != DATABASE:
        names = (sql.Identifier(chosen).as_string(None), sql.Identifier(DATABASE).as_string(None))
        statements.append(f"ALTER DATABASE {names[0]} RENAME TO {names[1]};")
    single(statements)


class LocalSingleUser:
    """`postgres --single` as a process of this machine, on a folder."""

    def __init__(self, installation: Installation, data: Path, account: Account) -> None:
        self._program = installation.program("postgres")
        self._data = data
        self._account = account

    def __call__(self, statements: list[str]) -> str:
        """What it printed."""
        done = subprocess.run(
            [str(self._program), *single_user_arguments(self._data)],
            input="\n".join(statements) + "\n", capture_output=True, text=True, errors="replace", check=False, cwd="/",
            env={**{k: v for k, v in os.environ.items() if not k.startswith("PG")}, "LC_ALL": "C"},
            timeout=_TIMEOUT_S, user=self._account.switch_uid, group=self._account.switch_gid,
            extra_groups=self._account.switch_groups,
        )  # fmt: skip
        refuse_failure(done.stderr, code=done.returncode)
        return done.stdout


def single_user_arguments(data: Path | str) -> list[str]:
    """The arguments of `postgres` for single-user mode, quiet about what it is told."""
    return ["--single", "-D", str(data), *(part for setting in _QUIET for part in ("-c", setting)), "template1"]


def refuse_failure(said: str, *, code: int) -> None:
    """SnapshotError where single-user mode ended with an error; it goes on after the error of a statement."""
    error = _ERROR.search(said)
    if error or code != 0:
        text = redact_message(error["text"], sqlstate="") if error else f"it ended with code {code}"
        hint = next((hint for words, hint in _HINTS.items() if words in said), "")
        raise SnapshotError(f"the stored data directory cannot be started: {text}", hint=hint)


def _values(column: str, answer: str) -> list[str]:
    """The values of a column in what single-user mode prints."""
    return re.findall(_VALUE.format(column=column), answer, re.MULTILINE)


def choose_database(names: list[str], *, wanted: str) -> str:
    """The database to work on: `wanted`, else the only one besides `postgres`. SnapshotError names what there is."""
    if wanted:
        if wanted in names:
            return wanted
        raise SnapshotError(
            f"the stored data directory has no database {wanted!r}; there is: {', '.join(sorted(names))}",
            hint="make the snapshot again with --database NAME",
        )
    own = [name for name in names if name != "postgres"]
    if len(own) > 1:
        raise SnapshotError(
            f"the stored data directory holds several databases: {', '.join(sorted(own))}",
            hint="make the snapshot again with --database NAME",
        )
    return own[0] if own else "postgres"
