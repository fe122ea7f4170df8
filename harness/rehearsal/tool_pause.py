"""Time to look: in the trace pass each statement of definition that a tool sends rests before it gives its locks back.

It is also told in the server's log, in the load pass too: which command, on what, by which backend; a new file, and
what was dropped. So a statement inside a function is known, and a backend that nobody knew to be the tool's. Nothing of
this stays: it is taken down when the tool is done, before schema and rows are compared.

A tool commits as it likes, and an instant ALTER TABLE in a transaction of its own is over between two polls of
pg_locks. An event trigger at the end of each such statement waits with its locks in hand. Nobody else is there in the
trace pass, so nobody waits for it; its times are not those that are reported.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg

from harness.model.words import Role
from harness.postgres.connect import Connection, connect, without_event_triggers
from harness.postgres.ports import Server
from harness.rehearsal.observer.ddl_messages import DDL_MARKER

REST_S = 0.05
"""Ten polls of the busy observer, so that a machine that delays some of them still sees every lock."""

_PUT_UP = """
    CREATE SCHEMA rehearse_pause;
    CREATE FUNCTION rehearse_pause.tell() RETURNS event_trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
    DECLARE
        objects text[];
    BEGIN
        BEGIN
            IF tg_event = 'table_rewrite' THEN
                SELECT array_agg(format('%I.%I', nspname, relname)) INTO objects
                FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE c.oid = pg_event_trigger_table_rewrite_oid();
            ELSIF tg_event = 'sql_drop' THEN
                SELECT array_agg(object_identity) INTO objects FROM pg_event_trigger_dropped_objects()
                WHERE object_type IN ('table', 'materialized view', 'index', 'table column');
            ELSE
                SELECT array_agg(DISTINCT object_identity) INTO objects FROM pg_event_trigger_ddl_commands();
            END IF;
            RAISE LOG '{marker}%', json_build_object(
                'event', tg_event, 'tag', tg_tag, 'objects', coalesce(objects, '{{}}'));
        EXCEPTION WHEN OTHERS THEN
            -- The tool's statement must not fail over what is only told about it.
            RAISE LOG '{marker}%', json_build_object(
                'event', tg_event, 'tag', tg_tag, 'objects', '{{}}'::text[]);
        END;
        IF tg_event = 'ddl_command_end' AND {rest_s} > 0 THEN
            PERFORM pg_sleep({rest_s});
        END IF;
    END $$;
    CREATE EVENT TRIGGER rehearse_rewrite ON table_rewrite EXECUTE FUNCTION rehearse_pause.tell();
    CREATE EVENT TRIGGER rehearse_drop ON sql_drop EXECUTE FUNCTION rehearse_pause.tell();
    CREATE EVENT TRIGGER rehearse_pause ON ddl_command_end EXECUTE FUNCTION rehearse_pause.tell();
    ALTER EVENT TRIGGER rehearse_rewrite ENABLE ALWAYS;
    ALTER EVENT TRIGGER rehearse_drop ENABLE ALWAYS;
    ALTER EVENT TRIGGER rehearse_pause ENABLE ALWAYS;
    """
# The triggers go first: while they are there, they fire for what follows.
_TAKE_DOWN = """
    DROP EVENT TRIGGER IF EXISTS rehearse_pause;
    DROP EVENT TRIGGER IF EXISTS rehearse_rewrite;
    DROP EVENT TRIGGER IF EXISTS rehearse_drop;
    DROP SCHEMA IF EXISTS rehearse_pause CASCADE;
    """


@contextmanager
def resting(server: Server, *, rest_s: float = REST_S) -> Iterator[bool]:
    """While the body runs, statements of definition are told in the server's log and rest at their end.

    Whether they do: it takes a superuser. With `rest_s` 0 they are told and do not rest.
    """
    with _session(server) as connection:
        able = _put_up(connection, rest_s=rest_s)
    try:
        yield able
    finally:
        # A server that is gone takes the trigger along: it is a clone's.
        with suppress(psycopg.OperationalError), _session(server) as connection:
            if able:
                with without_event_triggers(connection):
                    connection.execute(_TAKE_DOWN)


def _put_up(connection: Connection, *, rest_s: float) -> bool:
    try:
        with without_event_triggers(connection), connection.transaction():
            connection.execute(_PUT_UP.format(marker=DDL_MARKER, rest_s=rest_s).encode())
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


@contextmanager
def _session(server: Server) -> Iterator[Connection]:
    with connect(server.conninfo(application_name=Role.HARNESS.application_name)) as connection:
        yield connection
