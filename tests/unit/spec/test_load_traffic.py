"""Mistakes in [traffic] and in phases, and all of its keys at once."""

from pathlib import Path

import pytest

from harness.spec.scenario import Pooling, RetrySpec, StatementSpec
from tests.unit.spec.loading import accepted, refused_with

WRONG = [
    # text, key, part of the message, part of the hint
    ("[traffic]\nacters = 3", "traffic.acters", "did you mean 'actors'?", "the keys of [traffic] are: actors"),
    ('[[phase]]\nname = "a"\nduration = "1s"', "phase[0].duration", "unknown key", "for"),
    ('[traffic]\nrate = "200"', "traffic.rate", "got `str`", "leave out the quotes"),
    ("[traffic]\nrate = 0", "traffic.rate", "more than 0", ""),
    ("[traffic]\nrate = nan", "traffic.rate", "more than 0", ""),
    ("[traffic]\nrate = inf", "traffic.rate", "at most 1,000,000", ""),
    ("[traffic]\nrate = 0.0001", "traffic.rate", "at least 0.001", ""),
    ('[traffic]\narrival = "trace"', "traffic.trace", "needs a file", "trace ="),
    ('[traffic]\ntrace = "trace.csv"', "traffic.trace", "not used with arrival = 'poisson'", 'arrival = "trace"'),
    ('[traffic]\narrival = "trace"\ntrace = "trase.csv"', "traffic.trace", "did you mean 'trace.csv'?", ""),
    (
        '[traffic]\narrival = "trace"\ntrace = "trace.csv"\nrate = 100',
        "traffic.rate",
        "not used with recorded",
        "leave",
    ),
    (
        '[traffic]\narrival = "trace"\ntrace = "trace.csv"\nburst = [{ rate = 1 }]',
        "traffic.burst",
        "not used with recorded",
        "",
    ),
    (
        '[traffic]\narrival = "trace"\ntrace = "trace.csv"\n[[phase]]\nname = "a"\nrate = 3',
        "phase[0].rate",
        "keep their rate",
        "leave rate out",
    ),
    ("[[traffic.ramp]]\nrate = 1", "traffic.ramp[0]", "'at' is missing", ""),
    ('[[traffic.ramp]]\nat = "1s"\nrate = -1', "traffic.ramp[0].rate", "at least 0", ""),
    ('[[traffic.ramp]]\nat = "1s"\nrate = nan', "traffic.ramp[0].rate", "at least 0", ""),
    (
        '[[traffic.ramp]]\nat = "1s"\nrate = 1\n[[traffic.ramp]]\nat = "1s"\nrate = 2',
        "traffic.ramp[1].at",
        "not after the point before",
        "order",
    ),
    ("[[traffic.burst]]\nrate = 0", "traffic.burst[0].rate", "more than 0", ""),
    (
        '[[traffic.burst]]\nrate = 9\nevery = "1s"\nfor = "1s"',
        "traffic.burst[0].for",
        "as long as its period",
        "shorter",
    ),
    ('[[traffic.burst]]\nrate = 9\nevery = "10ms"', "traffic.burst[0].every", "too short", "100ms"),
    ('[[traffic.burst]]\nrate = 9\nfor = "0"', "traffic.burst[0].for", "too short", ""),
    ('[[traffic.burst]]\nrate = 9\nstart = "x"', "traffic.burst[0].start", "not a number with a unit", ""),
    ('[[phase]]\nname = "a"\nrate = 0', "phase[0].rate", "more than 0", ""),
    ("[traffic]\nserver_connections = 4", "traffic.server_connections", "not used with pooling = 'session'", "transac"),
    (
        '[traffic]\npooling = "transaction"\nserver_connections = 17',
        "traffic.server_connections",
        "0 to 16",
        "as many as",
    ),
    ('[traffic]\npooling = "statement"', "traffic.pooling", "not known here", "session, transaction"),
    ("[traffic]\nmax_waiters = -1", "traffic.max_waiters", "must be 0 to", "any number"),
    ("[traffic]\nprocesses = 65", "traffic.processes", "0 to 64", "as the rate asks"),
    ("[traffic]\nactors = 2\nprocesses = 3", "traffic.processes", "more processes than actors", "raise"),
    ('[traffic]\nconnect_cost = "fast"', "traffic.connect_cost", "not a number with a unit", ""),
    ('[traffic]\ncalibration = "10"', "traffic.calibration", "not a duration", ""),
    ('[traffic]\nsettings = { "a b" = 1 }', "traffic.settings", "not a setting's name", ""),
    ('[traffic]\nsettings = { Application_Name = "x" }', "traffic.settings", "says who a session is", "leave"),
    (
        '[traffic]\nstatement_timeout = "1s"\nsettings = { statement_timeout = "2s" }',
        "traffic.settings",
        "twice",
        "keep",
    ),
    ('[traffic]\nsettings = { work_mem = "1\\n2" }', "traffic.settings.work_mem", "not one line", ""),
    ("[traffic]\nretry = { attempts = 0 }", "traffic.retry.attempts", "1 to 100", "never retries"),
    ('[traffic]\nretry = { on = ["4001"] }', "traffic.retry.on[0]", "not an SQLSTATE", ""),
    ("[traffic]\nretry = { on = [] }", "traffic.retry.on", "names no SQLSTATE", ""),
    ('[traffic]\nretry = { backoff = "x" }', "traffic.retry.backoff", "not a number with a unit", ""),
    (
        '[traffic]\nauto = true\nfrom_log = "seed.sql"',
        "traffic.from_log",
        "auto and from_log exclude each other",
        "keep one",
    ),
    ('[traffic]\nfrom_log = "sed.sql"', "traffic.from_log", "did you mean 'seed.sql'?", ""),
    ('[traffic]\nfrom_log = ["seed.sql", "sed.sql"]', "traffic.from_log", "did you mean 'seed.sql'?", ""),
    ('[traffic]\nfrom_statements = "sed.sql"', "traffic.from_statements", "did you mean 'seed.sql'?", ""),
    ("[traffic]\nactors = 0", "traffic.actors", "1 to 1000", ""),
    ("[traffic]\nactors = 1001", "traffic.actors", "1 to 1000", ""),
    ("[traffic]\nactors = 1.5", "traffic.actors", "got `float`", "whole number"),
    ('[traffic]\nbaseline = "10"', "traffic.baseline", "'10' is not a duration", "ms, s, m, h"),
    ("[traffic]\nbaseline = 10", "traffic.baseline", "expected `str`, got `int`", "quotes"),
    ('[traffic]\nsettle = "30 days"', "traffic.settle", "not a duration", ""),
    ('[traffic]\nsettle = "900h"', "traffic.settle", "too long", "24 days"),
    ('[traffic]\narrival = "poison"', "traffic.arrival", "did you mean 'poisson'?", "uniform"),
    ('[[phase]]\nname = "a"\n[[phase]]\nname = "a"', "phase[1].name", "twice", ""),
    (
        '[[phase]]\nname = "a"\ntraffic = { old = 0 }',
        "phase[0].traffic",
        "share of 'old' must be more than 0",
        "leave out",
    ),
    ('[[phase]]\nname = "a"\ntraffic = { old = inf }', "phase[0].traffic", "more than 0", ""),
    ('[[phase]]\nname = "a"\nfor = "x"', "phase[0].for", "not a number with a unit", ""),
    (
        '[[phase]]\nname = "a"\nsteps = ["1"]\n[[phase]]\nname = "b"\nsteps = ["1"]',
        "phase[1].steps",
        "already in phase 'a'",
        "",
    ),
]


@pytest.mark.parametrize(("text", "key", "message", "hint"), WRONG, ids=[f"{w[1][:40]}-{w[2][:20]}" for w in WRONG])
def test_a_mistake_names_key_and_way_out(folder: Path, text: str, key: str, message: str, hint: str) -> None:
    refused_with(folder, text, key=key, message=message, hint=hint)


MANY = """
[traffic]
calibration = "5s"
pooling = "transaction"
server_connections = 8
max_waiters = 100
connect_cost = "20ms"
settings = { lock_timeout = "2s", idle_in_transaction_session_timeout = 60000 }
retry = { on = ["40001"], attempts = 5, backoff = "5ms" }
processes = 2
[[traffic.burst]]
rate = 900
every = "20s"
for = "2s"
start = "1s"
[[traffic.ramp]]
at = "10s"
rate = 400
[[traffic.ramp]]
at = "20s"
rate = 0
[[traffic.operation]]
name = "pay"
sql = [{ sql = "SELECT 1 AS total", into = "total" }, { sql = "SELECT :total", when = ":total > 100", think = "20ms" }]
retry = { attempts = 1 }
[[traffic.operation]]
name = "both"
sql = ["SELECT 1", "SELECT 2"]
pipeline = true
[[traffic.antagonist]]
kind = "batch"
table = "jobs"
rows = 10
placement = "random"
[[traffic.antagonist]]
kind = "pg_dump"
[[traffic.antagonist]]
kind = "wraparound_vacuum"
table = "orders"
before = "ALTER TABLE"
lead = "1s"
[[phase]]
name = "more"
rate = 50
"""


def test_every_new_key_of_traffic_at_once(folder: Path) -> None:
    scenario = accepted(folder, MANY)
    traffic = scenario.traffic
    assert traffic.retry == RetrySpec(on=("40001",), attempts=5, backoff="5ms")
    assert traffic.operation[0].sql[1] == StatementSpec(sql="SELECT :total", when=":total > 100", think="20ms")
    assert (traffic.burst[0].duration, traffic.ramp[1].rate) == ("2s", 0.0)
    assert [antagonist.kind for antagonist in traffic.antagonist] == ["batch", "pg_dump", "wraparound_vacuum"]
    assert (scenario.phase[0].rate, traffic.pooling, traffic.processes) == (50.0, Pooling.TRANSACTION, 2)


@pytest.mark.parametrize(
    "text",
    [
        "auto = true",
        'from_log = "seed.sql"',
        'from_log = "."',
        'from_log = ["seed.sql", "."]',
        'from_statements = "seed.sql"\n[[traffic.operation]]\nname = "a"\nsql = "SELECT 1"',
        'arrival = "trace"\ntrace = "trace.csv"\n[[traffic.operation]]\nname = "view"\nsql = "SELECT 1"',
        'arrival = "trace"\ntrace = "trace.csv"\nauto = true',
    ],
)
def test_where_a_workload_may_come_from(folder: Path, text: str) -> None:
    accepted(folder, f"[traffic]\n{text}")
