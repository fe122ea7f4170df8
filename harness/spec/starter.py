"""The scenario that `rehearse init` writes: a few keys filled in, the rest explained and commented out."""

import json
from collections.abc import Sequence


def starter(
    name: str,
    *,
    path: str = "",
    up: str = "up.sql",
    down: str = "down.sql",
    command: tuple[str, str] | None = None,
    cwd: str = "",
    source: str = "",
    setup: Sequence[str] = (),
    version: str = "18",
    operations: Sequence[tuple[str, str]] = (),
) -> str:
    """A commented scenario that loads where the files it names are there.

    `path` (a tool's folder) goes before `up` and `down`, and `command` (up, down; run in the folder `cwd`) before
    both; `operations` are names and SQL. What else a first run may need is there as a comment.
    """
    return _TEXT.format(
        name=_text(name),
        version=_text(version),
        source=f"source = {_text(source)}" if source else '# source = "production.dump"',
        setup=f"setup = {_list(setup)}" if setup else '# setup = ["seed.sql"]',
        migration=_migration(path=path, up=up, down=down, command=command, cwd=cwd),
        operations="\n".join(_operation(*operation) for operation in operations) or _NO_OPERATION,
    )


def _migration(*, path: str, up: str, down: str, command: tuple[str, str] | None, cwd: str) -> str:
    if command is not None:
        where = f", cwd = {_text(cwd)}" if cwd else ""
        return f'tool = "command"\ncommand = {{ up = {_text(command[0])}, down = {_text(command[1])}{where} }}'
    if path:
        return f"path = {_text(path)}"
    return f"up = {_text(up)}" + (f"\ndown = {_text(down)}" if down else "")


def _operation(name: str, sql: str) -> str:
    return f"[[traffic.operation]]\nname = {_text(name)}\nsql = {_text(sql)}\n"


def _text(value: str) -> str:
    """A basic string of TOML: JSON's, with DEL escaped too (TOML 1.0, String)."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _list(values: Sequence[str]) -> str:
    return "[" + ", ".join(_text(value) for value in values) + "]"


_NO_OPERATION = """# [[traffic.operation]]
# name = "view order"
# weight = 60
# sql = "SELECT * FROM orders WHERE id = :id"
# params = { id = "sample(orders.id)" }
"""

_TEXT = """# What to rehearse. Every key, its type and its default: docs/scenario.md
# Check it with `rehearse check`, run it with `rehearse run`.
name = {name}

[postgres]
version = {version}            # production's major version
# settings = {{ shared_buffers = "256MB" }}   # production's settings that matter
# extensions = []

[snapshot]
# Production-like data: a pg_dump archive or plain SQL (.gz and .zst too). Without it the database is empty.
{source}
{setup}
# variables = {{ rows = 200000 }}   # psql variables of the setup files

[migration]
{migration}
# transaction = "step"        # step: one transaction around each step; as-written: the file's own BEGIN and COMMIT
# lock_timeout = "2s"         # give up instead of queueing, and try again:
# retries = 5

[traffic]
rate = 200                    # operations per second, however slow the database gets
actors = 16                   # connections of the application's pool
# baseline = "10s"
# settle = "3s"

{operations}
# [[traffic.antagonist]]      # a report or a forgotten transaction that is running when the migration starts
# kind = "long_reader"
# table = "orders"
# hold = "2s"

[rollback]
run = true                    # rehearse the way back under the same traffic
# restore = "schema+data"

[budgets]                     # a rehearsal that exceeds one fails
blocked = "500ms"             # longest wait of any operation for a lock of the migration
outage = "250ms"              # longest time with no completed operation
p99 = "10x"                   # latency while migrating, against the baseline
failed = 0                    # unexpected errors
held = "1s"                   # longest strong lock on a table that traffic uses
rollback_time = "60s"

# [[accept]]                  # a hazard somebody has looked at
# hazard = "table_rewrite"
# relation = "audit_log"
# reason = "retired table, no readers"
"""
