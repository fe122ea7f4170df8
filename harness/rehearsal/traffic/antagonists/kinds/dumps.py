"""A real pg_dump that takes its time."""

import os
import select
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Final

import psycopg
from psycopg.conninfo import conninfo_to_dict

from harness.model.redaction import mask_credentials
from harness.model.units import NS_PER_MS
from harness.postgres.binaries import find_client
from harness.postgres.connect import Connection
from harness.rehearsal.traffic.antagonists.act import Act
from harness.rehearsal.traffic.antagonists.plan import Antagonist
from harness.rehearsal.traffic.antagonists.queries import text

_LOOK_EVERY_NS: Final = 20 * NS_PER_MS
# Between two of its queries pg_dump needs a millisecond; one that stands still so long waits for its reader.
_STALLED_S: Final = 0.2
_PIPE_BYTES: Final = 64 * 1024
_END_S: Final = 2.0
# libpq's environment variables for what a connection string says (manual, section 34.15).
_VARIABLES: Final = {
    "host": "PGHOST", "hostaddr": "PGHOSTADDR", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD",
    "dbname": "PGDATABASE", "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY", "application_name": "PGAPPNAME",
}  # fmt: skip


def find_dump(connection: Connection, _plan: Antagonist) -> None:
    """Say before the baseline that there is no pg_dump for this server; SandboxError."""
    find_client("pg_dump", _major(connection))


def dump(act: Act) -> None:
    """pg_dump of the database, or of the table, whose output nobody takes until the time is over.

    It has AccessShareLock on all its tables and one snapshot for all of them. Afterwards it is read to its end; told
    to leave, it is ended.
    """
    program = find_client("pg_dump", _major(act.conn))
    command = [str(program), "--no-password"]
    if act.plan.table:
        command.append(f"--table={act.table().as_string(act.conn)}")
    row = act.conn.execute(text("any_table")).fetchone()
    with tempfile.TemporaryFile(prefix="rehearse-") as errors, _stalled(command, act, errors) as running:
        while running.process.poll() is None and not act.in_place_ns and not act.is_leaving:
            _look(act, tables=bool(row and row[0]))
            act.pause(_LOOK_EVERY_NS)
        act.hold() if act.in_place_ns else None
        running.read_out(act)
        if running.process.returncode != 0 and not act.is_leaving:
            errors.seek(0)
            act.detail = mask_credentials((errors.read().decode("utf-8", "replace").splitlines() or ["no message"])[0])
            raise psycopg.errors.ExternalRoutineException(act.detail)


def _look(act: Act, *, tables: bool) -> None:
    ours = {"name": conninfo_to_dict(act.conninfo)["application_name"], "ours": [act.conn.info.backend_pid]}
    row = act.conn.execute(text("dump_stalled"), {**ours, "tables": tables}).fetchone()
    if row and float(row[1]) >= _STALLED_S:
        act.in_place(pid=row[0])


@dataclass(frozen=True, slots=True)
class _Dump:
    process: subprocess.Popen[bytes]
    output: int

    def read_out(self, act: Act) -> None:
        """Take all its output, until it ends or the antagonist is told to leave."""
        while not act.is_leaving:
            ready, _, _ = select.select([self.output], [], [], 0.05)
            if ready and not os.read(self.output, _PIPE_BYTES):
                self.process.wait()
                return
        self.process.terminate()


@contextmanager
def _stalled(command: list[str], act: Act, errors: IO[bytes]) -> Iterator[_Dump]:
    """The program with a pipe that is full already, so that the first thing it writes makes it wait."""
    reading, writing = os.pipe()
    try:
        _fill(writing)
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=writing, stderr=errors, env=_environment(act.conninfo)
        )
    finally:
        os.close(writing)
    try:
        yield _Dump(process, reading)
    finally:
        # Whoever writes into a pipe without a reader is ended by the system: also when this process is killed.
        os.close(reading)
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(_END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _fill(pipe: int) -> None:
    os.set_blocking(pipe, False)
    try:
        while True:
            os.write(pipe, b"\0" * 4096)
    except BlockingIOError:
        os.set_blocking(pipe, True)


def _environment(conninfo: str) -> dict[str, str]:
    """This process's own without its PG* settings, and the server's: a password must not be among the arguments."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    said = {name: str(value) for name, value in conninfo_to_dict(conninfo).items() if value is not None}
    return {**own, **{_VARIABLES[name]: value for name, value in said.items() if name in _VARIABLES}, "LC_ALL": "C"}


def _major(connection: Connection) -> int:
    return connection.info.server_version // 10_000
