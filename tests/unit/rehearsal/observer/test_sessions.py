"""Roles of backends, by name and by when they appeared."""

from typing import Any

from harness.events.observation import SessionSeen
from harness.events.run import QualityNoted
from harness.model.words import Pass, Role
from harness.rehearsal.observer.sessions import CLIENT, Backend, Sessions, count_actors


def backend(pid: int, application_name: str = "", **fields: Any) -> Backend:
    defaults: dict[str, Any] = {
        "backend_type": CLIENT,
        "state": "idle",
        "wait_event_type": "",
        "started_us": 1,
        "here": True,
    }
    return Backend(pid=pid, application_name=application_name, **{**defaults, **fields})


def seen(sessions: Sessions, *backends: Backend) -> list[tuple[int, Role, str]]:
    events = sessions.update(backends, at_ns=0)
    return [(event.pid, event.role, event.name) for event in events if isinstance(event, SessionSeen)]


def test_the_name_says_the_role() -> None:
    sessions = Sessions(pass_=Pass.LOAD)
    told = seen(
        sessions,
        backend(1, "rehearse/traffic 3"),
        backend(2, "rehearse/migration"),
        backend(3, "psql"),
        backend(4, "", backend_type="autovacuum worker", state=""),
    )
    assert told == [
        (1, Role.TRAFFIC, "3"),
        (2, Role.MIGRATION, ""),
        (3, Role.OTHER, "psql"),
        (4, Role.OTHER, "autovacuum worker"),
    ]
    assert sessions.not_migration == b"{1,3,4}"
    assert sessions.role_of(9) is None


def test_a_backend_is_told_once_until_it_changes() -> None:
    sessions = Sessions(pass_=Pass.LOAD)
    assert len(seen(sessions, backend(1, "psql"))) == 1
    assert seen(sessions, backend(1, "psql", state="active")) == []
    assert seen(sessions, backend(1, "rehearse/migration")) == [(1, Role.MIGRATION, "")]
    assert seen(sessions, backend(1, "psql", started_us=2)) == [(1, Role.OTHER, "psql")]


def test_a_session_that_has_no_name_yet_is_not_judged() -> None:
    sessions = Sessions(pass_=Pass.LOAD)
    sessions.begin_tool([])
    assert seen(sessions, backend(1, state="starting"), backend(2, state="")) == []
    assert sessions.role_of(1) is None
    assert seen(sessions, backend(1, "rehearse/traffic 1")) == [(1, Role.TRAFFIC, "1")]


def test_unknown_sessions_that_appear_while_a_tool_runs_are_its_own() -> None:
    sessions = Sessions(pass_=Pass.LOAD)
    there, elsewhere = backend(1, "psql"), backend(5, "psql", here=False)
    sessions.begin_tool([there])
    events = sessions.update([there, backend(2, "JDBC"), backend(3, "rehearse/traffic 1"), elsewhere], at_ns=0)
    roles = {event.pid: event.role for event in events if isinstance(event, SessionSeen)}
    assert roles == {1: Role.OTHER, 2: Role.MIGRATION, 3: Role.TRAFFIC, 5: Role.OTHER}
    assert len([event for event in events if isinstance(event, QualityNoted)]) == 1
    sessions.end_tool()
    assert seen(sessions, backend(6, "late")) == [(6, Role.OTHER, "late")]
    assert sessions.role_in_log(2, application_name="JDBC", backend_type=CLIENT) is Role.MIGRATION
    assert sessions.role_in_log(6, application_name="late", backend_type=CLIENT) is Role.OTHER


def test_actors_that_run_and_wait() -> None:
    counts = count_actors(
        [
            backend(1, "rehearse/traffic 1", state="active", wait_event_type="Lock"),
            backend(2, "rehearse/traffic 2", state="active", wait_event_type="IO"),
            backend(3, "rehearse/traffic 3"),
            backend(4, "rehearse/migration", state="active", wait_event_type="Lock"),
        ]
    )
    assert (counts.active, counts.waiting) == (2, 1)
