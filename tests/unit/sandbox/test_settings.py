"""The settings a server is started with."""

import pytest

from harness.model.errors import SandboxError
from harness.sandbox.settings import UNSAFE_RESTORE, deadlock_timeout_ms, render, server_settings
from harness.spec.scenario import PostgresSpec


def test_observation_follows_the_version_and_the_spec() -> None:
    new = server_settings(PostgresSpec(deadlock_timeout="1s"), major=15).observation
    assert (new["log_destination"], new["deadlock_timeout"], new["log_lock_waits"]) == ("jsonlog", "1000ms", "on")
    assert server_settings(PostgresSpec(), major=14).observation["log_destination"] == "csvlog"


def test_durability_is_productions_and_never_the_harnesss() -> None:
    settings = server_settings(PostgresSpec(settings={"fsync": False}), major=18)
    assert settings.production == {"fsync": "off"}
    assert not set(settings.observation) & {"fsync", "synchronous_commit", "full_page_writes"}
    assert UNSAFE_RESTORE["fsync"] == "off"


@pytest.mark.parametrize(("asked", "observed"), [({}, "200"), ({"max_connections": 40}, None)])
def test_connections_are_productions_where_it_says_how_many(
    asked: dict[str, str | int | float | bool], observed: str | None
) -> None:
    assert server_settings(PostgresSpec(settings=asked), major=18).observation.get("max_connections") == observed


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("logging_collector", "belongs to the harness"),
        ("Listen_Addresses", "belongs to the harness"),
        ("deadlock_timeout", "a key of its own"),
        ("work_mem = 4MB #", "is not the name of a setting"),
        ("a'b", "is not the name of a setting"),
    ],
)
def test_names_that_cannot_be_set_are_refused(name: str, message: str) -> None:
    with pytest.raises(SandboxError, match=message):
        server_settings(PostgresSpec(settings={name: "x"}), major=18)


@pytest.mark.parametrize(("text", "milliseconds"), [("10ms", 10), ("1.5s", 1500), ("100us", 1), ("0", 1)])
def test_deadlock_timeout_is_whole_milliseconds(text: str, milliseconds: int) -> None:
    assert deadlock_timeout_ms(PostgresSpec(deadlock_timeout=text)) == milliseconds


def test_rendered_values_cannot_break_out_of_their_line() -> None:
    assert render({"x": "a'b\\c\nfsync = off"}) == "x = 'a''b\\\\c\\nfsync = off'\n"
