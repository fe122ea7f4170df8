"""Time to look: in the trace pass each statement of definition that a tool sends rests before it gives its locks back.

A tool commits as it likes, and an instant ALTER TABLE in a transaction of its own is over between two polls of
pg_locks. An event trigger at the end of each such statement waits with its locks in hand. Nobody else is there in the
trace pass, so nobody waits for it; its times are not those that are reported.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg

from harness.model.words import Role
from harness.postgres.connect import Connection, connect
from harness.postgres.ports import Server

REST_S = 0.05
"""Ten polls of the busy observer, so that a machine that delays some of them still sees every lock."""

_PUT_UP = f"""
    CREATE SCHEMA rehearse_pause;
    CREATE FUNCTION rehearse_pause.rest() RETURNS event_trigger LANGUAGE plpgsql
        SET search_path = pg_catalog AS 'BEGIN PERFORM pg_sleep({REST_S}); END';
    CREATE EVENT TRIGGER rehearse_pause ON ddl_command_end EXECUTE FUNCTION rehearse_pause.rest();
    ALTER EVENT TRIGGER rehearse_pause ENABLE ALWAYS;
    """
# The trigger goes first: while it is there, it fires for what follows.
_TAKE_DOWN = """
    DROP EVENT TRIGGER IF EXISTS rehearse_pause;
    DROP SCHEMA IF EXISTS rehearse_pause CASCADE;
    """


@contextmanager
def resting(server: Server) -> Iterator[bool]:
    """While the body runs, statements of definition rest at their end; whether they do (it takes a superuser)."""
    with _session(server) as connection:
        able = _put_up(connection)
    try:
        yield able
    finally:
        # A server that is gone takes the trigger along: it is a clone's.
        with suppress(psycopg.OperationalError), _session(server) as connection:
            if able:
                connection.execute(_TAKE_DOWN)


def _put_up(connection: Connection) -> bool:
    try:
        with connection.transaction():
            connection.execute(_PUT_UP.encode())
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


@contextmanager
def _session(server: Server) -> Iterator[Connection]:
    with connect(server.conninfo(application_name=Role.HARNESS.application_name)) as connection:
        yield connection
