"""Restoring plain SQL with psql: one session, stopped at the first error, the text streamed through."""

import re
from collections.abc import Collection, Iterator

from harness.model.errors import RestoreError
from harness.postgres.ports import Progress, Server
from harness.snapshot.archives import explain
from harness.snapshot.clients import environment, psql_command, run_client
from harness.snapshot.ddl import Needs, read_needs
from harness.snapshot.formats import Dump
from harness.snapshot.header import major
from harness.snapshot.messages import psql_error
from harness.snapshot.streams import chunks, truncated

# pg_dump's settings come first; 16 kB is many times what they take.
_PREAMBLE_BYTES = 16 * 1024
_SET = re.compile(rb"^SET (?P<name>[a-z_]+) = [^;]*;", re.MULTILINE)


def plain_needs(dump: Dump) -> Needs:
    """What the SQL needs of the server, after one pass over it all. RestoreError where it is not a whole dump."""
    needs = read_needs(chunks(dump.path))
    if needs.in_copy:
        raise truncated(dump.path, "it ends in the middle of a table's rows")
    if needs.begun and not needs.complete:
        raise truncated(dump.path, "pg_dump's last line, 'PostgreSQL database dump complete', is missing")
    if needs.connects_at:
        raise RestoreError(
            f"{dump.path}, line {needs.connects_at}: the dump goes to another database (\\connect)",
            hint="make it with pg_dump without --create, or remove CREATE DATABASE and \\connect",
        )
    return needs


def restore_plain(
    dump: Dump, needs: Needs, server: Server, *, settings: Collection[str], on_progress: Progress | None
) -> None:
    """Run the SQL. `settings` are the names the server knows: what newer pg_dumps set beyond them is left out.

    RestoreError with file, line and the first error, without data.
    """
    outcome = run_client(
        psql_command(),
        env=environment(server),
        feed=_text(dump, settings=settings, on_progress=on_progress),
    )
    if outcome.returncode == 0:
        return
    error = psql_error(outcome.stderr)
    if error is None:
        raise RestoreError(f"{dump.path}: psql ended with code {outcome.returncode}")
    raise explain(error, dump, server_major=server.version_num // 10_000, dumped_major=major(needs.server_version))


def _text(dump: Dump, *, settings: Collection[str], on_progress: Progress | None) -> Iterator[bytes]:
    def on_read(done: int) -> None:
        if on_progress:
            on_progress("restore", min(done, dump.size_bytes), dump.size_bytes)

    for number, chunk in enumerate(chunks(dump.path, on_read=on_read)):
        yield _without_unknown(chunk, settings) if number == 0 else chunk
    # A last line without its newline would swallow psql's end of input.
    yield b"\n"


def _without_unknown(chunk: bytes, settings: Collection[str]) -> bytes:
    """The text with SETs of unknown settings in its preamble made comments, so that line numbers stay."""

    def keep_known(match: re.Match[bytes]) -> bytes:
        return match[0] if match["name"].decode() in settings else b"-- unknown to this server: " + match[0]

    return _SET.sub(keep_known, chunk[:_PREAMBLE_BYTES]) + chunk[_PREAMBLE_BYTES:]
