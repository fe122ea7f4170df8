"""Connections and the queries kept beside the code."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from typing import Any, LiteralString, TypeAlias

import psycopg

Connection: TypeAlias = psycopg.Connection[tuple[Any, ...]]

# Longer than any local start-up; an address that does not answer must not hang a run (libpq's own
# default is to wait for ever).
CONNECT_TIMEOUT_S = 10


def connect(conninfo: str, *, autocommit: bool = True) -> Connection:
    """A connection to `conninfo`, which names its role (`Server.conninfo(application_name=…)`).

    Session time zone, date style and float digits are fixed, so that text made by the server is the same
    everywhere. Raises psycopg.OperationalError where the server does not answer or refuses.
    """
    return psycopg.connect(
        conninfo,
        autocommit=autocommit,
        connect_timeout=CONNECT_TIMEOUT_S,
        options="-c TimeZone=UTC -c DateStyle=ISO,YMD -c IntervalStyle=postgres -c extra_float_digits=1",
    )


@contextmanager
def without_event_triggers(connection: Connection) -> Iterator[None]:
    """What the harness makes and removes for itself is no business of the database's own guards and audits.

    Where the session may not say so, they fire.
    """
    try:
        connection.execute("SET session_replication_role = replica")
    except psycopg.errors.InsufficientPrivilege:
        yield
        return
    try:
        yield
    finally:
        connection.execute("RESET session_replication_role")


def query(name: str, *, version_num: int) -> LiteralString:
    """The text of `queries/<name>.sql`, or of the newest `queries/<name>_<floor>.sql` that `version_num` reaches.

    `version_num` and the floors are as in `server_version_num`. LookupError where no file suits the version.
    """
    floors = _floors(name)
    suitable = [floor for floor in floors if floor <= version_num]
    if not suitable:
        raise LookupError(f"no query {name!r} for server version {version_num}")
    # Files of this package are as trustworthy as literals in its code.
    return floors[max(suitable)]


@cache
def _floors(name: str) -> dict[int, LiteralString]:
    found: dict[int, LiteralString] = {}
    for file in files("harness.postgres").joinpath("queries").iterdir():
        stem, dot, suffix = file.name.rpartition(".")
        if not dot or suffix != "sql":
            continue
        head, _, floor = stem.rpartition("_")
        if stem == name:
            found[0] = file.read_text(encoding="utf-8")
        elif head == name and floor.isdigit():
            found[int(floor)] = file.read_text(encoding="utf-8")
    return found
