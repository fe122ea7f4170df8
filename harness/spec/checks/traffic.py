"""[traffic]: the pool, the sessions' settings, where operations come from."""

from harness.model.units import parse_duration
from harness.spec.checks.antagonists import check_antagonists
from harness.spec.checks.operations import check_operations, check_retry
from harness.spec.checks.rates import check_rates
from harness.spec.checks.refuse import Refuse
from harness.spec.scenario import Pooling, Scenario, TrafficSpec

MAX_ACTORS = 1000
"""One actor is one connection; application pools beyond that sit behind a pooler (manual, max_connections)."""

MAX_PROCESSES = 64
"""More than the cores of a machine that has a server to rehearse on beside them."""

_MAX_WAITERS = 1_000_000
_DURATIONS = ("pool_timeout", "statement_timeout", "baseline", "settle", "calibration", "connect_cost")


def check_traffic(scenario: Scenario, refuse: Refuse) -> None:
    """Refuse traffic that is out of range or contradicts itself."""
    traffic = scenario.traffic
    check_rates(scenario, refuse)
    refuse.unless(1 <= traffic.actors <= MAX_ACTORS, "traffic.actors", f"must be 1 to {MAX_ACTORS}")
    for key in _DURATIONS:
        refuse.duration(getattr(traffic, key), f"traffic.{key}")
    _check_pool(traffic, refuse)
    _check_settings(traffic, refuse)
    _check_origin(traffic, refuse)
    check_retry(traffic.retry, "traffic.retry", refuse)
    check_operations(scenario, refuse)
    check_antagonists(scenario, refuse)


def _check_pool(traffic: TrafficSpec, refuse: Refuse) -> None:
    key, servers = "traffic.server_connections", traffic.server_connections
    per_transaction = traffic.pooling is Pooling.TRANSACTION
    refuse.unless(per_transaction or servers == 0, key, f"not used with pooling = {traffic.pooling.value!r}",
                  hint='write pooling = "transaction"')  # fmt: skip
    refuse.unless(0 <= servers <= traffic.actors, key, f"must be 0 to {traffic.actors}, the number of actors",
                  hint="0 stands for as many as actors")  # fmt: skip
    refuse.unless(0 <= traffic.max_waiters <= _MAX_WAITERS, "traffic.max_waiters", f"must be 0 to {_MAX_WAITERS}",
                  hint="0 stands for any number")  # fmt: skip
    processes = traffic.processes
    refuse.unless(0 <= processes <= MAX_PROCESSES, "traffic.processes", f"must be 0 to {MAX_PROCESSES}",
                  hint="0 stands for as many as the rate asks for")  # fmt: skip
    refuse.unless(processes <= traffic.actors, "traffic.processes", "more processes than actors to share out",
                  hint="raise traffic.actors, or leave processes out")  # fmt: skip


def _check_settings(traffic: TrafficSpec, refuse: Refuse) -> None:
    key = "traffic.settings"
    refuse.settings(traffic.settings, key)
    names = {name.lower() for name in traffic.settings}
    refuse.unless("application_name" not in names, key, "application_name says who a session is, and is set already",
                  hint="leave it out")  # fmt: skip
    twice = "statement_timeout" in names and parse_duration(traffic.statement_timeout) != 0
    refuse.unless(not twice, key, "statement_timeout is there twice", hint="keep traffic.statement_timeout")
    for name, value in traffic.settings.items():
        printable = not isinstance(value, str) or value.isprintable()
        refuse.unless(printable, f"{key}.{name}", "the value is not one line of visible characters")


def _check_origin(traffic: TrafficSpec, refuse: Refuse) -> None:
    """Where operations come from, besides those that are written out: one source at most."""
    given = [name for name in ("auto", "from_log", "from_statements") if getattr(traffic, name)]
    if len(given) > 1:
        refuse.unless(False, f"traffic.{given[1]}", f"{' and '.join(given)} exclude each other",
                      hint="keep one; operations that are written out are added to it")  # fmt: skip
