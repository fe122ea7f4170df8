"""Statements of definition rest while a tool is traced, and nothing of that stays."""

import time
from typing import cast

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from harness.postgres.connect import connect
from harness.postgres.ports import Server
from harness.rehearsal.tool_pause import REST_S, resting

pytestmark = [pytest.mark.postgres, pytest.mark.alone]


class _Plain:
    """A server as a role without a superuser's rights reaches it."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def conninfo(self, *, application_name: str) -> str:
        """Of a session of the role `plain`."""
        return make_conninfo(self._server.conninfo(application_name=application_name), user="plain", password="plain")


def _added(server: Server, column: str) -> float:
    """How long an instant ALTER TABLE of another session takes, s."""
    with connect(server.conninfo(application_name="rehearse/migration")) as tool:
        start = time.monotonic()
        tool.execute(f"ALTER TABLE accounts ADD COLUMN {column} int".encode())
        return time.monotonic() - start


def test_the_lock_of_an_instant_statement_lasts_long_enough_to_be_seen(empty_server: Server) -> None:
    with connect(empty_server.conninfo(application_name="test")) as connection:
        connection.execute("CREATE TABLE accounts (id int)")
        with resting(empty_server) as rests:
            assert rests
            assert _added(empty_server, "a") >= REST_S
        assert min(_added(empty_server, f"b{number}") for number in range(5)) < REST_S
        left = "SELECT (SELECT count(*) FROM pg_event_trigger), to_regnamespace('rehearse_pause')"
        assert connection.execute(left.encode()).fetchone() == (0, None)


def test_guards_of_the_database_do_not_keep_it_from_going(empty_server: Server) -> None:
    with connect(empty_server.conninfo(application_name="test")) as connection:
        connection.execute(
            """
            CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not here'; END $$;
            CREATE EVENT TRIGGER no_new ON ddl_command_end WHEN TAG IN ('CREATE FUNCTION') EXECUTE FUNCTION refuse();
            CREATE EVENT TRIGGER no_drop ON sql_drop EXECUTE FUNCTION refuse();
            """
        )
        with resting(empty_server) as rests:
            assert rests
        left = "SELECT array_agg(evtname ORDER BY evtname) FROM pg_event_trigger"
        assert connection.execute(left.encode()).fetchone() == (["no_drop", "no_new"],)


def test_without_a_superuser_nothing_rests_and_nothing_fails(empty_server: Server) -> None:
    with connect(empty_server.conninfo(application_name="test")) as connection:
        connection.execute("CREATE ROLE plain LOGIN PASSWORD 'plain'")
        with resting(cast("Server", _Plain(empty_server))) as rests:
            assert not rests
            assert connection.execute("SELECT count(*) FROM pg_event_trigger").fetchone() == (0,)


def test_a_server_that_is_gone_at_the_end_is_no_error(empty_server: Server) -> None:
    with resting(empty_server) as rests:
        assert rests
        empty_server.discard()
    with pytest.raises(psycopg.OperationalError):
        connect(empty_server.conninfo(application_name="test"))
