"""How a plan divides the pool between processes."""

from pathlib import Path
from typing import Any

import psycopg
import pytest

from harness.model.clock import RunClock
from harness.rehearsal.traffic.plan import RATE_PER_PROCESS, TrafficPlan
from harness.spec.params import Samples
from harness.spec.scenario import OperationSpec, Pooling, TrafficSpec
from harness.spec.workload import build_workload


def plan(**traffic: Any) -> TrafficPlan:
    spec = TrafficSpec(operation=(OperationSpec(name="one", sql="SELECT 1"),), **traffic)
    return TrafficPlan.of(
        spec,
        workload=build_workload(spec, path=Path("s.toml")),
        conninfo="host=127.0.0.1 options='-c geqo=off'",
        clock=RunClock(0),
        seed=1,
        records_folder=Path("records"),
        private_folder=Path("private"),
        samples=Samples(),
        primary_keys={},
    )


@pytest.mark.parametrize(
    ("traffic", "processes"),
    [
        ({"rate": RATE_PER_PROCESS}, 1),
        ({"rate": RATE_PER_PROCESS + 1}, 2),
        ({"rate": 3 * RATE_PER_PROCESS, "actors": 2}, 2),
        ({"rate": 1, "processes": 3}, 3),
        ({"rate": 1, "processes": 3, "pooling": Pooling.TRANSACTION, "server_connections": 2}, 2),
    ],
)
def test_processes_are_as_many_as_asked_or_needed(traffic: dict[str, Any], processes: int) -> None:
    assert plan(**traffic).processes == processes


def test_processes_share_actors_connections_and_places_to_wait() -> None:
    shared = plan(rate=1, processes=3, actors=8, pooling=Pooling.TRANSACTION, server_connections=4, max_waiters=7)
    actors = [number for process in range(3) for number in shared.own_actors(process)]
    sessions = [number for process in range(3) for number in shared.own_sessions(process)]
    assert (sorted(actors), sorted(sessions)) == (list(range(8)), list(range(4)))
    assert sum(shared.limits(process).max_waiters for process in range(3)) == 7
    # 0 would be any number: there are no more processes than places.
    scarce = plan(rate=1, processes=3, max_waiters=1)
    assert (scarce.processes, scarce.limits(0).max_waiters) == (1, 1)
    assert plan(rate=1).limits(0).max_waiters == 0


def test_a_connection_has_the_settings_of_the_role() -> None:
    given = plan(rate=1, statement_timeout="1500ms", settings={"search_path": "a\\b, c", "enable_sort": False})
    options = psycopg.conninfo.conninfo_to_dict(given.actor_conninfo(5).decode())
    assert options["application_name"] == "rehearse/traffic 5"
    assert options["options"] == (
        "-c geqo=off -c statement_timeout=1500 -c search_path=a\\\\b,\\ c -c enable_sort=false"
    )
