"""The observer's cost: one run of pgbench, watched and not watched by turns, so that what drifts hits both alike."""

import os
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import mean, stdev

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.conftest import pgbench
from harness.events.codec import AnyEvent
from harness.model.clock import RunClock
from harness.model.words import Pass, Role
from harness.postgres.binaries import find_client
from harness.postgres.connect import connect
from harness.postgres.ports import Server
from harness.rehearsal.observer.observer import Observer

CLIENTS, TURNS = 100, 36
TURN_S = 5.0
# Waiting for the disk makes throughput waver by 7 % from second to second and leaves processors idle for a witness.
ENVIRONMENT = {"PGOPTIONS": "-c synchronous_commit=off"}
_PROGRESS = re.compile(r"^progress: [0-9.]+ s, ([0-9.]+) tps")


@dataclass(frozen=True, slots=True)
class Second:
    """What pgbench did in the second before `at_s`."""

    at_s: float
    tps: float


@contextmanager
def running(server: Server, *script: str) -> Iterator[list[Second]]:
    """Pgbench at saturation over 100 connections; the list grows by a second each second."""
    program = str(find_client("pgbench", server.version_num // 10_000))
    command = [program, "-n", "-c", str(CLIENTS), "-T", "3600", "-P", "1"]
    environment = {**os.environ, **server.environment(application_name=Role.OTHER.application_name), **ENVIRONMENT}
    seconds: list[Second] = []
    with subprocess.Popen([*command, *script], env=environment, stderr=subprocess.PIPE, text=True) as process:
        said = process.stderr
        assert said is not None
        told = (_PROGRESS.match(line) for line in said)
        reader = threading.Thread(
            target=lambda: seconds.extend(Second(time.monotonic(), float(found[1])) for found in told if found)
        )
        reader.start()
        try:
            yield seconds
        finally:
            process.terminate()
            reader.join()


@dataclass(slots=True)
class Spent:
    """Processor time of the observer's threads and of its connections' backends, over the time that it watched."""

    processor_s: float = 0.0
    watched_s: float = 0.0


def processor_s(server: Server) -> float:
    """Of this process, and of the server's backends that are the observer's."""
    with connect(server.conninfo(application_name=Role.HARNESS.application_name)) as connection:
        pids = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name = %s", [Role.OBSERVER.application_name]
        ).fetchall()
    stats = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for (pid,) in pids]
    ticks = sum(int(fields[11]) + int(fields[12]) for fields in stats)
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def watching(server: Server, spent: Spent) -> Iterator[None]:
    """The observer, as in the load pass while no migration runs."""
    seen: list[AnyEvent] = []
    observer = Observer(server, clock=RunClock.start(), sink=seen.append, pass_=Pass.LOAD)
    observer.start()
    try:
        before, begun = processor_s(server), time.monotonic()
        yield
        spent.processor_s += processor_s(server) - before
        spent.watched_s += time.monotonic() - begun
    finally:
        observer.stop()


def turn(seconds: list[Second]) -> float:
    """Transactions a second of the whole seconds of one turn."""
    begun = time.monotonic()
    time.sleep(TURN_S)
    return mean(second.tps for second in seconds if second.at_s - 1 >= begun)


@pytest.mark.parametrize(
    ("name", "script"), [("select-only", ("-S",)), ("tpcb-like, 10 branches", ())], ids=["select-only", "tpcb-like"]
)
def test_throughput_with_and_without(
    benchmark: BenchmarkFixture,
    server: Server,
    ratio: Callable[[str, str], None],
    name: str,
    script: tuple[str, ...],
) -> None:
    pgbench(server, "-n", "-c", str(CLIENTS), "-T", "5", *script)
    alone, watched, spent = [], [], Spent()
    with running(server, *script) as seconds:
        time.sleep(2)
        alone.append(turn(seconds))
        for _ in range(TURNS):
            with watching(server, spent):
                watched.append(turn(seconds))
            alone.append(turn(seconds))
        with watching(server, spent):
            benchmark.pedantic(turn, args=(seconds,), rounds=1)
    # Each watched turn against those before and after it.
    ratios = [turned / mean(around) for turned, around in zip(watched, pairwise(alone), strict=True)]
    error = stdev(ratios) / len(ratios) ** 0.5
    benchmark.extra_info["ratio"] = mean(ratios)
    ratio(f"{name}: throughput watched / not, {CLIENTS} connections (≥ 0.98)", f"{mean(ratios):.3f} ± {error:.3f}")
    cost = spent.processor_s / spent.watched_s / len(os.sched_getaffinity(0))
    ratio(f"{name}: the observer's and its backends' share of the processors (≤ 0.02)", f"{cost:.4f}")
    assert min(ratios) > 0
