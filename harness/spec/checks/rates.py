"""The rate's course: traffic.rate, [[traffic.ramp]], [[traffic.burst]], traffic.trace."""

from harness.model.units import NS_PER_MS, parse_duration
from harness.spec.checks.refuse import Refuse
from harness.spec.scenario import Arrival, Scenario, TrafficSpec

LEAST_RATE = 0.001
"""Four operations an hour; less is no traffic, and the next arrival could lie beyond any run."""

MOST_RATE = 1_000_000.0
"""More than PostgreSQL answers on any machine: a rate beyond it is a slip of the hand, and would fill the memory."""

# Shorter ones would be a rate of their own, and looking ahead over a million of them would delay a dispatch.
_LEAST_EVERY_NS = 100 * NS_PER_MS


def check_rate(rate: float, key: str, refuse: Refuse, *, least: float) -> None:
    """Refuse a rate below `least`, beyond MOST_RATE, or none at all."""
    hint = "operations per second, like rate = 200"
    refuse.unless(rate > 0 or least == 0, key, "must be more than 0", hint=hint)
    refuse.unless(rate >= least, key, f"must be at least {least:g}", hint=hint)
    refuse.unless(rate <= MOST_RATE, key, f"must be at most {MOST_RATE:,.0f}", hint=hint)


def check_rates(scenario: Scenario, refuse: Refuse) -> None:
    """Refuse a course of the rate that contradicts itself."""
    traffic = scenario.traffic
    check_rate(traffic.rate, "traffic.rate", refuse, least=LEAST_RATE)
    _check_trace(traffic, refuse)
    _check_ramp(traffic, refuse)
    for index, burst in enumerate(traffic.burst):
        key = f"traffic.burst[{index}]"
        check_rate(burst.rate, f"{key}.rate", refuse, least=LEAST_RATE)
        refuse.duration(burst.start, f"{key}.start")
        refuse.duration(burst.every, f"{key}.every", least_ns=_LEAST_EVERY_NS)
        refuse.duration(burst.duration, f"{key}.for", least_ns=NS_PER_MS)
        longer = parse_duration(burst.duration) >= parse_duration(burst.every)
        refuse.unless(not longer, f"{key}.for", "the burst is as long as its period, or longer",
                      hint="make `for` shorter than `every`, or raise traffic.rate")  # fmt: skip


def _check_trace(traffic: TrafficSpec, refuse: Refuse) -> None:
    recorded = traffic.arrival is Arrival.TRACE
    refuse.unless(not recorded or bool(traffic.trace), "traffic.trace", 'arrival = "trace" needs a file of arrivals',
                  hint='trace = "arrivals.csv"')  # fmt: skip
    refuse.unless(recorded or not traffic.trace, "traffic.trace", f"not used with arrival = {traffic.arrival.value!r}",
                  hint='write arrival = "trace"')  # fmt: skip
    if recorded:
        for name, given in (
            ("rate", traffic.rate != TrafficSpec().rate),
            ("ramp", bool(traffic.ramp)),
            ("burst", bool(traffic.burst)),
        ):
            message = f"{name} is not used with recorded arrivals: they have their own rate"
            refuse.unless(not given, f"traffic.{name}", message, hint="leave it out, or leave out the trace")


def _check_ramp(traffic: TrafficSpec, refuse: Refuse) -> None:
    last = -1
    for index, point in enumerate(traffic.ramp):
        key = f"traffic.ramp[{index}]"
        check_rate(point.rate, f"{key}.rate", refuse, least=0)
        refuse.duration(point.at, f"{key}.at")
        at = parse_duration(point.at)
        refuse.unless(at > last, f"{key}.at", "is not after the point before", hint="points are in order of time")
        last = at
